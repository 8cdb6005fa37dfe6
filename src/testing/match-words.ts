import fc from 'fast-check'
import { matchExtension } from '../rules/registry.ts'
import {
  address,
  addresses,
  joined,
  maybe,
  maybeNot,
  oneOf,
  port,
  portRange,
  type WordContext,
  type Words,
} from './words.ts'

interface MatchWords {
  /** The protocols a rule must name besides what the extension itself asks for. */
  readonly protocols?: readonly number[]
  readonly words: Words
}

const TRANSPORT = [6, 17, 132, 136]

/**
 * For every match the simulator models, texts that iptables accepts. What depends on the machine's clock or on chance
 * is left out (`time` with dates, `statistic --mode random`), rates are slow enough that milliseconds do not show.
 */
export const MATCH_WORDS: { readonly [name: string]: MatchWords } = {
  addrtype: {
    words: at =>
      joined(
        maybeNot(oneOf('--dst-type', '--src-type')),
        at.site.family === 4
          ? oneOf('LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST', 'ANYCAST', 'LOCAL,BROADCAST', 'UNSPEC')
          : oneOf('LOCAL', 'UNICAST', 'MULTICAST', 'ANYCAST', 'UNSPEC'),
        maybe(limitIface(at)),
      ),
  },
  ah: {
    words: ({ site }) =>
      site.family === 4
        ? joined(maybeNot(oneOf('--ahspi 1:1000', '--ahspi 300')))
        : joined(
            maybeNot(oneOf('--ahspi 1:1000', '--ahspi 300')),
            maybe(oneOf('--ahres', '--ahlen 24', '! --ahlen 16')),
          ),
  },
  bpf: {
    words: () =>
      oneOf(
        '--bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"',
        '--bytecode "4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0"',
        '--bytecode "4,32 0 0 0,53 0 1 0,6 0 0 65535,6 0 0 0"',
        '--bytecode "5,40 0 0 20,21 1 0 80,6 0 0 0,128 0 0 0,6 0 0 1"',
        '--bytecode "5,48 0 0 6,84 0 0 31,21 0 1 0,6 0 0 1,6 0 0 0"',
        '--bytecode "3,177 0 0 0,72 0 0 2,22 0 0 0"',
      ),
  },
  comment: { words: () => oneOf('--comment web', '--comment "two words"', '--comment "it\'s \\"quoted\\""') },
  connbytes: {
    words: () =>
      joined(
        maybeNot(
          oneOf(
            '--connbytes 2',
            '--connbytes 0:1',
            '--connbytes 3:100',
            '--connbytes 100:',
            '--connbytes 60:70',
          ),
        ),
        oneOf('--connbytes-dir both', '--connbytes-dir original', '--connbytes-dir reply'),
        oneOf('--connbytes-mode packets', '--connbytes-mode bytes', '--connbytes-mode avgpkt'),
      ),
  },
  connlimit: {
    words: ({ site }) =>
      joined(
        oneOf('--connlimit-above 1', '--connlimit-upto 1', '--connlimit-above 0', '--connlimit-upto 2'),
        maybe(oneOf('--connlimit-mask 0', site.family === 4 ? '--connlimit-mask 24' : '--connlimit-mask 64')),
        maybe(oneOf('--connlimit-saddr', '--connlimit-daddr')),
      ),
  },
  connmark: { words: () => markValue() },
  conntrack: { words: at => conntrackWords(at) },
  devgroup: { words: ({ hooks }) => deviceGroups(hooks.includes('OUTPUT') || hooks.includes('POSTROUTING')) },
  dscp: {
    words: () =>
      maybeNot(oneOf('--dscp 0', '--dscp 0x04', '--dscp-class EF', '--dscp-class AF11', '--dscp-class CS1')),
  },
  dst: { words: () => optionsHeader('dst') },
  ecn: {
    words: ({ protocol }) =>
      protocol === 6
        ? maybeNot(
            oneOf(
              '--ecn-ip-ect 0',
              '--ecn-ip-ect 1',
              '--ecn-ip-ect 2',
              '--ecn-ip-ect 3',
              '--ecn-tcp-cwr',
              '--ecn-tcp-ece',
            ),
          )
        : maybeNot(oneOf('--ecn-ip-ect 0', '--ecn-ip-ect 1', '--ecn-ip-ect 2', '--ecn-ip-ect 3')),
  },
  esp: { words: () => maybeNot(oneOf('--espspi 300', '--espspi 256:512', '--espspi 1')) },
  eui64: { words: () => fc.constant('') },
  frag: {
    words: () =>
      joined(
        maybe(maybeNot(oneOf('--fragid 77', '--fragid 1:100'))),
        maybe(oneOf('--fragmore', '--fraglast')),
        maybe(oneOf('--fragfirst', '--fragres')),
      ),
  },
  hashlimit: {
    words: ({ site }) =>
      joined(
        oneOf(
          '--hashlimit-upto 1/hour',
          '--hashlimit-above 1/hour',
          '--hashlimit-upto 2/day',
          '--hashlimit-above 5/hour',
        ),
        oneOf('--hashlimit-burst 1', '--hashlimit-burst 2', '--hashlimit-burst 3'),
        maybe(
          oneOf(
            '--hashlimit-mode srcip',
            '--hashlimit-mode dstip',
            '--hashlimit-mode srcip,dstport',
            '--hashlimit-mode srcip,srcport,dstip,dstport',
          ),
        ),
        maybe(
          oneOf(
            ...(site.family === 4
              ? ['--hashlimit-srcmask 24', '--hashlimit-dstmask 8']
              : ['--hashlimit-srcmask 64', '--hashlimit-dstmask 32']),
          ),
        ),
        fc.constant('--hashlimit-htable-expire 100000000'),
        oneOf('--hashlimit-name h1', '--hashlimit-name h2', '--hashlimit-name h3', '--hashlimit-name h4'),
      ),
  },
  hbh: { words: () => optionsHeader('hbh') },
  helper: { words: () => maybeNot(oneOf('--helper ftp', '--helper tftp', '--helper irc', '--helper ""')) },
  hl: { words: () => oneOf('--hl-eq 64', '! --hl-eq 63', '--hl-gt 63', '--hl-lt 64') },
  icmp: {
    words: () =>
      maybeNot(
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
        ),
      ),
  },
  iprange: {
    words: ({ site }) =>
      joined(
        maybeNot(range('--src-range', addresses(site))),
        maybe(maybeNot(range('--dst-range', addresses(site)))),
      ),
  },
  ipv6header: {
    words: () =>
      maybeNot(
        joined(
          oneOf(
            '--header frag',
            '--header hop',
            '--header dst,hop',
            '--header route',
            '--header esp',
            '--header auth',
            '--header none',
            '--header prot',
          ),
          maybe(fc.constant('--soft')),
        ),
      ),
  },
  length: {
    words: () =>
      maybeNot(oneOf('--length 40', '--length 28:60', '--length 100:', '--length :60', '--length 1500')),
  },
  limit: {
    words: () =>
      oneOf(
        '--limit 1/hour --limit-burst 1',
        '--limit 1/hour --limit-burst 2',
        '--limit 3/day --limit-burst 3',
        '--limit 1/day --limit-burst 1',
      ),
  },
  mac: { words: () => maybeNot(fc.constant('--mac-source 02:00:00:00:00:01')) },
  mark: { words: () => markValue() },
  multiport: {
    protocols: TRANSPORT,
    words: () =>
      fc
        .tuple(
          maybeNot(oneOf('--dports', '--sports', '--ports')),
          fc.array(port, { minLength: 1, maxLength: 4 }),
          fc.option(fc.tuple(port, port)),
        )
        .map(([option, ports, span]) => {
          const spans =
            span !== null && span[0] !== span[1] ? [`${Math.min(...span)}:${Math.max(...span)}`] : []
          return `${option} ${[...ports, ...spans].join(',')}`
        }),
  },
  owner: {
    words: () =>
      maybeNot(
        oneOf('--uid-owner 0', '--gid-owner 0', '--uid-owner 1000', '--uid-owner 0-5', '--socket-exists'),
      ),
  },
  physdev: { words: () => maybeNot(oneOf('--physdev-is-in', '--physdev-is-bridged', '--physdev-in lan0')) },
  pkttype: {
    words: () => maybeNot(oneOf('--pkt-type unicast', '--pkt-type broadcast', '--pkt-type multicast')),
  },
  policy: {
    words: ({ hooks }) =>
      hooks.some(hook => hook === 'OUTPUT' || hook === 'POSTROUTING')
        ? oneOf('--dir out --pol none', '--dir out --pol ipsec')
        : hooks.every(hook => hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD')
          ? oneOf('--dir in --pol none', '--dir in --pol ipsec')
          : fc.constant('--dir in --pol none'),
  },
  quota: {
    words: () => maybeNot(oneOf('--quota 100', '--quota 0', '--quota 40', '--quota 150', '--quota 1000')),
  },
  recent: {
    words: ({ site }) =>
      joined(
        oneOf(
          '--set',
          '! --set',
          '--rcheck',
          '! --rcheck',
          '--update',
          '--remove',
          '! --remove',
          '--rcheck --hitcount 2',
          '--update --hitcount 3 --seconds 3000',
          '--rcheck --seconds 3000 --reap',
          '--rcheck --rttl',
          '--update --seconds 3000 --rttl',
        ),
        oneOf('--name r1', '--name r2'),
        maybe(oneOf('--rsource', '--rdest')),
        maybe(oneOf(site.family === 4 ? '--mask 255.255.0.0' : '--mask ffff:ffff:ffff::')),
      ),
  },
  rpfilter: {
    words: () =>
      joined(
        maybe(fc.constant('--loose')),
        maybe(fc.constant('--validmark')),
        maybe(fc.constant('--accept-local')),
        maybe(fc.constant('--invert')),
      ),
  },
  rt: {
    words: () =>
      oneOf(
        '--rt-type 0',
        '! --rt-type 0',
        '--rt-segsleft 0:1',
        '--rt-segsleft 1',
        '--rt-type 0 --rt-len 24',
        '--rt-type 2',
      ),
  },
  sctp: {
    words: () =>
      joined(
        maybe(maybeNot(portRange.map(range_ => `--dport ${range_}`))),
        maybeNot(
          oneOf(
            '--chunk-types any INIT',
            '--chunk-types only DATA',
            '--chunk-types only DATA,SACK',
            '--chunk-types all INIT',
            '--chunk-types any ABORT:t',
            '--chunk-types any DATA:BE',
          ),
        ),
      ),
  },
  state: {
    words: () =>
      maybeNot(
        oneOf(
          '--state NEW',
          '--state ESTABLISHED',
          '--state RELATED,ESTABLISHED',
          '--state INVALID',
          '--state UNTRACKED',
        ),
      ),
  },
  statistic: {
    words: () =>
      oneOf(
        '--mode nth --every 2 --packet 0',
        '--mode nth --every 3 --packet 1',
        '--mode nth ! --every 2 --packet 1',
      ),
  },
  string: {
    words: () =>
      joined(
        maybeNot(oneOf('--string evil', '--string USER', '--hex-string "|0d0a|"', '--string AA')),
        oneOf('--algo bm', '--algo kmp'),
        maybe(oneOf('--from 28', '--from 40', '--from 20 --to 60', '--to 48')),
        maybe(fc.constant('--icase')),
      ),
  },
  tcp: {
    words: () =>
      joined(
        maybe(maybeNot(portRange.map(range_ => `--sport ${range_}`))),
        maybe(maybeNot(portRange.map(range_ => `--dport ${range_}`))),
        maybe(
          fc.oneof(
            maybeNot(fc.constant('--syn')),
            maybeNot(
              oneOf(
                '--tcp-flags SYN,ACK SYN,ACK',
                '--tcp-flags ALL NONE',
                '--tcp-flags FIN FIN',
                '--tcp-flags RST RST',
                '--tcp-flags SYN,RST,ACK,FIN SYN',
                '--tcp-flags ALL ACK,PSH',
              ),
            ),
          ),
        ),
        maybe(maybeNot(oneOf('--tcp-option 2', '--tcp-option 3', '--tcp-option 8', '--tcp-option 4'))),
      ),
  },
  tcpmss: {
    protocols: [6],
    words: () => maybeNot(oneOf('--mss 1460', '--mss 1:1460', '--mss 1461:65535', '--mss 536')),
  },
  time: {
    words: () =>
      oneOf(
        '--timestart 00:00 --timestop 23:59:59',
        '--weekdays Mo,Tu,We,Th,Fr,Sa,Su',
        '--datestart 1970-01-01',
      ),
  },
  tos: {
    words: () =>
      maybeNot(
        oneOf('--tos 0x10', '--tos 0x10/0x3f', '--tos Minimize-Delay', '--tos 0x00', '--tos 0x08/0x0c'),
      ),
  },
  ttl: { words: () => oneOf('--ttl-eq 64', '! --ttl-eq 63', '--ttl-gt 63', '--ttl-lt 64', '--ttl-lt 2') },
  u32: {
    words: () =>
      maybeNot(
        oneOf(
          '--u32 "6&0xFF=0x6"',
          '--u32 "2&0xFFFF=40:60"',
          '--u32 "4&0x3FFF=0"',
          '--u32 "0>>22&0x3C@0>>16=80"',
          '--u32 "0>>22&0x3C@12>>26&0x3C@0=0x41414141"',
          '--u32 "8>>24=64&&6&0xFF=1"',
          '--u32 "100=0"',
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

/** The matches that may stand in a rule there, by name. */
export function matchesAt(at: WordContext): readonly string[] {
  return Object.keys(MATCH_WORDS).filter(name => {
    const extension = matchExtension(name, at.site.family)
    if (extension === undefined) return false
    const { tables, hooks, protocols } = extension
    const wanted = protocols ?? MATCH_WORDS[name]!.protocols
    return (
      (tables === undefined || tables.includes(at.table)) &&
      (hooks === undefined || at.hooks.every(hook => hooks.includes(hook))) &&
      (wanted === undefined || wanted.includes(at.protocol)) &&
      fits(name, at)
    )
  })
}

/** One match with its options: `-m ttl --ttl-eq 64`. */
export function matchWords(name: string, at: WordContext): fc.Arbitrary<string> {
  return MATCH_WORDS[name]!.words(at).map(options => `-m ${name}${options === '' ? '' : ` ${options}`}`)
}

/** What the kernel's checks say about where a match makes sense. */
function fits(name: string, { hooks }: WordContext): boolean {
  const incoming = hooks.every(hook => hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD')
  const outgoing = hooks.every(hook => hook === 'OUTPUT' || hook === 'POSTROUTING' || hook === 'FORWARD')
  if (name === 'policy' || name === 'devgroup') return incoming || outgoing
  if (name === 'physdev') return incoming
  return true
}

function limitIface({ hooks }: WordContext): fc.Arbitrary<string> {
  if (hooks.every(hook => hook === 'PREROUTING' || hook === 'INPUT')) return fc.constant('--limit-iface-in')
  if (hooks.every(hook => hook === 'OUTPUT' || hook === 'POSTROUTING'))
    return fc.constant('--limit-iface-out')
  return fc.constant('')
}

function markValue(): fc.Arbitrary<string> {
  return maybeNot(oneOf('--mark 0x1', '--mark 0x0', '--mark 0x2', '--mark 0x1/0x1', '--mark 0x10/0xf0'))
}

function deviceGroups(outgoing: boolean): fc.Arbitrary<string> {
  return maybeNot(
    outgoing ? oneOf('--dst-group 0x0', '--dst-group 0x1') : oneOf('--src-group 0x0', '--src-group 0x1/0xff'),
  )
}

function optionsHeader(name: 'dst' | 'hbh'): fc.Arbitrary<string> {
  return joined(
    maybe(maybeNot(oneOf(`--${name}-len 8`, `--${name}-len 16`))),
    maybe(oneOf(`--${name}-opts 1:4`, `--${name}-opts 5:2`, `--${name}-opts 30`)),
  )
}

function range(option: string, pool: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...pool).map(host => {
    const last = host.includes(':') ? `${host.replace(/[^:]*$/, '')}ffff` : host.replace(/\d+$/, '255')
    return `${option} ${host}-${last}`
  })
}

function conntrackWords({ site }: WordContext): fc.Arbitrary<string> {
  const state = maybeNot(
    oneOf(
      '--ctstate NEW',
      '--ctstate ESTABLISHED',
      '--ctstate RELATED,ESTABLISHED',
      '--ctstate INVALID',
      '--ctstate UNTRACKED',
      '--ctstate SNAT',
      '--ctstate DNAT',
      '--ctstate NEW,DNAT',
    ),
  )
  const other = fc.oneof(
    maybeNot(oneOf('--ctproto 6', '--ctproto 17')),
    maybeNot(
      oneOf(
        '--ctstatus ASSURED',
        '--ctstatus SEEN_REPLY',
        '--ctstatus CONFIRMED',
        '--ctstatus NONE',
        '--ctstatus EXPECTED',
      ),
    ),
    maybeNot(oneOf('--ctexpire 100:', '--ctexpire 0', '--ctexpire 30', '--ctexpire 10:120')),
    oneOf('--ctdir ORIGINAL', '--ctdir REPLY'),
    maybeNot(address(site).map(host => `--ctorigsrc ${host}`)),
    maybeNot(address(site).map(host => `--ctorigdst ${host}`)),
    maybeNot(address(site).map(host => `--ctreplsrc ${host}`)),
    maybeNot(address(site).map(host => `--ctrepldst ${host}`)),
    maybeNot(
      fc
        .tuple(oneOf('--ctorigdstport', '--ctorigsrcport', '--ctreplsrcport', '--ctrepldstport'), port)
        .map(([option, n]) => `${option} ${n}`),
    ),
  )
  return fc.oneof(
    { weight: 4, arbitrary: state },
    { weight: 2, arbitrary: other },
    { weight: 2, arbitrary: joined(state, other) },
  )
}
