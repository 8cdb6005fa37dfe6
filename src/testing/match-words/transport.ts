import fc from 'fast-check'
import { joined, listOf, maybe, maybeNot, oneOf, port, portRange, type ThemeWords, upTo } from '../words.ts'

/** Protocols that `multiport` knows the ports of. */
const TRANSPORT = [6, 17, 132, 136]

const tcpFlags = fc.oneof(
  oneOf(
    '--tcp-flags SYN,ACK SYN,ACK',
    '--tcp-flags ALL NONE',
    '--tcp-flags FIN FIN',
    '--tcp-flags RST RST',
    '--tcp-flags SYN,RST,ACK,FIN SYN',
    '--tcp-flags ALL ACK,PSH',
  ),
  fc
    .tuple(
      listOf('SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH'),
      fc.oneof(listOf('SYN', 'ACK', 'FIN', 'RST', 'URG', 'PSH'), fc.constant('NONE')),
    )
    .map(([mask, set]) => `--tcp-flags ${mask} ${set}`),
)

const CHUNKS = [
  'DATA',
  'INIT',
  'INIT_ACK',
  'SACK',
  'HEARTBEAT',
  'HEARTBEAT_ACK',
  'ABORT',
  'SHUTDOWN',
  'ERROR',
]
const CHUNKS_LATE = [
  'SHUTDOWN_ACK',
  'COOKIE_ECHO',
  'COOKIE_ACK',
  'SHUTDOWN_COMPLETE',
  'ASCONF',
  'FORWARD_TSN',
]

const chunkTypes = fc.oneof(
  oneOf(
    '--chunk-types any INIT',
    '--chunk-types only DATA',
    '--chunk-types only DATA,SACK',
    '--chunk-types all INIT',
    '--chunk-types any ABORT:t',
    '--chunk-types any DATA:BE',
    '--chunk-types all ALL',
    '--chunk-types any NONE',
    '--chunk-types only SHUTDOWN_COMPLETE:T,DATA:uBE',
  ),
  fc
    .tuple(oneOf('any', 'all', 'only'), listOf(...CHUNKS, ...CHUNKS_LATE))
    .map(([how, list]) => `--chunk-types ${how} ${list}`),
)

/** What the transport header shows. */
export const TRANSPORT_WORDS: ThemeWords = {
  ah: {
    words: ({ site }) =>
      site.family === 4
        ? joined(maybeNot(oneOf('--ahspi 1:1000', '--ahspi 300')))
        : joined(
            maybeNot(oneOf('--ahspi 1:1000', '--ahspi 300')),
            maybe(oneOf('--ahres', '--ahlen 24', '! --ahlen 16')),
          ),
  },
  dccp: {
    words: () =>
      joined(
        maybe(maybeNot(portRange.map(range_ => `--sport ${range_}`))),
        maybe(maybeNot(portRange.map(range_ => `--dport ${range_}`))),
        maybe(
          maybeNot(oneOf('--dccp-types REQUEST', '--dccp-types RESPONSE,DATA,ACK', '--dccp-types INVALID')),
        ),
        maybe(maybeNot(oneOf('--dccp-option 1', '--dccp-option 65', '--dccp-option 41'))),
      ),
  },
  esp: { words: () => maybeNot(oneOf('--espspi 300', '--espspi 256:512', '--espspi 1', '--espspi :300')) },
  icmp: {
    words: () =>
      maybeNot(
        fc.oneof(
          oneOf(
            '--icmp-type echo-request',
            '--icmp-type 0',
            '--icmp-type 3',
            '--icmp-type 3/4',
            '--icmp-type port-unreachable',
            '--icmp-type any',
            '--icmp-type redirect',
            '--icmp-type 13',
          ),
          oneOf(
            '--icmp-type destination-unreachable',
            '--icmp-type host-unreachable',
            '--icmp-type fragmentation-needed',
            '--icmp-type time-exceeded',
            '--icmp-type ttl-exceeded',
            '--icmp-type echo-reply',
            '--icmp-type parameter-problem',
            '--icmp-type source-quench',
            '--icmp-type 11/0',
            '--icmp-type 255',
          ),
        ),
      ),
  },
  icmp6: {
    words: () =>
      maybeNot(
        oneOf(
          '--icmpv6-type echo-request',
          '--icmpv6-type 129',
          '--icmpv6-type 1',
          '--icmpv6-type 1/4',
          '--icmpv6-type port-unreachable',
          '--icmpv6-type packet-too-big',
          '--icmpv6-type neighbour-solicitation',
          '--icmpv6-type destination-unreachable',
          '--icmpv6-type no-route',
          '--icmpv6-type ttl-exceeded',
          '--icmpv6-type echo-reply',
          '--icmpv6-type 4/1',
        ),
      ),
  },
  ipcomp: {
    words: () =>
      joined(
        maybeNot(oneOf('--ipcompspi 80', '--ipcompspi 256:512', '--ipcompspi 0')),
        maybe(fc.constant('--compres')),
      ),
  },
  multiport: {
    protocols: TRANSPORT,
    words: () =>
      fc
        .tuple(
          maybeNot(oneOf('--dports', '--sports', '--ports')),
          fc.array(port, { minLength: 1, maxLength: 8 }),
          fc.option(fc.tuple(port, port)),
        )
        .map(([option, ports, span]) => {
          const spans =
            span !== null && span[0] !== span[1] ? [`${Math.min(...span)}:${Math.max(...span)}`] : []
          return `${option} ${[...ports, ...spans].join(',')}`
        }),
  },
  osf: {
    words: () =>
      joined(maybeNot(fc.constant('--genre Linux')), maybe(oneOf('--ttl 0', '--ttl 2', '--log 0'))),
  },
  sctp: {
    words: () =>
      joined(
        maybe(maybeNot(portRange.map(range_ => `--sport ${range_}`))),
        maybe(maybeNot(portRange.map(range_ => `--dport ${range_}`))),
        maybeNot(chunkTypes),
      ),
  },
  tcp: {
    words: () =>
      joined(
        maybe(maybeNot(portRange.map(range_ => `--sport ${range_}`))),
        maybe(maybeNot(portRange.map(range_ => `--dport ${range_}`))),
        maybe(fc.oneof(maybeNot(fc.constant('--syn')), maybeNot(tcpFlags))),
        maybe(
          maybeNot(
            fc.oneof(
              oneOf('--tcp-option 2', '--tcp-option 3', '--tcp-option 8', '--tcp-option 4', '--tcp-option 5'),
              fc.integer({ min: 1, max: 255 }).map(n => `--tcp-option ${n}`),
            ),
          ),
        ),
      ),
  },
  tcpmss: {
    protocols: [6],
    words: () =>
      maybeNot(
        fc.oneof(
          oneOf('--mss 1460', '--mss 1:1460', '--mss 1461:65535', '--mss 536'),
          fc.tuple(upTo(2000), upTo(2000)).map(([from, more]) => `--mss ${from}:${from + more}`),
        ),
      ),
  },
  udp: {
    words: () =>
      joined(
        maybe(maybeNot(portRange.map(range_ => `--sport ${range_}`))),
        maybe(maybeNot(portRange.map(range_ => `--dport ${range_}`))),
      ),
  },
}
