import type { MatchExtension } from '../extension.ts'
import { addrtype } from './addrtype.ts'
import { bpf } from './bpf.ts'
import { cgroup } from './cgroup.ts'
import { cluster } from './cluster.ts'
import { comment } from './comment.ts'
import { connbytes } from './connbytes.ts'
import { connlabel } from './connlabel.ts'
import { connlimit } from './connlimit.ts'
import { conntrack } from './conntrack.ts'
import { cpu } from './cpu.ts'
import { dccp } from './dccp.ts'
import { devgroup, eui64, mac, physdev } from './devices.ts'
import { ecn } from './ecn.ts'
import { frag } from './frag.ts'
import { hashlimit } from './hashlimit.ts'
import { dscp, hl, length, tos, ttl } from './header-fields.ts'
import { helper } from './helper.ts'
import { icmp, icmp6 } from './icmp.ts'
import { iprange } from './iprange.ts'
import { ipv6header } from './ipv6header.ts'
import { limit } from './limit.ts'
import { connmark, mark } from './marks.ts'
import { mh } from './mh.ts'
import { multiport } from './multiport.ts'
import { dst, hbh } from './options-headers.ts'
import { osf } from './osf.ts'
import { owner } from './owner.ts'
import { pkttype } from './pkttype.ts'
import { policy } from './policy.ts'
import { quota } from './quota.ts'
import { rateest } from './rateest.ts'
import { realm } from './realm.ts'
import { recent } from './recent.ts'
import { rpfilter } from './rpfilter.ts'
import { rt } from './rt.ts'
import { sctp } from './sctp.ts'
import { set } from './set.ts'
import { socket } from './socket.ts'
import { ah, ah6, esp, ipcomp } from './spi.ts'
import { srh } from './srh.ts'
import { state } from './state.ts'
import { statistic } from './statistic.ts'
import { string } from './string.ts'
import { tcp } from './tcp.ts'
import { tcpmss } from './tcpmss.ts'
import { time } from './time.ts'
import { u32 } from './u32.ts'
import { udp } from './udp.ts'

/** Every match the simulator models: one line each. */
export const MATCHES: readonly MatchExtension[] = [
  addrtype,
  ah,
  ah6,
  bpf,
  cgroup,
  cluster,
  comment,
  connbytes,
  connlabel,
  connlimit,
  connmark,
  conntrack,
  cpu,
  dccp,
  devgroup,
  dscp,
  dst,
  ecn,
  esp,
  eui64,
  frag,
  hashlimit,
  hbh,
  helper,
  hl,
  icmp,
  icmp6,
  ipcomp,
  iprange,
  ipv6header,
  length,
  limit,
  mac,
  mark,
  mh,
  multiport,
  osf,
  owner,
  physdev,
  pkttype,
  policy,
  quota,
  rateest,
  realm,
  recent,
  rpfilter,
  rt,
  sctp,
  set,
  socket,
  srh,
  state,
  statistic,
  string,
  tcp,
  tcpmss,
  time,
  tos,
  ttl,
  u32,
  udp,
]
