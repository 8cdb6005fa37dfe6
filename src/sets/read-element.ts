import { Address, type Family } from '../address.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, protocolNumber } from '../packet/protocols.ts'
import { parseNumericHost } from '../rules/addresses.ts'
import { servicePort } from '../rules/services.ts'
import { ElementKey, PREFIX_MASKS } from './element.ts'
import { parseIcmp } from './element-text.ts'
import type { SetOptions } from './ip-set.ts'
import { maskHosts } from './packet-key.ts'
import { hasPorts } from './ports.ts'
import { readNumber, SetError, type SetWord } from './set-error.ts'
import { type Dimension, hasMac, type SetType } from './set-type.ts'

/** Writes one possible value of a dimension into a key. */
type Value = (key: ElementKey) => void

const ORDINALS = ['First', 'Second', 'Third']

/**
 * The elements that one word of `add`, `del` or `test` stands for: `10.0.0.1-10.0.0.3,tcp:80-81` are six.
 *
 * @throws SetError
 */
export function* readElements(type: SetType, options: SetOptions, word: SetWord): Generator<ElementKey> {
  const parts = splitParts(type, word)
  const family = options.family === 0 ? 4 : options.family
  const values = type.dimensions.map((dimension, at) => {
    const reader = new DimensionReader(type, family, parts[at]!, at, options)
    const read = reader.read(dimension)
    // the first may be millions of addresses; the others are gone through again for each of them
    return at === 0 ? read : [...read]
  })
  yield* combinations(values, new ElementKey())
}

function* combinations(values: readonly Iterable<Value>[], key: ElementKey): Generator<ElementKey> {
  const [first, ...rest] = values
  if (first === undefined) {
    yield key.copy()
    return
  }
  for (const write of first) {
    write(key)
    yield* combinations(rest, key)
  }
}

function splitParts({ name, dimensions }: SetType, word: SetWord): SetWord[] {
  const parts: SetWord[] = []
  let column = word.column
  for (const text of word.text.split(',')) {
    parts.push({ text, column })
    column += text.length + 1
  }
  if (parts.length > dimensions.length)
    throw new SetError(`'${word.text}' has too many parts for a ${name}`, parts[dimensions.length]!, {
      expected: dimensions.join(','),
    })
  if (parts.length < dimensions.length && dimensions[parts.length] === 'mac') parts.push({ text: '', column })
  if (parts.length < dimensions.length)
    throw new SetError(`${ORDINALS[parts.length]} element is missing from '${word.text}'`, word, {
      expected: dimensions.join(','),
    })
  return parts
}

class DimensionReader {
  private readonly type: SetType
  private readonly family: Family
  private readonly word: SetWord
  /** Which dimension it is, from 0. */
  private readonly at: number
  private readonly options: SetOptions

  constructor(type: SetType, family: Family, word: SetWord, at: number, options: SetOptions) {
    this.type = type
    this.family = family
    this.word = word
    this.at = at
    this.options = options
  }

  read(dimension: Dimension): Iterable<Value> {
    switch (dimension) {
      case 'ip':
        return this.addresses()
      case 'net':
        return this.networks()
      case 'port':
        return this.ports()
      case 'mac':
        return [this.mac()]
      case 'iface':
        return this.device()
      default:
        return []
    }
  }

  private addresses(): Iterable<Value> {
    const [first, last] = this.ends(this.word.text)
    const [text, length] = cut(first, first.indexOf('/'))
    const mayBeNet = this.at === 0 && !hasMac(this.type)
    const takesRanges = mayBeNet && this.family === 4
    if (last !== undefined && (!takesRanges || length !== undefined))
      throw this.wrong(`bad range '${this.word.text}'`)
    if (length !== undefined && !takesRanges && !(mayBeNet && Number(length) === this.wholeLength))
      throw this.wrong(`a single address must stand here, not '${this.word.text}'`)
    const address = this.address(text)
    if (takesRanges && length !== undefined) {
      const mask = PREFIX_MASKS[4][this.prefixLength(length, 1)]!.w0
      const start = this.masked(address).w0 & mask
      return this.countedAddresses(start >>> 0, (start | ~mask) >>> 0)
    }
    if (last === undefined) return [this.addressValue(this.masked(address))]
    // a hash cuts the end that is named first to its mask, whichever is the lower one
    const from = this.type.method === 'hash' ? this.masked(address) : address
    const [a, b] = [from.w0 >>> 0, this.address(last).w0 >>> 0]
    return this.countedAddresses(Math.min(a, b), Math.max(a, b))
  }

  /** In types of one dimension a netmask is also how far they are apart; a bitmap cuts each of them. */
  private *countedAddresses(from: number, to: number): Generator<Value> {
    const { netmask = 32 } = this.options
    const stride = this.type.dimensions.length === 1 ? 2 ** (32 - netmask) : 1
    const isCut = this.type.method === 'bitmap'
    for (let word = from; word <= to; word += stride) {
      const address = Address.v4(word)
      yield this.addressValue(isCut ? this.masked(address) : address)
    }
  }

  private masked(address: Address): Address {
    if (this.at > 0) return address
    const key = new ElementKey()
    key.setFirst(address)
    maskHosts(this.options, key)
    return key.first(this.family)
  }

  private networks(): Iterable<Value> {
    const [first, last] = this.ends(this.word.text)
    if (last !== undefined) {
      if (this.family === 6 || first.includes('/')) throw this.wrong(`bad range '${this.word.text}'`)
      return this.networkRange(this.address(first).w0 >>> 0, this.address(last).w0 >>> 0)
    }
    const [text, length] = cut(first, first.indexOf('/'))
    // hash:net,iface alone holds the network of everything
    const least = this.type.dimensions[1] === 'iface' ? 0 : 1
    const bits = length === undefined ? this.wholeLength : this.prefixLength(length, least)
    return [this.networkValue(this.address(text), bits)]
  }

  /** The networks that make up a range, the fewest there are (`ip_set_range_to_cidr`). */
  private *networkRange(a: number, b: number): Generator<Value> {
    const end = Math.max(a, b)
    let from = Math.min(a, b)
    while (from <= end) {
      let bits = 32
      while (bits > 1 && from % 2 ** (33 - bits) === 0 && from + 2 ** (33 - bits) - 1 <= end) bits--
      yield this.networkValue(Address.v4(from), bits)
      from += 2 ** (32 - bits)
    }
  }

  private *ports(): Generator<Value> {
    const { text } = this.word
    const colon = text.indexOf(':')
    const protocol = colon < 0 ? IPPROTO_TCP : this.protocol(text.slice(0, colon))
    const [from, to] = this.portRange(protocol, text.slice(colon + 1))
    const isBitmap = this.type.method === 'bitmap'
    for (let port = from; port <= to; port++) {
      yield key => {
        key.protocol = isBitmap ? 0 : protocol
        key.port = port
      }
    }
  }

  private portRange(protocol: number, text: string): readonly [number, number] {
    if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
      const icmp = parseIcmp(protocol, text)
      if (icmp === undefined)
        throw this.wrong(`'${text}' is no ICMP type`, 'a name such as echo-request, or type/code')
      if ((protocol === IPPROTO_ICMPV6) !== (this.family === 6))
        throw this.wrong(`this ICMP is not of the set's family`)
      return [icmp, icmp]
    }
    if (!hasPorts(protocol)) {
      if (text !== '0') throw this.wrong(`protocol ${protocol} has no ports`, 'the port 0')
      return [0, 0]
    }
    const [first, last = first] = this.ends(text)
    const [from, to] = [this.port(first, protocol), this.port(last, protocol)]
    return [Math.min(from, to), Math.max(from, to)]
  }

  /**
   * What stands before and behind the first `-`. Brackets around a name keep its dashes: `[ftp-data]-http`.
   *
   * @returns the second is undefined without a dash
   */
  private ends(text: string): readonly [string, string?] {
    const closing = text.startsWith('[') ? text.indexOf(']') : 0
    if (closing < 0) throw this.wrong(`a bracket that is never closed in '${text}'`, ']')
    const dash = text.indexOf('-', closing)
    const behind = text.slice(closing + 1)
    if (closing > 0 && /^[^-/]/.test(behind)) throw this.wrong(`'${behind}' stands behind a bracket`, '-')
    return cut(text, dash)
  }

  private protocol(text: string): number {
    const number = /^\d+$/.test(text) ? Number(text) : protocolNumber(text.toLowerCase())
    const known = text.toLowerCase() === 'icmpv6' ? IPPROTO_ICMPV6 : number
    if (known !== undefined && known > 0 && known < 256) return known
    throw this.wrong(`'${text}' is no protocol`, 'a protocol name or number')
  }

  private port(text: string, protocol: number): number {
    const service = servicePort(unbracketed(text), SERVICE_PROTOCOLS.get(protocol) ?? 'udp')
    if (service !== undefined) return service
    if (!/^(0x[0-9a-f]+|\d+)$/i.test(text) || Number(text) > 65535)
      throw this.wrong(`'${text}' is no port`, 'a port from 0 to 65535 or a service name')
    return Number(text)
  }

  /** Six hexadecimal numbers; none where a packet shall show it. */
  private mac(): Value {
    const { text } = this.word
    const isMac = /^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(text)
    if (!isMac && text !== '') throw this.wrong(`'${text}' is no MAC address`, '02:00:00:00:00:01')
    const bytes = text.toLowerCase().split(':')
    const mac = bytes.map(byte => byte.padStart(text === '' ? 0 : 2, '0')).join(':')
    return key => {
      key.mac = mac
    }
  }

  private device(): Iterable<Value> {
    const isPhysical = this.word.text.startsWith('physdev:')
    const device = isPhysical ? this.word.text.slice(8) : this.word.text
    if (device === '' || device.length > 15)
      throw this.wrong(`bad device name '${device}'`, 'at most 15 characters')
    return [
      key => {
        key.device = device
        key.isPhysical = isPhysical
      },
    ]
  }

  private addressValue(address: Address): Value {
    return this.at === 0 ? key => key.setFirst(address) : key => key.setSecond(address)
  }

  private networkValue(address: Address, length: number): Value {
    const mask = PREFIX_MASKS[this.family][length]!
    const write = this.addressValue(address)
    return key => {
      write(key)
      key.length = length
      if (this.at === 0) key.maskFirst(mask)
      else key.maskSecond(mask)
    }
  }

  private address(text: string): Address {
    const address = parseNumericHost(unbracketed(text), this.family)
    if (address !== undefined) return address
    throw this.wrong(`'${text}' is no address of the set's family`, `an IPv${this.family} address`)
  }

  private prefixLength(text: string, least: number): number {
    return readNumber(
      { text, column: this.word.column + this.word.text.indexOf('/') + 1 },
      least,
      this.wholeLength,
    )
  }

  private get wholeLength(): number {
    return this.family === 4 ? 32 : 128
  }

  private wrong(message: string, expected?: string): SetError {
    return new SetError(message, this.word, expected === undefined ? {} : { expected })
  }
}

/** The text before and behind the character at an index; all of it and undefined for the index -1. */
function cut(text: string, at: number): readonly [string, string?] {
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function unbracketed(text: string): string {
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
}

/** Whose services a port's name is looked up among; UDP-Lite's are UDP's. */
const SERVICE_PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [IPPROTO_TCP, 'tcp'],
  [132, 'sctp'],
])
