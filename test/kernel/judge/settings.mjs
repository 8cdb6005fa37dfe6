/** Sysctls of cases: timeouts, and what conntrack and routing let pass. */
import fc from 'fast-check'

export const TIMEOUTS = [
  'tcp_timeout_syn_sent',
  'tcp_timeout_syn_recv',
  'tcp_timeout_established',
  'tcp_timeout_fin_wait',
  'tcp_timeout_close_wait',
  'tcp_timeout_last_ack',
  'tcp_timeout_time_wait',
  'tcp_timeout_close',
  'tcp_timeout_max_retrans',
  'tcp_timeout_unacknowledged',
  'udp_timeout',
  'udp_timeout_stream',
  'icmp_timeout',
  'icmpv6_timeout',
  'generic_timeout',
].map(name => `net.netfilter.nf_conntrack_${name}`)

export const PROTOCOL_TIMEOUTS = [
  'udp_timeout',
  'udp_timeout_stream',
  'generic_timeout',
  'gre_timeout',
  'gre_timeout_stream',
  ...[
    'closed',
    'cookie_wait',
    'cookie_echoed',
    'established',
    'shutdown_sent',
    'shutdown_recd',
    'shutdown_ack_sent',
    'heartbeat_sent',
  ].map(state => `sctp_timeout_${state}`),
].map(name => `net.netfilter.nf_conntrack_${name}`)
/** All that there are. */
export const ALL_TIMEOUTS = [...new Set([...TIMEOUTS, ...PROTOCOL_TIMEOUTS])]

export const SWITCHES = fc.record(
  {
    'net.netfilter.nf_conntrack_tcp_loose': fc.constant(0),
    'net.netfilter.nf_conntrack_tcp_be_liberal': fc.constant(1),
    'net.netfilter.nf_conntrack_tcp_ignore_invalid_rst': fc.constant(1),
    'net.netfilter.nf_conntrack_tcp_max_retrans': fc.constantFrom(0, 1, 2),
    'net.netfilter.nf_conntrack_checksum': fc.constant(0),
    'net.netfilter.nf_conntrack_acct': fc.constant(0),
    'net.ipv4.conf.all.rp_filter': fc.constantFrom(1, 2),
    'net.ipv4.conf.all.route_localnet': fc.constant(1),
    'net.ipv4.conf.all.accept_local': fc.constant(1),
    'net.ipv4.conf.all.src_valid_mark': fc.constant(1),
    'net.ipv4.conf.all.forwarding': fc.constantFrom(0, 1, 1, 1),
  },
  { requiredKeys: [] },
)
/** Timeouts short enough to run out (no two sums of waits come near a whole second), and switches. */
export function settings(timeouts) {
  const short = fc.record(Object.fromEntries(timeouts.map(name => [name, fc.constantFrom(2, 3, 4)])), {
    requiredKeys: [],
  })
  return fc.tuple(short, SWITCHES).map(([a, b]) => ({ ...a, ...b }))
}
