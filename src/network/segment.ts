import { Address } from '../address.ts'
import { transportChecksumValid, writeIpv4Checksum, writeTransportChecksum } from '../packet/checksum.ts'
import { Packet } from '../packet/packet.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from '../packet/protocols.ts'
import { Skb } from '../packet/skb.ts'

/** Bits of TCP's flags. */
export const FIN = 1
export const SYN = 2
export const RST = 4
export const PSH = 8
export const ACK = 16

export const NO_DATA = new Uint8Array(0)

/** A TCP segment as an end reads it. Sequence numbers are signed 32-bit integers. */
export interface Segment {
  readonly source: Address
  readonly destination: Address
  readonly sourcePort: number
  readonly destinationPort: number
  readonly seq: number
  readonly ack: number
  readonly flags: number
  readonly window: number
  /** 0 without the option. */
  readonly mss: number
  readonly data: Uint8Array
}

/** A UDP datagram as an end reads it. */
export interface Datagram {
  readonly source: Address
  readonly destination: Address
  readonly sourcePort: number
  readonly destinationPort: number
  readonly data: Uint8Array
}

/** Undefined for what a stack throws away silently: a cut header, a wrong checksum unless that is `trusted`. */
export function readSegment(skb: Skb, trusted = false): Segment | undefined {
  const { bytes, transportOffset: at } = skb
  if (skb.protocol !== IPPROTO_TCP || bytes.length < at + 20) return undefined
  const dataAt = at + (bytes[at + 12]! >> 4) * 4
  if (dataAt < at + 20 || dataAt > bytes.length) return undefined
  if (!trusted && !transportChecksumValid(skb)) return undefined
  return {
    source: skb.source,
    destination: skb.destination,
    sourcePort: skb.u16(at),
    destinationPort: skb.u16(at + 2),
    seq: skb.u32(at + 4) | 0,
    ack: skb.u32(at + 8) | 0,
    flags: bytes[at + 13]!,
    window: skb.u16(at + 14),
    mss: readMss(bytes, at + 20, dataAt),
    data: dataAt === bytes.length ? NO_DATA : bytes.subarray(dataAt),
  }
}

function readMss(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; ) {
    const kind = bytes[at]!
    if (kind === 0) return 0
    if (kind === 1) {
      at++
      continue
    }
    const length = bytes[at + 1] ?? 0
    if (length < 2 || at + length > to) return 0
    if (kind === 2 && length === 4) return (bytes[at + 2]! << 8) | bytes[at + 3]!
    at += length
  }
  return 0
}

export function readDatagram(skb: Skb, trusted = false): Datagram | undefined {
  const { bytes, transportOffset: at } = skb
  if (skb.protocol !== IPPROTO_UDP || bytes.length < at + 8) return undefined
  const length = skb.u16(at + 4)
  if (length < 8 || at + length > bytes.length) return undefined
  if (!trusted && !transportChecksumValid(skb)) return undefined
  return {
    source: skb.source,
    destination: skb.destination,
    sourcePort: skb.u16(at),
    destinationPort: skb.u16(at + 2),
    data: bytes.subarray(at + 8, at + length),
  }
}

/** A TCP packet; `mss` 0 for none. `id`: IPv4's identification. */
export function tcpPacket(segment: Segment, id: number): Packet {
  const { source, data, mss } = segment
  const headerLength = mss === 0 ? 20 : 24
  const bytes = ipPacket(source, segment.destination, IPPROTO_TCP, headerLength + data.length, id, 64)
  const at = bytes.length - headerLength - data.length
  write16(bytes, at, segment.sourcePort)
  write16(bytes, at + 2, segment.destinationPort)
  write32(bytes, at + 4, segment.seq)
  write32(bytes, at + 8, segment.ack)
  bytes[at + 12] = headerLength << 2
  bytes[at + 13] = segment.flags
  write16(bytes, at + 14, segment.window)
  if (mss !== 0) write32(bytes, at + 20, 0x02040000 | mss)
  bytes.set(data, at + headerLength)
  writeTransportChecksum(bytes, source.family, IPPROTO_TCP, at)
  return new Packet(bytes, source.family)
}

export function udpPacket(datagram: Datagram, id: number, ttl: number): Packet {
  const { source, data } = datagram
  const bytes = ipPacket(source, datagram.destination, IPPROTO_UDP, 8 + data.length, id, ttl)
  const at = bytes.length - 8 - data.length
  write16(bytes, at, datagram.sourcePort)
  write16(bytes, at + 2, datagram.destinationPort)
  write16(bytes, at + 4, 8 + data.length)
  bytes.set(data, at + 8)
  writeTransportChecksum(bytes, source.family, IPPROTO_UDP, at)
  return new Packet(bytes, source.family)
}

/** An ICMP or ICMPv6 message: type, code, the 32 bits behind the checksum, and the rest. */
export function icmpPacket(
  source: Address,
  destination: Address,
  message: { readonly type: number; readonly code: number; readonly rest: number; readonly data: Uint8Array },
  id: number,
  ttl = 64,
): Packet {
  const protocol = source.family === 4 ? 1 : 58
  const bytes = ipPacket(source, destination, protocol, 8 + message.data.length, id, ttl)
  const at = bytes.length - 8 - message.data.length
  bytes[at] = message.type
  bytes[at + 1] = message.code
  write32(bytes, at + 4, message.rest)
  bytes.set(message.data, at + 8)
  writeTransportChecksum(bytes, source.family, protocol, at)
  return new Packet(bytes, source.family)
}

/** An IP header with room behind it; DF is set, as Linux does for path MTU discovery. */
function ipPacket(
  source: Address,
  destination: Address,
  protocol: number,
  length: number,
  id: number,
  ttl: number,
): Uint8Array {
  if (source.family === 4) {
    const bytes = new Uint8Array(20 + length)
    bytes[0] = 0x45
    write16(bytes, 2, bytes.length)
    write16(bytes, 4, id)
    bytes[6] = 0x40
    bytes[8] = ttl
    bytes[9] = protocol
    source.write(bytes, 12)
    destination.write(bytes, 16)
    writeIpv4Checksum(bytes)
    return bytes
  }
  const bytes = new Uint8Array(40 + length)
  bytes[0] = 0x60
  write16(bytes, 4, length)
  bytes[6] = protocol
  bytes[7] = ttl
  source.write(bytes, 8)
  destination.write(bytes, 24)
  return bytes
}

function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

function write32(bytes: Uint8Array, at: number, value: number): void {
  write16(bytes, at, value >>> 16)
  write16(bytes, at + 2, value)
}

/** What an ICMP error says, and about which packet. */
export interface IcmpReport {
  /** Who says so. */
  readonly from: Address
  readonly type: number
  readonly code: number
  /** Of the way on, where the error is about a packet that is too big. */
  readonly mtu: number
  readonly source: Address
  readonly destination: Address
  readonly protocol: number
  /** Ports; the id of a quoted echo request is `sourcePort`, its sequence number `destinationPort`. */
  readonly sourcePort: number
  readonly destinationPort: number
}

/** Undefined for anything but an ICMP error with a readable quote. */
export function readIcmpReport(skb: Skb): IcmpReport | undefined {
  const { bytes, transportOffset: at, family } = skb
  if (bytes.length < at + 8 + (family === 4 ? 28 : 48)) return undefined
  const type = bytes[at]!
  const isError = family === 4 ? type === 3 || type === 11 || type === 12 : type >= 1 && type <= 4
  if (!isError) return undefined
  const quote = new Skb(family, bytes.subarray(at + 8))
  const transport = quote.transportOffset
  if (quote.bytes.length < transport + 8) return undefined
  const echo = quote.protocol === 1 || quote.protocol === 58
  return {
    from: skb.source,
    type,
    code: bytes[at + 1]!,
    mtu: family === 4 ? skb.u16(at + 6) : skb.u32(at + 4),
    source: quote.source,
    destination: quote.destination,
    protocol: quote.protocol,
    sourcePort: quote.u16(transport + (echo ? 4 : 0)),
    destinationPort: quote.u16(transport + (echo ? 6 : 2)),
  }
}

/** `10.0.0.5:40000` or `[2001:db8::1]:80`. */
export function endpointText(address: Address, port: number): string {
  return address.family === 4 ? `${address}:${port}` : `[${address}]:${port}`
}

/** `0.0.0.0` or `::`. */
export function anyAddress(family: 4 | 6): Address {
  return new Address(family, 0, 0, 0, 0)
}
