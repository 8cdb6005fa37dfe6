import { Address, type Family } from '../address.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, protocolNumber } from '../packet/protocols.ts'
import { servicePort } from '../rules/services.ts'
import { ElementKey, PREFIX_MASKS } from './element.ts'
import { parseIcmp } from './element-text.ts'
import type { SetOptions } from './ip-set.ts'
import { maskHosts } from './packet-key.ts'
import { hasPorts } from './ports.ts'
import { readNumber, SetError, type SetWord } from './set-error.ts'
import type { Dimension, SetType } from './set-type.ts'

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
      case 'iface':
        return this.device()
      default:
        return []
    }
  }

  private addresses(): Iterable<Value> {
    const [first, last] = this.ends(this.word.text)
    const [text, length] = cut(first, first.indexOf('/'))
    const whole = this.wholeLength
    if (this.at > 0 || this.family === 6) {
      if (last !== undefined || (length !== undefined && Number(length) !== whole))
        throw this.wrong(`a single address must stand here, not '${this.word.text}'`)
      return [this.addressValue(this.masked(this.address(text)))]
    }
    if (length === undefined) return this.addressRange(first, last)
    if (last !== undefined) throw this.wrong(`bad range '${this.word.text}'`)
    const mask = PREFIX_MASKS[4][this.prefixLength(length, 1)]!.w0
    const start = this.masked(this.address(text)).w0 & mask
    return this.countedAddresses(start >>> 0, (start | ~mask) >>> 0)
  }

  private addressRange(first: string, last: string | undefined): Iterable<Value> {
    const from = this.address(first)
    if (last === undefined) return [this.addressValue(this.masked(from))]
    const [low, high] = [from, this.address(last)].sort((a, b) => a.compare(b))
    return this.countedAddresses(low!.w0 >>> 0, high!.w0 >>> 0)
  }

  /** The first one is cut to the set's mask; in types of one dimension a netmask is also how far they are apart. */
  private *countedAddresses(from: number, to: number): Generator<Value> {
    const { netmask = 32 } = this.options
    const stride = this.type.dimensions.length === 1 ? 2 ** (32 - netmask) : 1
    const start = this.masked(Address.v4(from)).w0 >>> 0
    for (let address = start; address <= to; address += stride) yield this.addressValue(Address.v4(address))
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
    const address = Address.tryParse(unbracketed(text))
    if (address?.family === this.family) return address
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
