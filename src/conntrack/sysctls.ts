/** Timeouts by TCP state, then the two shorter ones that doubts about a connection bring. In ms. */
export interface TcpTimeouts {
  readonly synSentMs: number
  readonly synRecvMs: number
  readonly establishedMs: number
  readonly finWaitMs: number
  readonly closeWaitMs: number
  readonly lastAckMs: number
  readonly timeWaitMs: number
  readonly closeMs: number
  /** The kernel's simultaneous open; it has no sysctl of its own. */
  readonly synSent2Ms: number
  readonly maxRetransMs: number
  readonly unacknowledgedMs: number
}

export interface SctpTimeouts {
  readonly closedMs: number
  readonly cookieWaitMs: number
  readonly cookieEchoedMs: number
  readonly establishedMs: number
  readonly shutdownSentMs: number
  readonly shutdownRecdMs: number
  readonly shutdownAckSentMs: number
  readonly heartbeatSentMs: number
}

/** `net.netfilter.nf_conntrack_*`, with Linux 6.18's defaults in {@link DEFAULT_SYSCTLS}. */
export interface ConntrackSysctls {
  readonly max: number
  readonly expectMax: number
  /** Packet and byte counters. */
  readonly acct: boolean
  /** Verify checksums in PREROUTING. */
  readonly checksum: boolean
  readonly tcpBeLiberal: boolean
  /** Pick up connections in the middle. */
  readonly tcpLoose: boolean
  readonly tcpMaxRetrans: number
  readonly tcpIgnoreInvalidRst: boolean
  readonly tcp: TcpTimeouts
  readonly udpMs: number
  readonly udpStreamMs: number
  readonly icmpMs: number
  readonly icmpv6Ms: number
  readonly genericMs: number
  readonly greMs: number
  readonly greStreamMs: number
  readonly sctp: SctpTimeouts
}

export const DEFAULT_SYSCTLS: ConntrackSysctls = {
  max: 262144,
  expectMax: 4096,
  acct: true,
  checksum: true,
  tcpBeLiberal: false,
  tcpLoose: true,
  tcpMaxRetrans: 3,
  tcpIgnoreInvalidRst: false,
  tcp: {
    synSentMs: 120_000,
    synRecvMs: 60_000,
    establishedMs: 432_000_000,
    finWaitMs: 120_000,
    closeWaitMs: 60_000,
    lastAckMs: 30_000,
    timeWaitMs: 120_000,
    closeMs: 10_000,
    synSent2Ms: 120_000,
    maxRetransMs: 300_000,
    unacknowledgedMs: 300_000,
  },
  udpMs: 30_000,
  udpStreamMs: 120_000,
  icmpMs: 30_000,
  icmpv6Ms: 30_000,
  genericMs: 600_000,
  greMs: 30_000,
  greStreamMs: 180_000,
  sctp: {
    closedMs: 10_000,
    cookieWaitMs: 3000,
    cookieEchoedMs: 3000,
    establishedMs: 210_000,
    shutdownSentMs: 3000,
    shutdownRecdMs: 3000,
    shutdownAckSentMs: 3000,
    heartbeatSentMs: 30_000,
  },
}

/**
 * The settings after one `sysctl -w name=value`.
 * @param name as the kernel calls it: `net.netfilter.nf_conntrack_tcp_loose`, `net.nf_conntrack_max`
 * @returns undefined for a name that connection tracking does not know
 */
export function withSysctl(
  sysctls: ConntrackSysctls,
  name: string,
  value: number,
): ConntrackSysctls | undefined {
  if (name === 'net.nf_conntrack_max') return { ...sysctls, max: value }
  const short = /^net\.netfilter\.nf_conntrack_(\w+)$/.exec(name)?.[1]
  if (short === undefined || !Object.hasOwn(SETTERS, short)) return undefined
  return SETTERS[short]!(sysctls, value)
}

/** Everything that `withSysctl` takes, for messages and completions. */
export function sysctlNames(): string[] {
  return ['net.nf_conntrack_max', ...Object.keys(SETTERS).map(name => `net.netfilter.nf_conntrack_${name}`)]
}

type Setter = (sysctls: ConntrackSysctls, value: number) => ConntrackSysctls

const seconds =
  (key: keyof ConntrackSysctls): Setter =>
  (sysctls, value) => ({ ...sysctls, [key]: value * 1000 })
const flag =
  (key: keyof ConntrackSysctls): Setter =>
  (sysctls, value) => ({ ...sysctls, [key]: value !== 0 })
const count =
  (key: keyof ConntrackSysctls): Setter =>
  (sysctls, value) => ({ ...sysctls, [key]: value })
const tcp =
  (key: keyof TcpTimeouts): Setter =>
  (sysctls, value) => ({ ...sysctls, tcp: { ...sysctls.tcp, [key]: value * 1000 } })
const sctp =
  (key: keyof SctpTimeouts): Setter =>
  (sysctls, value) => ({ ...sysctls, sctp: { ...sysctls.sctp, [key]: value * 1000 } })

const SETTERS: { readonly [name: string]: Setter } = {
  max: count('max'),
  expect_max: count('expectMax'),
  acct: flag('acct'),
  checksum: flag('checksum'),
  tcp_be_liberal: flag('tcpBeLiberal'),
  tcp_loose: flag('tcpLoose'),
  tcp_max_retrans: count('tcpMaxRetrans'),
  tcp_ignore_invalid_rst: flag('tcpIgnoreInvalidRst'),
  tcp_timeout_syn_sent: tcp('synSentMs'),
  tcp_timeout_syn_recv: tcp('synRecvMs'),
  tcp_timeout_established: tcp('establishedMs'),
  tcp_timeout_fin_wait: tcp('finWaitMs'),
  tcp_timeout_close_wait: tcp('closeWaitMs'),
  tcp_timeout_last_ack: tcp('lastAckMs'),
  tcp_timeout_time_wait: tcp('timeWaitMs'),
  tcp_timeout_close: tcp('closeMs'),
  tcp_timeout_max_retrans: tcp('maxRetransMs'),
  tcp_timeout_unacknowledged: tcp('unacknowledgedMs'),
  udp_timeout: seconds('udpMs'),
  udp_timeout_stream: seconds('udpStreamMs'),
  icmp_timeout: seconds('icmpMs'),
  icmpv6_timeout: seconds('icmpv6Ms'),
  generic_timeout: seconds('genericMs'),
  gre_timeout: seconds('greMs'),
  gre_timeout_stream: seconds('greStreamMs'),
  sctp_timeout_closed: sctp('closedMs'),
  sctp_timeout_cookie_wait: sctp('cookieWaitMs'),
  sctp_timeout_cookie_echoed: sctp('cookieEchoedMs'),
  sctp_timeout_established: sctp('establishedMs'),
  sctp_timeout_shutdown_sent: sctp('shutdownSentMs'),
  sctp_timeout_shutdown_recd: sctp('shutdownRecdMs'),
  sctp_timeout_shutdown_ack_sent: sctp('shutdownAckSentMs'),
  sctp_timeout_heartbeat_sent: sctp('heartbeatSentMs'),
}
