import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import { GENERIC_TRACKER } from './generic.ts'
import { GRE_TRACKER } from './gre.ts'
import { ICMP_TRACKER } from './icmp.ts'
import { ICMPV6_TRACKER } from './icmp6.ts'
import { SCTP_TRACKER } from './sctp.ts'
import { TCP_TRACKER } from './tcp.ts'
import type { ProtocolTracker } from './tracker.ts'
import { UDP_TRACKER, UDPLITE_TRACKER } from './udp.ts'

/** Who tracks a protocol. Linux 6.18 has no tracker for DCCP any more: like all others, it is generic. */
export function trackerOf(protocol: number): ProtocolTracker {
  switch (protocol) {
    case IPPROTO_TCP:
      return TCP_TRACKER
    case IPPROTO_UDP:
      return UDP_TRACKER
    case IPPROTO_ICMP:
      return ICMP_TRACKER
    case IPPROTO_ICMPV6:
      return ICMPV6_TRACKER
    case IPPROTO_SCTP:
      return SCTP_TRACKER
    case IPPROTO_UDPLITE:
      return UDPLITE_TRACKER
    case IPPROTO_GRE:
      return GRE_TRACKER
    default:
      return GENERIC_TRACKER
  }
}
