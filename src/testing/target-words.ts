import fc from 'fast-check'
import { targetExtension } from '../rules/registry.ts'
import { setTargetWords } from './sets.ts'
import { joined, maybe, oneOf, port, type WordContext, type Words } from './words.ts'

interface TargetWords {
  readonly protocols?: readonly number[]
  /** How often, next to ACCEPT's 4. Default 1. */
  readonly weight?: number
  readonly words: Words
}

const PORTED = [6, 17, 132]

/**
 * For every target the simulator models, texts that iptables accepts. Left out is what needs something outside of the
 * box (a userspace queue, a label of SELinux, a transparent socket).
 */
export const TARGET_WORDS: { readonly [name: string]: TargetWords } = {
  AUDIT: { words: () => oneOf('--type accept', '--type drop') },
  CHECKSUM: { words: () => fc.constant('--checksum-fill') },
  CLASSIFY: { words: () => fc.constant('--set-class 1:10') },
  CONNMARK: {
    weight: 2,
    words: () =>
      oneOf(
        '--set-mark 0x1',
        '--save-mark',
        '--restore-mark',
        '--save-mark --nfmask 0xf --ctmask 0xf',
        '--restore-mark --nfmask 0xff --ctmask 0xff',
        '--or-mark 0x2',
        '--set-xmark 0x10/0xf0',
        '--and-mark 0xfe',
        '--xor-mark 0x3',
      ),
  },
  CT: {
    weight: 2,
    words: ({ protocol }) =>
      fc.oneof(
        oneOf('--notrack', '--zone 1', '--zone 2', '--zone-orig 3', '--zone-reply 4', '--zone mark'),
        ...(protocol === 6 ? [oneOf('--helper ftp')] : protocol === 17 ? [oneOf('--helper tftp')] : []),
      ),
  },
  DNAT: { weight: 5, words: at => destinationNat(at) },
  DNPT: { words: () => prefixes('2001:db8:ffff::', '2001:db8:6::') },
  DSCP: { words: () => oneOf('--set-dscp 0x2e', '--set-dscp-class AF21', '--set-dscp 0') },
  ECN: { protocols: [6], words: () => fc.constant('--ecn-tcp-remove') },
  HL: { words: () => oneOf('--hl-set 64', '--hl-dec 1', '--hl-inc 1', '--hl-dec 70') },
  HMARK: {
    words: ({ site }) =>
      joined(
        oneOf(
          '--hmark-tuple src,dst,sport,dport,proto',
          '--hmark-tuple ct,src,dst,sport,dport,proto',
          '--hmark-tuple ct,src,sport',
          '--hmark-tuple src,dst,spi',
          `--hmark-src-prefix ${site.family === 4 ? 16 : 48} --hmark-dport-mask 0xff --hmark-dport 3`,
          '--hmark-tuple proto --hmark-sport 7',
        ),
        oneOf('--hmark-mod 3', '--hmark-mod 16 --hmark-offset 1'),
        oneOf('--hmark-rnd 0', '--hmark-rnd 0xcafe'),
      ),
  },
  IDLETIMER: { words: () => fc.constant('--timeout 600 --label judge') },
  LOG: {
    weight: 2,
    words: () =>
      joined(
        fc.constant('--log-prefix "fw: "'),
        maybe(
          oneOf('--log-level 7', '--log-tcp-options', '--log-ip-options', '--log-uid', '--log-tcp-sequence'),
        ),
      ),
  },
  MARK: {
    weight: 3,
    words: () =>
      oneOf(
        '--set-mark 0x1',
        '--set-mark 0x2',
        '--set-xmark 0x1/0x3',
        '--or-mark 0x4',
        '--and-mark 0xfe',
        '--xor-mark 0x3',
      ),
  },
  MASQUERADE: {
    weight: 6,
    words: ({ protocol }) =>
      PORTED.includes(protocol) ? oneOf('', '--to-ports 42001-42004', '--to-ports 42001') : fc.constant(''),
  },
  NETMAP: {
    words: ({ site }) =>
      site.family === 4
        ? oneOf('--to 198.51.100.0/24', '--to 10.6.0.0/25', '--to 203.0.113.0/28')
        : oneOf('--to 2001:db8:100::/64', '--to 2001:db8:50::/64'),
  },
  NFLOG: {
    words: () =>
      joined(
        oneOf('--nflog-group 1', '--nflog-group 2'),
        maybe(fc.constant('--nflog-prefix "nf "')),
        maybe(fc.constant('--nflog-size 40')),
      ),
  },
  NOTRACK: { words: () => fc.constant('') },
  RATEEST: {
    words: () =>
      oneOf('R1', 'R2').map(name => `--rateest-name ${name} --rateest-interval 8s --rateest-ewmalog 32s`),
  },
  REDIRECT: {
    weight: 3,
    words: ({ protocol }) =>
      PORTED.includes(protocol) ? oneOf('', '--to-ports 3128', '--to-ports 5000-5003') : fc.constant(''),
  },
  REJECT: {
    weight: 3,
    words: ({ site, protocol }) =>
      oneOf(
        '',
        ...(protocol === 6 ? ['--reject-with tcp-reset', '--reject-with tcp-reset'] : []),
        ...(site.family === 4
          ? [
              '--reject-with icmp-host-unreachable',
              '--reject-with icmp-proto-unreachable',
              '--reject-with icmp-admin-prohibited',
              '--reject-with icmp-net-prohibited',
            ]
          : [
              '--reject-with icmp6-no-route',
              '--reject-with icmp6-adm-prohibited',
              '--reject-with icmp6-addr-unreachable',
              '--reject-with icmp6-policy-fail',
            ]),
      ),
  },
  SET: { weight: 2, words: at => setTargetWords(at) },
  SNAT: { weight: 5, words: at => sourceNat(at) },
  SNPT: { words: () => prefixes('2001:db8:6::', '2001:db8:ffff::') },
  TCPMSS: {
    protocols: [6],
    words: ({ hooks }) =>
      oneOf(
        '--set-mss 1360',
        '--set-mss 536',
        // the route must be known
        ...(hooks.some(hook => hook === 'PREROUTING' || hook === 'INPUT') ? [] : ['--clamp-mss-to-pmtu']),
        '--set-mss 2000',
      ),
  },
  TCPOPTSTRIP: {
    words: () =>
      oneOf('--strip-options wscale', '--strip-options sack-permitted,timestamp', '--strip-options mss'),
  },
  // never the box itself: such copies copy themselves for ever
  TEE: {
    words: ({ site }) =>
      oneOf(
        ...Object.values(site.hosts)
          .flat()
          .map(host => `--gateway ${host}`),
      ),
  },
  TOS: {
    words: () =>
      oneOf('--set-tos 0x10', '--set-tos 0x08/0x1c', '--and-tos 0xf0', '--or-tos 0x04', '--xor-tos 0x18'),
  },
  TRACE: { words: () => fc.constant('') },
  TTL: { words: () => oneOf('--ttl-set 64', '--ttl-dec 1', '--ttl-inc 1', '--ttl-dec 70', '--ttl-inc 250') },
}

/** The targets that may stand in a rule there, by name. */
export function targetsAt(at: WordContext): readonly string[] {
  return Object.keys(TARGET_WORDS).filter(name => {
    const extension = targetExtension(name, at.site.family)
    if (extension === undefined) return false
    const { tables, hooks, protocols } = extension
    const wanted = TARGET_WORDS[name]!.protocols ?? protocols
    return (
      (tables === undefined || tables.includes(at.table)) &&
      (hooks === undefined || at.hooks.every(hook => hooks.includes(hook))) &&
      (wanted === undefined || wanted.includes(at.protocol))
    )
  })
}

/** One target with its options, as often as it is weighed: `-j MARK --set-mark 0x1`. */
export function targetWords(
  name: string,
  at: WordContext,
): { weight: number; arbitrary: fc.Arbitrary<string> } {
  const { weight = 1, words } = TARGET_WORDS[name]!
  // TCPMSS wants a rule that only lets SYN through
  const guard = name === 'TCPMSS' ? '-m tcp --tcp-flags SYN,RST SYN ' : ''
  return {
    weight,
    arbitrary: words(at).map(options => `${guard}-j ${name}${options === '' ? '' : ` ${options}`}`),
  }
}

function destinationNat({ site, protocol }: WordContext): fc.Arbitrary<string> {
  const hosts = Object.values(site.hosts).flat()
  const host = fc.constantFrom(...hosts)
  const wrap = (text: string): string => (site.family === 6 ? `[${text}]` : text)
  const plain = host.map(text => `--to-destination ${text}`)
  const ranged = host.map(text => `--to-destination ${text}-${nextAddress(text)}`)
  if (!PORTED.includes(protocol))
    return fc.oneof(
      plain,
      ranged,
      plain.map(words => `${words} --persistent`),
    )
  return fc.oneof(
    plain,
    fc.tuple(host, port).map(([text, n]) => `--to-destination ${wrap(text)}:${n}`),
    fc.tuple(host, port).map(([text, n]) => `--to-destination ${wrap(text)}:${n}-${Math.min(65535, n + 3)}`),
    ranged,
    ...(site.family === 4 ? [oneOf('--to-destination :8080', '--to-destination :5000-5003')] : []),
  )
}

function sourceNat({ site, protocol }: WordContext): fc.Arbitrary<string> {
  const spare = site.family === 4 ? '203.0.113.9' : '2001:db8:ffff::9'
  const own = site.family === 4 ? '203.0.113.1' : '2001:db8:ffff::1'
  const wrap = (text: string): string => (site.family === 6 ? `[${text}]` : text)
  const plain = [
    `--to-source ${own}`,
    `--to-source ${spare}`,
    `--to-source ${spare}-${nextAddress(spare)}`,
    `--to-source ${spare}-${nextAddress(spare)} --persistent`,
  ]
  if (!PORTED.includes(protocol)) return oneOf(...plain)
  return oneOf(
    ...plain,
    `--to-source ${wrap(own)}:41024-41025`,
    `--to-source ${wrap(own)}:40000-40009`,
    `--to-source ${wrap(spare)}:500-600`,
  )
}

/** Three further on, within the last group. */
function nextAddress(text: string): string {
  return text.includes(':')
    ? text.replace(/[^:]+$/, last => (Number.parseInt(last, 16) + 3).toString(16))
    : text.replace(/\d+$/, last => String(Math.min(255, Number(last) + 3)))
}

/** The longer prefix decides which word of the address takes up the difference. */
function prefixes(from: string, to: string): fc.Arbitrary<string> {
  const lengths = fc.constantFrom([64, 64], [48, 48], [48, 64], [64, 48], [60, 57])
  return lengths.map(([a, b]) => `--src-pfx ${from}/${a} --dst-pfx ${to}/${b}`)
}
