import { internetChecksum, sctpChecksum, transportChecksum } from './checksum.ts'
import type { Decoded, IcmpMessage, Ipv4Part, Ipv6Part, SctpChunk } from './decoded.ts'
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from './protocols.ts'
import { encodeTcpOptions } from './tcp-options.ts'

/** The bytes of a decoded packet; whatever is not given as wrong comes out right. */
export function encode(packet: Decoded): Uint8Array {
  if (packet.kind === 'malformed') return packet.bytes.slice()
  const transport = encodeTransport(packet)
  const { ip } = packet
  const header = ip.version === 4 ? ipv4Header(ip, transport.length) : ipv6Header(ip, transport.length)
  const bytes = concat([header, transport, ip.trailer])
  writeChecksum(bytes, header.length, header.length + transport.length, packet)
  return bytes
}

function ipv4Header(ip: Ipv4Part, transportLength: number): Uint8Array {
  const header = new Uint8Array(20 + ip.options.length)
  const view = new DataView(header.buffer)
  header[0] = 0x40 | (header.length >> 2)
  header[1] = ip.tos
  view.setUint16(2, ip.totalLength ?? header.length + transportLength)
  view.setUint16(4, ip.id)
  view.setUint16(
    6,
    (ip.reserved ? 0x8000 : 0) | (ip.df ? 0x4000 : 0) | (ip.mf ? 0x2000 : 0) | (ip.fragmentOffset >> 3),
  )
  header[8] = ip.ttl
  header[9] = ip.protocol
  ip.source.write(header, 12)
  ip.destination.write(header, 16)
  header.set(ip.options, 20)
  view.setUint16(10, ip.checksum ?? internetChecksum(header, 0, header.length))
  return header
}

function ipv6Header(ip: Ipv6Part, transportLength: number): Uint8Array {
  const extensions = ip.extensions.map(({ body }, i) =>
    concat([Uint8Array.of(ip.extensions[i + 1]?.protocol ?? ip.protocol), body]),
  )
  const fixed = new Uint8Array(40)
  const header = concat([fixed, ...extensions])
  const view = new DataView(header.buffer)
  view.setUint32(0, ((6 << 28) | (ip.trafficClass << 20) | ip.flowLabel) >>> 0)
  view.setUint16(4, ip.payloadLength ?? header.length - 40 + transportLength)
  header[6] = ip.extensions[0]?.protocol ?? ip.protocol
  header[7] = ip.hopLimit
  ip.source.write(header, 8)
  ip.destination.write(header, 24)
  return header
}

type Readable = Exclude<Decoded, { kind: 'malformed' }>

/** Transport header and payload, the checksum still 0. */
function encodeTransport(packet: Readable): Uint8Array {
  switch (packet.kind) {
    case 'tcp': {
      const options = encodeTcpOptions(packet.options)
      const offset = packet.dataOffset ?? 5 + options.length / 4
      const { sourcePort, destinationPort, sequence, acknowledgment, window, urgent } = packet
      const first = [u16(sourcePort), u16(destinationPort), u32(sequence), u32(acknowledgment)]
      const bits = Uint8Array.of((offset << 4) | packet.reserved, packet.flags)
      return concat([...first, bits, u16(window), u16(0), u16(urgent), options, packet.payload])
    }
    case 'udp': {
      const length = packet.length ?? 8 + packet.payload.length
      return concat([
        u16(packet.sourcePort),
        u16(packet.destinationPort),
        u16(length),
        u16(0),
        packet.payload,
      ])
    }
    case 'udplite': {
      const { sourcePort, destinationPort, coverage, payload } = packet
      return concat([u16(sourcePort), u16(destinationPort), u16(coverage), u16(0), payload])
    }
    case 'icmp':
    case 'icmp6':
      return concat([Uint8Array.of(packet.type, packet.code, 0, 0), ...icmpMessage(packet.message)])
    case 'sctp': {
      const { sourcePort, destinationPort, tag, chunks, payload } = packet
      return concat([
        u16(sourcePort),
        u16(destinationPort),
        u32(tag),
        u32(0),
        ...chunks.flatMap(sctpChunk),
        payload,
      ])
    }
    case 'gre': {
      const optional = [packet.checksum, packet.key, packet.sequence, packet.acknowledgment]
      const words = optional.filter(word => word !== undefined).map(u32)
      return concat([u16(packet.flags | packet.version), u16(packet.protocolType), ...words, packet.payload])
    }
    case 'esp':
      return concat([u32(packet.spi), u32(packet.sequence), packet.payload])
    case 'ah': {
      const { nextHeader, length, reserved, spi, sequence, payload } = packet
      return concat([Uint8Array.of(nextHeader, length), u16(reserved), u32(spi), u32(sequence), payload])
    }
    case 'other':
    case 'fragment':
      return packet.payload
    default:
      return packet satisfies never
  }
}

function icmpMessage(message: IcmpMessage): Uint8Array[] {
  if (message.kind === 'query') return [u16(message.id), u16(message.sequence), message.payload]
  return [u32(message.rest), message.kind === 'error' ? message.quote : message.payload]
}

function sctpChunk({ type, flags, value }: SctpChunk): Uint8Array[] {
  const padding = new Uint8Array(-value.length & 3)
  return [Uint8Array.of(type, flags), u16(4 + value.length), value, padding]
}

/** The protocol that a kind of packet is of, if it has a checksum. */
function checksummedProtocol(kind: Decoded['kind']): number | undefined {
  switch (kind) {
    case 'tcp':
      return IPPROTO_TCP
    case 'udp':
      return IPPROTO_UDP
    case 'udplite':
      return IPPROTO_UDPLITE
    case 'icmp':
      return IPPROTO_ICMP
    case 'icmp6':
      return IPPROTO_ICMPV6
    case 'sctp':
      return IPPROTO_SCTP
    default:
      return undefined
  }
}

function writeChecksum(bytes: Uint8Array, start: number, end: number, packet: Readable): void {
  const protocol = checksummedProtocol(packet.kind)
  if (protocol === undefined || packet.kind === 'gre') return
  const given = 'checksum' in packet ? packet.checksum : undefined
  const view = new DataView(bytes.buffer)
  if (protocol === IPPROTO_SCTP) {
    view.setUint32(start + 8, given ?? sctpChecksum(bytes, start, end))
    return
  }
  const field = checksumField(protocol)
  view.setUint16(start + field, given ?? rightChecksum(bytes, packet.ip.version, protocol, start, end))
}

function checksumField(protocol: number): number {
  if (protocol === IPPROTO_TCP) return 16
  return protocol === IPPROTO_UDP || protocol === IPPROTO_UDPLITE ? 6 : 2
}

/** What the checksum field should hold. ICMP in IPv6 and ICMPv6 in IPv4 do not exist: their checksum is plain. */
export function rightChecksum(
  bytes: Uint8Array,
  family: 4 | 6,
  protocol: number,
  start: number,
  end: number,
): number {
  if (protocol === IPPROTO_SCTP) return sctpChecksum(bytes, start, end)
  return transportChecksum(bytes, family, protocol, start, end) ?? 0
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value)
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
