import type { NatRange } from '../conntrack/nat-range.ts'
import { Tuple } from '../conntrack/tuple.ts'
import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import type { Manip } from './manip.ts'

/** Would this tuple's source satisfy the range? (`nf_in_range`) */
export function sourceInRange(tuple: Tuple, range: NatRange): boolean {
  if (range.minAddress !== undefined && !addressInRange(tuple, range)) return false
  return range.minPort === undefined || portInRange(tuple, 'source', range)
}

function addressInRange({ source }: Tuple, { minAddress, maxAddress = minAddress }: NatRange): boolean {
  return source.compare(minAddress!) >= 0 && source.compare(maxAddress!) <= 0
}

/** Is the port that would be changed between the range's ports? Protocols without ports always are (`l4proto_in_range`). */
export function portInRange(tuple: Tuple, manip: Manip, range: NatRange): boolean {
  if (!hasPort(tuple.protocol)) return true
  const port = portOf(tuple, manip)
  return port >= range.minPort! && port <= maxPortOf(range)
}

/** The port of one end; an ICMP id is the same for both and lives in `sport`. */
export function portOf(tuple: Tuple, manip: Manip): number {
  return manip === 'source' || isIcmp(tuple.protocol) ? tuple.sport : tuple.dport
}

export function maxPortOf(range: NatRange): number {
  return range.maxPort ?? range.minPort!
}

export function isIcmp(protocol: number): boolean {
  return protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6
}

/** The protocols whose tuples NAT can make unique by a port, an id or a key. */
export function hasPort(protocol: number): boolean {
  switch (protocol) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_SCTP:
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
    case IPPROTO_GRE:
      return true
    default:
      return false
  }
}

/** The tuple with another port (or id, or key) in the half that is changed. */
export function withPort(tuple: Tuple, manip: Manip, port: number): Tuple {
  const { source, destination, protocol, sport, dport } = tuple
  return isIcmp(protocol) || manip === 'source'
    ? new Tuple(source, destination, protocol, port, dport)
    : new Tuple(source, destination, protocol, sport, port)
}
