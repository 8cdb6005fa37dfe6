import type { Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { decode, sameBytes } from './decode.ts'
import type { Decoded } from './decoded.ts'
import { bytesToHex, hexToBytes } from './hex.ts'
import { formatDecoded } from './text-format.ts'
import { parseLine } from './text-parse.ts'

/**
 * An IP packet: its bytes, from the first of the IP header on. Immutable: nobody may write to `bytes`.
 *
 * @example
 * const syn = Packet.parse('tcp 10.0.0.5:40000 > 198.51.100.7:80 S seq=1000')
 * syn.bytes.length // 40
 * syn.toString() // 'tcp 10.0.0.5:40000 > 198.51.100.7:80 S seq=1000'
 */
export class Packet {
  readonly bytes: Uint8Array
  readonly family: Family
  private known: Decoded | undefined = undefined

  /**
   * @param bytes are kept, not copied
   * @param family by the version in the first byte if not given (IPv4 for anything but 6)
   */
  constructor(bytes: Uint8Array, family: Family = (bytes[0] ?? 0) >> 4 === 6 ? 6 : 4) {
    this.bytes = bytes
    this.family = family
  }

  /** @throws RangeError when the text is not an even number of hex digits (blanks and colons are skipped) */
  static fromHex(hex: string): Packet {
    return new Packet(hexToBytes(hex))
  }

  /**
   * A packet from the one-line notation; see docs of {@link parsePackets} for what it looks like.
   *
   * @throws DiagnosticError with everything that is wrong with the line
   */
  static parse(text: string): Packet {
    const parsed = parseLine(text)
    if ('diagnostics' in parsed) throw new DiagnosticError(parsed.diagnostics)
    return new Packet(parsed.bytes, parsed.family)
  }

  /** The fields, for reading: worked out at the first use. */
  get decoded(): Decoded {
    this.known ??= decode(this.bytes, this.family)
    return this.known
  }

  equals(other: Packet): boolean {
    return this.family === other.family && sameBytes(this.bytes, other.bytes)
  }

  toHex(): string {
    return bytesToHex(this.bytes)
  }

  /** The one-line notation; `Packet.parse` gives the same bytes again. */
  toString(): string {
    return formatDecoded(this.decoded)
  }

  toJSON(): string {
    return this.toString()
  }
}

/** The packet that an ICMP error is about, as much of it as was quoted; undefined for any other packet. */
export function quotedPacket(packet: Packet): Packet | undefined {
  const { decoded } = packet
  if (decoded.kind !== 'icmp' && decoded.kind !== 'icmp6') return undefined
  return decoded.message.kind === 'error' ? new Packet(decoded.message.quote, packet.family) : undefined
}
