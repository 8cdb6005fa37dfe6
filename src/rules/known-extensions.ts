import type { Family } from '../address.ts'

/**
 * The extensions that iptables 1.8.9 comes with. Whatever of these is not in the registry is refused as "not modelled",
 * which is another thing than "no such match".
 */

const BOTH_MATCHES = words(`
addrtype ah bpf cgroup cluster comment connbytes connlabel connlimit connmark conntrack cpu dccp
devgroup dscp ecn esp hashlimit helper ipcomp iprange ipvs length limit mac mark multiport nfacct
owner physdev pkttype policy quota rateest recent rpfilter sctp set socket standard state
statistic string tcp tcpmss time tos u32 udp
`)

const BOTH_TARGETS = words(`
AUDIT CHECKSUM CLASSIFY CONNMARK CONNSECMARK CT DNAT DSCP HMARK IDLETIMER LED LOG MARK MASQUERADE
NETMAP NFLOG NFQUEUE NOTRACK RATEEST REDIRECT REJECT SECMARK SET SNAT SYNPROXY TCPMSS TCPOPTSTRIP
TEE TOS TPROXY TRACE
`)

export const KNOWN_MATCHES: Readonly<Record<Family, readonly string[]>> = {
  4: [...BOTH_MATCHES, ...words('icmp osf realm ttl')],
  6: [...BOTH_MATCHES, ...words('dst eui64 frag hbh hl icmp6 ipv6header mh rt srh')],
}

export const KNOWN_TARGETS: Readonly<Record<Family, readonly string[]>> = {
  4: [...BOTH_TARGETS, ...words('CLUSTERIP ECN TTL ULOG')],
  6: [...BOTH_TARGETS, ...words('DNPT HL SNPT')],
}

/** Why some of them are not modelled. */
export const NOT_MODELLED: Readonly<Record<string, string>> = {
  ipvs: 'the reference kernel is built without IPVS',
  nfacct: 'its objects are made through netlink, and rules that name none are refused',
  CLUSTERIP: 'the reference kernel has it no more',
  LED: 'the reference kernel is built without LED triggers',
  SECMARK: 'the reference kernel runs no security module',
  ULOG: 'the reference kernel has it no more; use NFLOG',
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}
