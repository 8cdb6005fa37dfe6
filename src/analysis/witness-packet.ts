import type { Address } from '../address.ts'
import { esp, icmp, icmp6, proto, sctp, tcp, udp, udplite } from '../packet/constructors.ts'
import type { Packet } from '../packet/packet.ts'
import {
  IPPROTO_ESP,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import type { HeaderPoint } from './header.ts'

/** The letters of `tcp({ flags })`, least significant bit first. */
const FLAG_LETTERS = 'FSRPAU'

/** What a packet made from a point may have different. */
export interface PacketChanges {
  readonly ttl?: number
  readonly sequence?: number
  readonly acknowledgment?: number
  /** What an ICMP error is about. */
  readonly quote?: Packet
}

/**
 * The packet that a point describes: its header fields, the length made up with zeros.
 *
 * @throws RangeError for what the constructors cannot make (fragments and truncated packets too)
 */
export function packetOf(point: HeaderPoint, changes: PacketChanges = {}): Packet {
  const { protocol, source, destination, tos, length, kind } = point
  if (kind !== 'whole') throw new RangeError(`a ${kind} packet cannot be made`)
  const v6 = source.family === 6
  const ip = v6 ? 40 : 20
  const ttl = changes.ttl ?? point.ttl
  const common = { tos, ttl }
  const plain = { ...common, from: source.toString(), to: destination.toString() }
  const ports = { ...common, from: endpoint(source, point.sport), to: endpoint(destination, point.dport) }
  const sum = point.state === 'INVALID' ? ({ checksum: 'bad' } as const) : {}
  const data = (header: number): { readonly data: number } => ({ data: Math.max(0, length - ip - header) })
  switch (protocol) {
    case IPPROTO_TCP: {
      const { sequence: seq = 1000, acknowledgment: ack = 0 } = changes
      return tcp({ ...ports, ...sum, ...data(20), flags: flagLetters(point.flags), seq, ack })
    }
    case IPPROTO_UDP:
      return udp({ ...ports, ...sum, ...data(8) })
    case IPPROTO_UDPLITE:
      return udplite({ ...ports, ...sum, ...data(8) })
    case IPPROTO_SCTP:
      return sctp({ ...ports, tag: 0, chunks: [] })
    case IPPROTO_ESP:
      return esp({ ...plain, ...data(8), spi: 1 })
    case v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP: {
      const { icmpType: type, icmpCode: code } = point
      const { quote } = changes
      const make = v6 ? icmp6 : icmp
      const payload = quote === undefined ? data(8) : { quote }
      return make({ ...plain, ...sum, ...payload, type, code, id: 77 })
    }
    default:
      return proto(protocol, { ...plain, ...data(0) })
  }
}

/** TCP's flags as the constructors take them: `SA`. */
export function flagLetters(flags: number): string {
  return [...FLAG_LETTERS].filter((_, bit) => (flags & (1 << bit)) !== 0).join('')
}

function endpoint(address: Address, port: number): string {
  return address.family === 6 ? `[${address}]:${port}` : `${address}:${port}`
}

/** The answer's point: ends, ports and devices swapped. */
export function swapped(point: HeaderPoint, changes: Partial<HeaderPoint> = {}): HeaderPoint {
  const { source, destination, sport, dport, in: input, out } = point
  return {
    ...point,
    source: destination,
    destination: source,
    sport: dport,
    dport: sport,
    in: out,
    out: input,
    icmpType: answerType(point),
    ...changes,
  }
}

const ECHO_PAIRS: readonly (readonly [number, number])[] = [
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
  [128, 129],
]

function answerType({ icmpType }: HeaderPoint): number {
  for (const [request, reply] of ECHO_PAIRS) {
    if (icmpType === request) return reply
    if (icmpType === reply) return request
  }
  return icmpType
}
