/** A row of /etc/protocols: the official name, the number, and the other names `getprotobyname` knows. */
export interface ProtocolRow {
  readonly name: string
  readonly number: number
  readonly aliases: readonly string[]
}

/** Debian 12's /etc/protocols (netbase), in its order; the order decides which name a number prints as. */
const PROTOCOLS: readonly ProtocolRow[] = [
  { name: 'ip', number: 0, aliases: ['IP'] },
  { name: 'hopopt', number: 0, aliases: ['HOPOPT'] },
  { name: 'icmp', number: 1, aliases: ['ICMP'] },
  { name: 'igmp', number: 2, aliases: ['IGMP'] },
  { name: 'ggp', number: 3, aliases: ['GGP'] },
  { name: 'ipencap', number: 4, aliases: ['IP-ENCAP'] },
  { name: 'st', number: 5, aliases: ['ST'] },
  { name: 'tcp', number: 6, aliases: ['TCP'] },
  { name: 'egp', number: 8, aliases: ['EGP'] },
  { name: 'igp', number: 9, aliases: ['IGP'] },
  { name: 'pup', number: 12, aliases: ['PUP'] },
  { name: 'udp', number: 17, aliases: ['UDP'] },
  { name: 'hmp', number: 20, aliases: ['HMP'] },
  { name: 'xns-idp', number: 22, aliases: ['XNS-IDP'] },
  { name: 'rdp', number: 27, aliases: ['RDP'] },
  { name: 'iso-tp4', number: 29, aliases: ['ISO-TP4'] },
  { name: 'dccp', number: 33, aliases: ['DCCP'] },
  { name: 'xtp', number: 36, aliases: ['XTP'] },
  { name: 'ddp', number: 37, aliases: ['DDP'] },
  { name: 'idpr-cmtp', number: 38, aliases: ['IDPR-CMTP'] },
  { name: 'ipv6', number: 41, aliases: ['IPv6'] },
  { name: 'ipv6-route', number: 43, aliases: ['IPv6-Route'] },
  { name: 'ipv6-frag', number: 44, aliases: ['IPv6-Frag'] },
  { name: 'idrp', number: 45, aliases: ['IDRP'] },
  { name: 'rsvp', number: 46, aliases: ['RSVP'] },
  { name: 'gre', number: 47, aliases: ['GRE'] },
  { name: 'esp', number: 50, aliases: ['IPSEC-ESP'] },
  { name: 'ah', number: 51, aliases: ['IPSEC-AH'] },
  { name: 'skip', number: 57, aliases: ['SKIP'] },
  { name: 'ipv6-icmp', number: 58, aliases: ['IPv6-ICMP'] },
  { name: 'ipv6-nonxt', number: 59, aliases: ['IPv6-NoNxt'] },
  { name: 'ipv6-opts', number: 60, aliases: ['IPv6-Opts'] },
  { name: 'rspf', number: 73, aliases: ['RSPF', 'CPHB'] },
  { name: 'vmtp', number: 81, aliases: ['VMTP'] },
  { name: 'eigrp', number: 88, aliases: ['EIGRP'] },
  { name: 'ospf', number: 89, aliases: ['OSPFIGP'] },
  { name: 'ax.25', number: 93, aliases: ['AX.25'] },
  { name: 'ipip', number: 94, aliases: ['IPIP'] },
  { name: 'etherip', number: 97, aliases: ['ETHERIP'] },
  { name: 'encap', number: 98, aliases: ['ENCAP'] },
  { name: 'pim', number: 103, aliases: ['PIM'] },
  { name: 'ipcomp', number: 108, aliases: ['IPCOMP'] },
  { name: 'vrrp', number: 112, aliases: ['VRRP'] },
  { name: 'l2tp', number: 115, aliases: ['L2TP'] },
  { name: 'isis', number: 124, aliases: ['ISIS'] },
  { name: 'sctp', number: 132, aliases: ['SCTP'] },
  { name: 'fc', number: 133, aliases: ['FC'] },
  { name: 'mobility-header', number: 135, aliases: ['Mobility-Header'] },
  { name: 'udplite', number: 136, aliases: ['UDPLite'] },
  { name: 'mpls-in-ip', number: 137, aliases: ['MPLS-in-IP'] },
  { name: 'manet', number: 138, aliases: [] },
  { name: 'hip', number: 139, aliases: ['HIP'] },
  { name: 'shim6', number: 140, aliases: ['Shim6'] },
  { name: 'wesp', number: 141, aliases: ['WESP'] },
  { name: 'rohc', number: 142, aliases: ['ROHC'] },
  { name: 'ethernet', number: 143, aliases: ['Ethernet'] },
  { name: 'mptcp', number: 262, aliases: ['MPTCP'] },
]

const numberOf = new Map<string, number>()
const nameOf = new Map<number, string>()
for (const { name, number, aliases } of PROTOCOLS) {
  if (!nameOf.has(number)) nameOf.set(number, name)
  for (const key of [name, ...aliases]) if (!numberOf.has(key)) numberOf.set(key, number)
}

/** `getprotobyname`: exact spelling, aliases included (`TCP` is one). Undefined for an unknown name. */
export function protocolNumber(name: string): number | undefined {
  return numberOf.get(name)
}

/** `getprotobynumber`: the first row with that number. Undefined where Debian has no row. */
export function protocolName(number: number): string | undefined {
  return nameOf.get(number)
}

export const IPPROTO_ICMP = 1
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
export const IPPROTO_DCCP = 33
export const IPPROTO_GRE = 47
export const IPPROTO_ESP = 50
export const IPPROTO_AH = 51
export const IPPROTO_ICMPV6 = 58
export const IPPROTO_SCTP = 132
export const IPPROTO_UDPLITE = 136
