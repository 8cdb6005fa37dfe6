import type { MatchExtension } from '../extension.ts'
import { addrtype } from './addrtype.ts'
import { comment } from './comment.ts'
import { connbytes } from './connbytes.ts'
import { connlimit } from './connlimit.ts'
import { conntrack } from './conntrack.ts'
import { hashlimit } from './hashlimit.ts'
import { dscp, hl, length, tos, ttl } from './header-fields.ts'
import { helper } from './helper.ts'
import { icmp, icmp6 } from './icmp.ts'
import { iprange } from './iprange.ts'
import { limit } from './limit.ts'
import { connmark, mark } from './marks.ts'
import { multiport } from './multiport.ts'
import { pkttype } from './pkttype.ts'
import { quota } from './quota.ts'
import { recent } from './recent.ts'
import { rpfilter } from './rpfilter.ts'
import { state } from './state.ts'
import { statistic } from './statistic.ts'
import { string } from './string.ts'
import { tcp } from './tcp.ts'
import { u32 } from './u32.ts'
import { udp } from './udp.ts'

/** Every match the simulator models: one line each. */
export const MATCHES: readonly MatchExtension[] = [
  addrtype,
  comment,
  connbytes,
  connlimit,
  connmark,
  conntrack,
  dscp,
  hashlimit,
  helper,
  hl,
  icmp,
  icmp6,
  iprange,
  length,
  limit,
  mark,
  multiport,
  pkttype,
  quota,
  recent,
  rpfilter,
  state,
  statistic,
  string,
  tcp,
  tos,
  ttl,
  u32,
  udp,
]
