import fc from 'fast-check'
import { targetExtension } from '../rules/registry.ts'
import { destinationNat, networkMap, PORTED, sourceNat } from './nat-words.ts'
import { setTargetWords } from './sets.ts'
import { hexadecimal, joined, masked, maybe, oneOf, upTo, type WordContext, type Words } from './words.ts'

interface TargetWords {
  readonly protocols?: readonly number[]
  /** How often, next to ACCEPT's 4. Default 1. */
  readonly weight?: number
  readonly words: Words
}

/**
 * For every target the simulator models, texts that iptables accepts. Left out is what needs something outside of the
 * box (a userspace queue, a label of SELinux, a transparent socket).
 */
export const TARGET_WORDS: { readonly [name: string]: TargetWords } = {
  AUDIT: { words: () => oneOf('--type accept', '--type drop', '--type reject') },
  CHECKSUM: { words: () => fc.constant('--checksum-fill') },
  CLASSIFY: { words: () => oneOf('--set-class 1:10', '--set-class 0:0', '--set-class ffff:ffff') },
  CONNMARK: {
    weight: 2,
    words: () =>
      fc.oneof(
        { weight: 2, arbitrary: oneOf('--save-mark', '--restore-mark') },
        {
          weight: 2,
          arbitrary: oneOf(
            '--set-mark 0x1',
            '--save-mark --nfmask 0xf --ctmask 0xf',
            '--restore-mark --nfmask 0xff --ctmask 0xff',
            '--save-mark --mask 0x3',
            '--restore-mark --mask 0xf0',
            '--save-mark --nfmask 0xff --ctmask 0xff00',
            '--restore-mark --nfmask 0xf --ctmask 0xffff',
            '--save-mark --left-shift-mark 4',
            '--restore-mark --right-shift-mark 2 --nfmask 0xff --ctmask 0xffff',
            '--set-xmark 0x3/0xff --left-shift-mark 8',
          ),
        },
        { weight: 3, arbitrary: markChange() },
      ),
  },
  CT: {
    weight: 2,
    words: ({ protocol }) =>
      fc.oneof(
        oneOf('--notrack', '--zone 1', '--zone 2', '--zone-orig 3', '--zone-reply 4', '--zone mark'),
        oneOf(
          '--zone-orig mark',
          '--zone-reply mark',
          '--zone 65535',
          '--ctevents new,destroy',
          '--ctevents assured,mark --zone 1',
          '--expevents new',
        ),
        ...(protocol === 6 ? [oneOf('--helper ftp', '--helper ftp --zone 1')] : []),
        ...(protocol === 17 ? [oneOf('--helper tftp', '--helper tftp --zone-orig 3')] : []),
      ),
  },
  DNAT: { weight: 5, words: at => destinationNat(at) },
  DNPT: { words: () => prefixes('2001:db8:ffff::', '2001:db8:6::') },
  DSCP: {
    words: () =>
      fc.oneof(
        oneOf('--set-dscp 0x2e', '--set-dscp-class AF21', '--set-dscp 0', '--set-dscp-class CS5'),
        upTo(63).map(n => `--set-dscp ${n}`),
      ),
  },
  ECN: {
    protocols: [6],
    words: () =>
      oneOf(
        '--ecn-tcp-remove',
        '--ecn-tcp-remove',
        '--ecn-tcp-cwr 1',
        '--ecn-tcp-ece 0',
        '--ecn-ip-ect 2',
        '--ecn-tcp-cwr 0 --ecn-tcp-ece 1 --ecn-ip-ect 0',
      ),
  },
  HL: { words: () => fc.oneof(oneOf('--hl-set 64', '--hl-dec 1', '--hl-inc 1', '--hl-dec 70'), hops('hl')) },
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
          '--hmark-dst-prefix 8 --hmark-tuple dport',
          '--hmark-tuple ct,dst,dport --hmark-proto-mask 0xf0',
          '--hmark-spi 0x1234 --hmark-tuple src',
          '--hmark-sport-mask 0xff00 --hmark-tuple dport',
          '--hmark-spi-mask 0xffff --hmark-tuple dst',
        ),
        oneOf('--hmark-mod 3', '--hmark-mod 16 --hmark-offset 1'),
        oneOf('--hmark-rnd 0', '--hmark-rnd 0xcafe'),
      ),
  },
  IDLETIMER: { words: () => oneOf('--timeout 600 --label judge', '--timeout 600 --label clock --alarm') },
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
    words: () => fc.oneof(oneOf('--set-mark 0x1', '--set-mark 0x2', '--or-mark 0x4'), markChange()),
  },
  MASQUERADE: {
    weight: 6,
    words: ({ protocol }) =>
      PORTED.includes(protocol)
        ? oneOf(
            '',
            '--to-ports 42001-42004',
            '--to-ports 42001',
            '--random',
            '--to-ports 42001-42004 --random-fully',
          )
        : oneOf('', '--random'),
  },
  NETMAP: { words: at => networkMap(at) },
  NFLOG: {
    words: () =>
      joined(
        oneOf('--nflog-group 1', '--nflog-group 2', '--nflog-group 8'),
        maybe(oneOf('--nflog-prefix "nf "', '--nflog-prefix x')),
        maybe(oneOf('--nflog-size 40', '--nflog-size 0', '--nflog-size 1000', '--nflog-range 40')),
        maybe(fc.constant('--nflog-threshold 1')),
      ),
  },
  // nobody listens
  NFQUEUE: {
    words: () => joined(maybe(oneOf('--queue-num 0', '--queue-num 7')), maybe(fc.constant('--queue-bypass'))),
  },
  NOTRACK: { words: () => fc.constant('') },
  RATEEST: {
    words: () =>
      oneOf('R1', 'R2').map(name => `--rateest-name ${name} --rateest-interval 8s --rateest-ewmalog 32s`),
  },
  REDIRECT: {
    weight: 3,
    words: ({ protocol }) =>
      PORTED.includes(protocol)
        ? oneOf('', '--to-ports 3128', '--to-ports 5000-5003', '--to-ports 80', '--to-ports 5000 --random')
        : fc.constant(''),
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
              '--reject-with icmp-net-unreachable',
              '--reject-with icmp-port-unreachable',
              '--reject-with icmp-host-prohibited',
            ]
          : [
              '--reject-with icmp6-no-route',
              '--reject-with icmp6-adm-prohibited',
              '--reject-with icmp6-addr-unreachable',
              '--reject-with icmp6-policy-fail',
              '--reject-with icmp6-reject-route',
              '--reject-with icmp6-port-unreachable',
            ]),
      ),
  },
  SET: { weight: 2, words: at => setTargetWords(at) },
  SNAT: { weight: 5, words: at => sourceNat(at) },
  SNPT: { words: () => prefixes('2001:db8:6::', '2001:db8:ffff::') },
  SYNPROXY: {
    words: () =>
      oneOf('--sack-perm --timestamp --wscale 7 --mss 1460', '--mss 1460', '--timestamp --ecn', ''),
  },
  TCPMSS: {
    protocols: [6],
    words: ({ hooks }) =>
      oneOf(
        '--set-mss 1360',
        '--set-mss 536',
        // the route must be known
        ...(hooks.some(hook => hook === 'PREROUTING' || hook === 'INPUT') ? [] : ['--clamp-mss-to-pmtu']),
        '--set-mss 2000',
        '--set-mss 1',
        '--set-mss 1460',
      ),
  },
  TCPOPTSTRIP: {
    words: () =>
      oneOf(
        '--strip-options wscale',
        '--strip-options sack-permitted,timestamp',
        '--strip-options mss',
        '--strip-options 2,3,4,5,8',
        '--strip-options sack,md5,34',
        '--strip-options 254',
      ),
  },
  // never the box itself: such copies copy themselves for ever
  TEE: {
    words: ({ site }) =>
      fc
        .constantFrom(...Object.entries(site.hosts))
        .chain(([device, hosts]) =>
          fc
            .tuple(fc.constantFrom(...hosts), fc.constantFrom('', '', ` --oif ${device}`))
            .map(([host, oif]) => `--gateway ${host}${oif}`),
        ),
  },
  TOS: {
    words: () =>
      fc.oneof(
        oneOf('--set-tos 0x10', '--set-tos 0x08/0x1c', '--and-tos 0xf0', '--or-tos 0x04', '--xor-tos 0x18'),
        oneOf('--set-tos Minimize-Cost', '--set-tos Normal-Service'),
        fc.tuple(hexadecimal(8), hexadecimal(8)).map(([value, mask]) => `--set-tos ${value}/${mask}`),
      ),
  },
  // there is no such proxy
  TPROXY: {
    protocols: [6, 17],
    words: ({ site }) =>
      joined(
        oneOf('--on-port 3129', '--on-port 0'),
        maybe(fc.constant(site.family === 4 ? '--on-ip 127.0.0.1' : '--on-ip ::1')),
        maybe(oneOf('--tproxy-mark 0x1/0x1', '--tproxy-mark 0x5')),
      ),
  },
  TRACE: { words: () => fc.constant('') },
  TTL: {
    words: () =>
      fc.oneof(
        oneOf('--ttl-set 64', '--ttl-dec 1', '--ttl-inc 1', '--ttl-dec 70', '--ttl-inc 250'),
        hops('ttl'),
      ),
  },
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

/** What MARK and CONNMARK have in common. */
function markChange(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.tuple(oneOf('--set-mark', '--set-xmark'), masked()).map(parts => parts.join(' ')),
    fc.tuple(oneOf('--and-mark', '--or-mark', '--xor-mark'), hexadecimal(8)).map(parts => parts.join(' ')),
  )
}

function hops(name: 'hl' | 'ttl'): fc.Arbitrary<string> {
  return fc
    .tuple(oneOf('set', 'dec', 'inc'), upTo(255))
    .filter(([how, n]) => how === 'set' || n > 0)
    .map(([how, n]) => `--${name}-${how} ${n}`)
}

/** The longer prefix decides which word of the address takes up the difference. */
function prefixes(from: string, to: string): fc.Arbitrary<string> {
  const lengths = fc.constantFrom([64, 64], [48, 48], [48, 64], [64, 48], [60, 57])
  return lengths.map(([a, b]) => `--src-pfx ${from}/${a} --dst-pfx ${to}/${b}`)
}
