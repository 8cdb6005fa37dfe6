import type { MatchExtension } from '../extension.ts'
import { addrtype } from './addrtype.ts'
import { comment } from './comment.ts'
import { connlimit } from './connlimit.ts'
import { conntrack } from './conntrack.ts'
import { hashlimit } from './hashlimit.ts'
import { dscp, hl, length, tos, ttl } from './header-fields.ts'
import { icmp, icmp6 } from './icmp.ts'
import { iprange } from './iprange.ts'
import { limit } from './limit.ts'
import { connmark, mark } from './marks.ts'
import { multiport } from './multiport.ts'
import { pkttype } from './pkttype.ts'
import { recent } from './recent.ts'
import { rpfilter } from './rpfilter.ts'
import { state } from './state.ts'
import { tcp } from './tcp.ts'
import { udp } from './udp.ts'

/** Every match the simulator models: one line each. */
export const MATCHES: readonly MatchExtension[] = [
  addrtype,
  comment,
  connlimit,
  connmark,
  conntrack,
  dscp,
  hashlimit,
  hl,
  icmp,
  icmp6,
  iprange,
  length,
  limit,
  mark,
  multiport,
  pkttype,
  recent,
  rpfilter,
  state,
  tcp,
  tos,
  ttl,
  udp,
]
