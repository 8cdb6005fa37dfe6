import { Address } from '../../src/address.ts'
import { Connection, type CtInfo, Status } from '../../src/conntrack/connection.ts'
import { invertTuple, type Tuple } from '../../src/conntrack/tuple.ts'
import {
  internetChecksum,
  sctpChecksum,
  writeIpv4Checksum,
  writeTransportChecksum,
} from '../../src/packet/checksum.ts'
import { Skb } from '../../src/packet/skb.ts'
import { tuple } from './support.ts'

/** The bytes of an IP packet around a transport header whose checksum is filled in. */
export function ip(
  source: string,
  destination: string,
  protocol: number,
  transport: readonly number[],
): Uint8Array {
  const from = Address.parse(source)
  const header = from.family === 4 ? 20 : 40
  const bytes = new Uint8Array(header + transport.length)
  const view = new DataView(bytes.buffer)
  if (from.family === 4) {
    bytes.set([0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, protocol])
    view.setUint16(2, bytes.length)
  } else {
    bytes.set([0x60, 0, 0, 0, 0, 0, protocol, 64])
    view.setUint16(4, transport.length)
  }
  from.write(bytes, from.family === 4 ? 12 : 8)
  Address.parse(destination).write(bytes, from.family === 4 ? 16 : 24)
  bytes.set(transport, header)
  if (from.family === 4) writeIpv4Checksum(bytes)
  writeTransportChecksum(bytes, from.family, protocol, header)
  return bytes
}

const u16 = (value: number) => [value >> 8, value & 0xff]
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)]
const ascii = (text: string) => [...text].map(character => character.charCodeAt(0))

export interface Segment {
  readonly seq?: number
  readonly ack?: number
  readonly flags?: number
  readonly options?: readonly number[]
  readonly data?: string
}

/** A packet of a tuple: its ports, with whatever else is given. */
export function packet(of: string | Tuple, segment: Segment = {}): Uint8Array {
  const { source, destination, protocol, sport, dport } = typeof of === 'string' ? tuple(of) : of
  const { seq = 1, ack = 0, flags = 0x18, options = [], data = '' } = segment
  const transport = () => {
    switch (protocol) {
      case 6:
        return [
          ...u16(sport),
          ...u16(dport),
          ...u32(seq),
          ...u32(ack),
          (5 + options.length / 4) << 4,
          flags,
          255,
          255,
          0,
          0,
          0,
          0,
          ...options,
          ...ascii(data),
        ]
      case 17:
      case 136:
        return [...u16(sport), ...u16(dport), ...u16(8 + data.length), 0, 0, ...ascii(data)]
      case 1:
      case 58:
        return [dport >> 8, dport & 0xff, 0, 0, ...u16(sport), 0, 1, ...ascii(data)]
      case 47:
        return [0x30, 0x01, 0x88, 0x0b, 0, 0, ...u16(dport), ...u32(1), ...u32(2)]
      case 132:
        return [...u16(sport), ...u16(dport), ...u32(0xdecaf), 0, 0, 0, 0, ...ascii(data)]
      default:
        return ascii(data)
    }
  }
  return ip(source.toString(), destination.toString(), protocol, transport())
}

/** An ICMP error from a router to somebody, quoting (a part of) a packet. */
export function icmpError(
  from: string,
  to: string,
  type: number,
  quote: Uint8Array,
  length = quote.length,
): Uint8Array {
  const v4 = !from.includes(':')
  return ip(from, to, v4 ? 1 : 58, [type, 1, 0, 0, 0, 0, 0, 0, ...quote.subarray(0, length)])
}

/** A packet of a connection, as it stands in a hook. */
export function skbOf(bytes: Uint8Array, connection: Connection, ctInfo: CtInfo): Skb {
  const skb = new Skb(bytes[0]! >> 4 === 4 ? 4 : 6, bytes)
  skb.connection = connection
  skb.ctInfo = ctInfo
  return skb
}

/** A translated connection in mid-life: what its packets look like before and after. */
export function translated(before: string, after: string): Connection {
  const connection = new Connection(tuple(before), invertTuple(tuple(after))!)
  const to = tuple(after)
  connection.status = Status.CONFIRMED | Status.SRC_NAT_DONE | Status.DST_NAT_DONE
  const icmp = to.protocol === 1 || to.protocol === 58
  if (!to.source.equals(connection.original.source) || to.sport !== connection.original.sport)
    connection.status |= Status.SRC_NAT
  if (
    !to.destination.equals(connection.original.destination) ||
    (!icmp && to.dport !== connection.original.dport)
  )
    connection.status |= Status.DST_NAT
  return connection
}

/** Does the whole packet add up: IP header and transport? */
export function checksumsAreRight(bytes: Uint8Array): boolean {
  const skb = new Skb(bytes[0]! >> 4 === 4 ? 4 : 6, bytes)
  if (skb.family === 4 && internetChecksum(bytes, 0, 20) !== 0) return false
  const at = skb.transportOffset
  if (skb.protocol === 132) return skb.u32(at + 8) === sctpChecksum(bytes, at, bytes.length)
  const copy = bytes.slice()
  writeTransportChecksum(copy, skb.family, skb.protocol, at)
  return copy.every((byte, i) => byte === bytes[i])
}
