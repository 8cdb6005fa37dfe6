import ipaddr from 'ipaddr.js'

/** 4 for IPv4, 6 for IPv6: the `-4`/`-6` of every netfilter tool. */
export type Family = 4 | 6

/**
 * An IP address as the kernel's `union nf_inet_addr` holds it: four 32-bit words, the first alone for IPv4.
 * Words are *signed* 32-bit integers (`x | 0`): V8 keeps those unboxed, and `===` and `&` need no sign.
 * Immutable; compare with {@link Address.equals}, never with `===`.
 *
 * @example
 * Address.parse('10.6.0.1').toString() // '10.6.0.1'
 * Address.parse('2001:db8::1').family // 6
 */
export class Address {
  readonly family: Family
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number

  constructor(family: Family, w0: number, w1: number, w2: number, w3: number) {
    this.family = family
    this.w0 = w0
    this.w1 = w1
    this.w2 = w2
    this.w3 = w3
  }

  /** An IPv4 address from its 32 bits. */
  static v4(word: number): Address {
    return new Address(4, word | 0, 0, 0, 0)
  }

  /** The address at `offset` of a packet: 4 bytes for IPv4, 16 for IPv6. The caller has checked the length. */
  static read(family: Family, bytes: Uint8Array, offset: number): Address {
    if (family === 4) return new Address(4, readWord(bytes, offset), 0, 0, 0)
    return new Address(
      6,
      readWord(bytes, offset),
      readWord(bytes, offset + 4),
      readWord(bytes, offset + 8),
      readWord(bytes, offset + 12),
    )
  }

  /**
   * @param text dotted quad or RFC 4291 text
   * @throws RangeError when the text is no address (use {@link Address.tryParse} for text from outside)
   */
  static parse(text: string): Address {
    const address = Address.tryParse(text)
    if (address === undefined) throw new RangeError(`not an IP address: ${JSON.stringify(text)}`)
    return address
  }

  static tryParse(text: string): Address | undefined {
    if (ipaddr.IPv4.isValidFourPartDecimal(text)) return fromBytes(4, ipaddr.IPv4.parse(text).toByteArray())
    if (!text.includes(':') || text.includes('%')) return undefined
    const groups = withoutDottedTail(text)
    if (ipaddr.IPv6.isValid(groups)) return fromBytes(6, ipaddr.IPv6.parse(groups).toByteArray())
    return undefined
  }

  equals(other: Address): boolean {
    return (
      this.w0 === other.w0 &&
      this.w1 === other.w1 &&
      this.w2 === other.w2 &&
      this.w3 === other.w3 &&
      this.family === other.family
    )
  }

  /** Unsigned order, first word first: what address ranges compare by. Negative, 0 or positive. */
  compare(other: Address): number {
    return (
      (this.w0 >>> 0) - (other.w0 >>> 0) ||
      (this.w1 >>> 0) - (other.w1 >>> 0) ||
      (this.w2 >>> 0) - (other.w2 >>> 0) ||
      (this.w3 >>> 0) - (other.w3 >>> 0)
    )
  }

  isZero(): boolean {
    return (this.w0 | this.w1 | this.w2 | this.w3) === 0
  }

  /** Writes the 4 or 16 bytes at `offset`. */
  write(bytes: Uint8Array, offset: number): void {
    writeWord(bytes, offset, this.w0)
    if (this.family === 4) return
    writeWord(bytes, offset + 4, this.w1)
    writeWord(bytes, offset + 8, this.w2)
    writeWord(bytes, offset + 12, this.w3)
  }

  /** The canonical text: dotted quad, or RFC 5952. */
  toString(): string {
    const bytes = new Array<number>(this.family === 4 ? 4 : 16)
    const buffer = new Uint8Array(16)
    this.write(buffer, 0)
    for (let i = 0; i < bytes.length; i++) bytes[i] = buffer[i]!
    return this.family === 4 ? bytes.join('.') : ipv6Text(bytes)
  }

  toJSON(): string {
    return this.toString()
  }
}

/**
 * An address with a mask, both as the kernel stores them; the mask need not be contiguous (`10.0.0.1/255.0.0.255`).
 * `address` is already masked.
 *
 * @example
 * const lan = Prefix.parse('10.6.7.8/16')
 * lan.toString() // '10.6.0.0/16'
 * lan.contains(Address.parse('10.6.0.2')) // true
 */
export class Prefix {
  readonly address: Address
  readonly mask: Address

  constructor(address: Address, mask: Address) {
    this.mask = mask
    this.address = new Address(
      address.family,
      address.w0 & mask.w0,
      address.w1 & mask.w1,
      address.w2 & mask.w2,
      address.w3 & mask.w3,
    )
  }

  /**
   * `10.6.0.0/16`, `2001:db8::/32`, `10.0.0.1` (a /32), `10.0.0.0/255.0.0.0`.
   * @throws RangeError when the text is none of these
   */
  static parse(text: string): Prefix {
    const prefix = Prefix.tryParse(text)
    if (prefix === undefined) throw new RangeError(`not an address or prefix: ${JSON.stringify(text)}`)
    return prefix
  }

  static tryParse(text: string): Prefix | undefined {
    const slash = text.indexOf('/')
    const address = Address.tryParse(slash < 0 ? text : text.slice(0, slash))
    if (address === undefined) return undefined
    if (slash < 0) return new Prefix(address, maskOf(address.family, address.family === 4 ? 32 : 128))
    const mask = text.slice(slash + 1)
    if (/^\d{1,3}$/.test(mask)) {
      const length = Number(mask)
      if (length > (address.family === 4 ? 32 : 128)) return undefined
      return new Prefix(address, maskOf(address.family, length))
    }
    const maskAddress = Address.tryParse(mask)
    return maskAddress?.family === address.family ? new Prefix(address, maskAddress) : undefined
  }

  contains(address: Address): boolean {
    const { address: net, mask } = this
    return (
      address.family === net.family &&
      (address.w0 & mask.w0) === net.w0 &&
      (address.w1 & mask.w1) === net.w1 &&
      (address.w2 & mask.w2) === net.w2 &&
      (address.w3 & mask.w3) === net.w3
    )
  }

  /** The prefix length, or undefined for a mask that is not contiguous. */
  get length(): number | undefined {
    return maskLength(this.mask)
  }

  /** `10.6.0.0/16`; the mask written out when it is not contiguous. */
  toString(): string {
    return `${this.address}/${this.length ?? this.mask}`
  }

  toJSON(): string {
    return this.toString()
  }
}

/** The mask of a prefix length: `maskOf(4, 16)` is 255.255.0.0. */
export function maskOf(family: Family, length: number): Address {
  const word = (at: number): number => {
    const bits = Math.min(32, Math.max(0, length - at))
    return bits === 0 ? 0 : (-1 << (32 - bits)) | 0
  }
  return family === 4 ? Address.v4(word(0)) : new Address(6, word(0), word(32), word(64), word(96))
}

/** The length of a contiguous mask; undefined for any other. */
export function maskLength(mask: Address): number | undefined {
  const words = mask.family === 4 ? [mask.w0] : [mask.w0, mask.w1, mask.w2, mask.w3]
  let length = 0
  for (const word of words) length += Math.clz32(~word)
  return maskOf(mask.family, length).equals(mask) ? length : undefined
}

/** 224.0.0.0/4 or ff00::/8 */
export function isMulticast({ family, w0 }: Address): boolean {
  return family === 4 ? w0 >>> 28 === 0xe : w0 >>> 24 === 0xff
}

export function readWord(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!
}

export function writeWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes[offset] = word >>> 24
  bytes[offset + 1] = word >>> 16
  bytes[offset + 2] = word >>> 8
  bytes[offset + 3] = word
}

function fromBytes(family: Family, bytes: readonly number[]): Address {
  return Address.read(family, Uint8Array.from(bytes), 0)
}

/** `::1.2.3.4` as `::102:304`: ipaddr.js would take it for the mapped `::ffff:1.2.3.4`. */
function withoutDottedTail(text: string): string {
  const tail = text.slice(text.lastIndexOf(':') + 1)
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return text
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).toByteArray()
  const group = (high: number, low: number): string => ((high << 8) | low).toString(16)
  return `${text.slice(0, text.length - tail.length)}${group(a, b)}:${group(c, d)}`
}

/** glibc's inet_ntop, which every netfilter tool prints with: RFC 5952 but for the IPv4-embedded forms. */
function ipv6Text(bytes: number[]): string {
  const mapped = bytes.slice(0, 10).every(byte => byte === 0)
  const tail = `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`
  if (mapped && bytes[10] === 0xff && bytes[11] === 0xff) return `::ffff:${tail}`
  if (mapped && bytes[10] === 0 && bytes[11] === 0 && (bytes[12] !== 0 || bytes[13] !== 0)) return `::${tail}`
  return new ipaddr.IPv6(bytes).toString()
}
