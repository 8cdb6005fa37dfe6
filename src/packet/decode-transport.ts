import type { Decoded, IcmpMessage, IpPart, SctpChunk } from './decoded.ts'
import { rightChecksum } from './encode.ts'
import {
  IPPROTO_AH,
  IPPROTO_ESP,
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from './protocols.ts'
import { decodeTcpOptions } from './tcp-options.ts'

/**
 * The packet with its transport header taken apart, or undefined if the protocol is another one, or the header is cut.
 *
 * @param transport a view into `bytes`, which hold the pseudo-header
 */
export function decodeTransport(bytes: Uint8Array, ip: IpPart, transport: Uint8Array): Decoded | undefined {
  const reader = new Reader(bytes, ip, transport)
  switch (ip.protocol) {
    case IPPROTO_TCP:
      return transport.length < 20 ? undefined : tcp(reader)
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
      return transport.length < 8 ? undefined : udp(reader)
    case IPPROTO_ICMP:
      return ip.version === 6 || transport.length < 8 ? undefined : icmp(reader)
    case IPPROTO_ICMPV6:
      return ip.version === 4 || transport.length < 8 ? undefined : icmp(reader)
    case IPPROTO_SCTP:
      return transport.length < 12 ? undefined : sctp(reader)
    case IPPROTO_GRE:
      return transport.length < 4 ? undefined : gre(reader)
    case IPPROTO_ESP:
      return transport.length < 8 ? undefined : esp(reader)
    case IPPROTO_AH:
      return ip.version === 6 || transport.length < 12 ? undefined : ah(reader)
    default:
      return undefined
  }
}

class Reader {
  readonly ip: IpPart
  readonly bytes: Uint8Array
  private readonly packet: Uint8Array
  private readonly view: DataView

  constructor(packet: Uint8Array, ip: IpPart, bytes: Uint8Array) {
    this.ip = ip
    this.packet = packet
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  u16(at: number): number {
    return this.view.getUint16(at)
  }

  u32(at: number): number {
    return this.view.getUint32(at)
  }

  /** The checksum as found, if it is wrong. */
  wrongChecksum(found: number): number | undefined {
    const start = this.bytes.byteOffset - this.packet.byteOffset
    const { version, protocol } = this.ip
    const right = rightChecksum(this.packet, version, protocol, start, start + this.bytes.length)
    return found === right ? undefined : found
  }

  ports(): { sourcePort: number; destinationPort: number } {
    return { sourcePort: this.u16(0), destinationPort: this.u16(2) }
  }
}

function tcp(reader: Reader): Decoded {
  const { bytes, ip } = reader
  const dataOffset = bytes[12]! >> 4
  const start = Math.min(Math.max(dataOffset * 4, 20), bytes.length)
  const room = start - 20
  return {
    kind: 'tcp',
    ip,
    ...reader.ports(),
    sequence: reader.u32(4),
    acknowledgment: reader.u32(8),
    flags: bytes[13]!,
    reserved: bytes[12]! & 15,
    window: reader.u16(14),
    urgent: reader.u16(18),
    options: decodeTcpOptions(bytes.subarray(20, start)),
    dataOffset: dataOffset * 4 === 20 + room ? undefined : dataOffset,
    checksum: reader.wrongChecksum(reader.u16(16)),
    payload: bytes.subarray(start),
  }
}

function udp(reader: Reader): Decoded {
  const { bytes, ip } = reader
  const length = reader.u16(4)
  const checksum = reader.wrongChecksum(reader.u16(6))
  const common = { ip, ...reader.ports(), checksum, payload: bytes.subarray(8) }
  if (ip.protocol === IPPROTO_UDPLITE) return { kind: 'udplite', ...common, coverage: length }
  return { kind: 'udp', ...common, length: length === bytes.length ? undefined : length }
}

const ICMP_QUERIES: readonly number[] = [0, 8, 13, 14, 15, 16, 17, 18]
const ICMP_ERRORS: readonly number[] = [3, 4, 5, 11, 12]
const ICMP6_QUERIES: readonly number[] = [128, 129]
const ICMP6_ERRORS: readonly number[] = [1, 2, 3, 4]

/** What stands behind the checksum of an ICMP message of this type. */
export function icmpMessageKind(family: 4 | 6, type: number): IcmpMessage['kind'] {
  if ((family === 4 ? ICMP_QUERIES : ICMP6_QUERIES).includes(type)) return 'query'
  return (family === 4 ? ICMP_ERRORS : ICMP6_ERRORS).includes(type) ? 'error' : 'other'
}

function icmp(reader: Reader): Decoded {
  const { bytes, ip } = reader
  const kind = ip.version === 4 ? 'icmp' : 'icmp6'
  return {
    kind,
    ip,
    type: bytes[0]!,
    code: bytes[1]!,
    checksum: reader.wrongChecksum(reader.u16(2)),
    message: icmpMessage(reader, icmpMessageKind(ip.version, bytes[0]!)),
  }
}

function icmpMessage(reader: Reader, kind: IcmpMessage['kind']): IcmpMessage {
  const tail = reader.bytes.subarray(8)
  switch (kind) {
    case 'query':
      return { kind, id: reader.u16(4), sequence: reader.u16(6), payload: tail }
    case 'error':
      return { kind, rest: reader.u32(4), quote: tail }
    case 'other':
      return { kind, rest: reader.u32(4), payload: tail }
    default:
      return kind satisfies never
  }
}

function sctp(reader: Reader): Decoded {
  const { bytes, ip } = reader
  const chunks: SctpChunk[] = []
  let at = 12
  while (at + 4 <= bytes.length) {
    const length = reader.u16(at + 2)
    const padded = (length + 3) & ~3
    if (length < 4 || at + padded > bytes.length) break
    if (!bytes.subarray(at + length, at + padded).every(byte => byte === 0)) break
    chunks.push({ type: bytes[at]!, flags: bytes[at + 1]!, value: bytes.subarray(at + 4, at + length) })
    at += padded
  }
  return {
    kind: 'sctp',
    ip,
    ...reader.ports(),
    tag: reader.u32(4),
    chunks,
    payload: bytes.subarray(at),
    checksum: reader.wrongChecksum(reader.u32(8)),
  }
}

const GRE_CHECKSUM = 0x8000
const GRE_ROUTING = 0x4000
const GRE_KEY = 0x2000
const GRE_SEQUENCE = 0x1000
const GRE_ACKNOWLEDGMENT = 0x80

function gre(reader: Reader): Decoded | undefined {
  const { bytes, ip } = reader
  const first = reader.u16(0)
  const version = first & 7
  if ((first & GRE_ROUTING) !== 0) return undefined
  let at = 4
  const optional = (bit: number): number | undefined => {
    if ((first & bit) === 0 || at + 4 > bytes.length) return undefined
    at += 4
    return reader.u32(at - 4)
  }
  return {
    kind: 'gre',
    ip,
    flags: first & 0xfff8,
    version,
    protocolType: reader.u16(2),
    checksum: optional(GRE_CHECKSUM),
    key: optional(GRE_KEY),
    sequence: optional(GRE_SEQUENCE),
    acknowledgment: version === 1 ? optional(GRE_ACKNOWLEDGMENT) : undefined,
    payload: bytes.subarray(at),
  }
}

function esp(reader: Reader): Decoded {
  const { bytes, ip } = reader
  return { kind: 'esp', ip, spi: reader.u32(0), sequence: reader.u32(4), payload: bytes.subarray(8) }
}

function ah(reader: Reader): Decoded {
  const { bytes, ip } = reader
  return {
    kind: 'ah',
    ip,
    nextHeader: bytes[0]!,
    length: bytes[1]!,
    reserved: reader.u16(2),
    spi: reader.u32(4),
    sequence: reader.u32(8),
    payload: bytes.subarray(12),
  }
}
