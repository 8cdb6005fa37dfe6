import fc from 'fast-check'
import {
  joined,
  listOf,
  markValue,
  maybe,
  maybeNot,
  numberRange,
  oneOf,
  portRange,
  prefix,
  rarely,
  type ThemeWords,
  upTo,
  type WordContext,
} from '../words.ts'

/** What conntrack knows, and what rules remember between packets. */
export const CONNECTIONS_WORDS: ThemeWords = {
  cluster: {
    words: () =>
      joined(
        oneOf('--cluster-total-nodes 3', '--cluster-total-nodes 3', '--cluster-total-nodes 32'),
        maybeNot(oneOf('--cluster-local-node 1', '--cluster-local-node 3', '--cluster-local-nodemask 6')),
        oneOf('--cluster-hash-seed 0', '--cluster-hash-seed 0xfeed', '--cluster-hash-seed 0xffffffff'),
      ),
  },
  connbytes: {
    words: () =>
      joined(
        maybeNot(
          fc.oneof(
            oneOf(
              '--connbytes 2',
              '--connbytes 0:1',
              '--connbytes 3:100',
              '--connbytes 100:',
              '--connbytes 60:70',
              '--connbytes :3',
            ),
            // not 0:0, which iptables-save prints as 0
            fc.tuple(upTo(8), upTo(400)).map(([from, more]) => `--connbytes ${from}:${from + more + 1}`),
            upTo(200).map(n => `--connbytes ${n}:`),
          ),
        ),
        oneOf('--connbytes-dir both', '--connbytes-dir original', '--connbytes-dir reply'),
        oneOf('--connbytes-mode packets', '--connbytes-mode bytes', '--connbytes-mode avgpkt'),
      ),
  },
  connlabel: {
    words: () =>
      joined(
        maybeNot(oneOf('--label 1', '--label 2', '--label 127', '--label 0', '--label 64')),
        maybe(fc.constant('--set')),
      ),
  },
  connlimit: {
    words: ({ site }) =>
      joined(
        maybeNot(
          oneOf(
            '--connlimit-above 1',
            '--connlimit-upto 1',
            '--connlimit-above 0',
            '--connlimit-upto 2',
            '--connlimit-above 2',
            '--connlimit-upto 0',
          ),
        ),
        maybe(
          fc.oneof(
            oneOf('--connlimit-mask 0', site.family === 4 ? '--connlimit-mask 24' : '--connlimit-mask 64'),
            upTo(site.family === 4 ? 32 : 128).map(n => `--connlimit-mask ${n}`),
          ),
        ),
        maybe(oneOf('--connlimit-saddr', '--connlimit-daddr')),
      ),
  },
  connmark: { words: () => markValue() },
  conntrack: { words: at => conntrackWords(at) },
  hashlimit: {
    words: ({ site }) =>
      joined(
        oneOf(
          '--hashlimit-upto 1/hour',
          '--hashlimit-above 1/hour',
          '--hashlimit-upto 2/day',
          '--hashlimit-above 5/hour',
          '--hashlimit-upto 3/hour',
          '--hashlimit-above 2/day',
          '! --hashlimit-upto 1/hour',
          '! --hashlimit-above 2/hour',
        ),
        oneOf('--hashlimit-burst 1', '--hashlimit-burst 2', '--hashlimit-burst 3'),
        maybe(
          oneOf(
            '--hashlimit-mode srcip',
            '--hashlimit-mode dstip',
            '--hashlimit-mode srcip,dstport',
            '--hashlimit-mode srcip,srcport,dstip,dstport',
            '--hashlimit-mode srcport',
            '--hashlimit-mode dstport',
            '--hashlimit-mode srcip,dstip',
          ),
        ),
        maybe(
          oneOf(
            ...(site.family === 4
              ? [
                  '--hashlimit-srcmask 24',
                  '--hashlimit-dstmask 8',
                  '--hashlimit-srcmask 0 --hashlimit-dstmask 31',
                ]
              : ['--hashlimit-srcmask 64', '--hashlimit-dstmask 32']),
          ),
        ),
        fc.constant('--hashlimit-htable-expire 100000000'),
        rarely(
          oneOf(
            '--hashlimit-htable-size 4',
            '--hashlimit-htable-size 100 --hashlimit-htable-max 200',
            '--hashlimit-htable-gcinterval 5000',
          ),
        ),
        oneOf('--hashlimit-name h1', '--hashlimit-name h2', '--hashlimit-name h3', '--hashlimit-name h4'),
      ),
  },
  helper: {
    words: () =>
      maybeNot(oneOf('--helper ftp', '--helper tftp', '--helper irc', '--helper ""', '--helper ftp-21')),
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
  quota: {
    words: () =>
      maybeNot(
        fc.oneof(
          oneOf('--quota 100', '--quota 0', '--quota 40', '--quota 150', '--quota 1000'),
          upTo(700).map(n => `--quota ${n}`),
        ),
      ),
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
          '! --update',
          '! --rcheck --hitcount 2',
          '--rcheck --hitcount 1 --rttl',
          '--update --hitcount 2 --seconds 3000 --reap',
        ),
        oneOf('--name r1', '--name r2'),
        maybe(oneOf('--rsource', '--rdest')),
        maybe(
          site.family === 4
            ? oneOf('--mask 255.255.0.0', '--mask 0.0.0.0', '--mask 255.255.255.254', '--mask 0.0.0.255')
            : oneOf('--mask ffff:ffff:ffff::', '--mask ::', '--mask ::ffff'),
        ),
      ),
  },
  state: {
    words: () =>
      maybeNot(
        fc.oneof(
          oneOf('--state NEW', '--state ESTABLISHED', '--state RELATED,ESTABLISHED'),
          listOf('NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED').map(list => `--state ${list}`),
        ),
      ),
  },
  statistic: {
    words: () =>
      oneOf(
        '--mode nth --every 2 --packet 0',
        '--mode nth --every 3 --packet 1',
        '--mode nth ! --every 2 --packet 1',
        '--mode nth --every 1 --packet 0',
        '--mode nth --every 5 --packet 4',
        '--mode nth ! --every 3 --packet 0',
      ),
  },
}

function conntrackWords({ site }: WordContext): fc.Arbitrary<string> {
  const states = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT']
  const state = maybeNot(
    fc.oneof(
      oneOf('--ctstate NEW', '--ctstate ESTABLISHED', '--ctstate RELATED,ESTABLISHED', '--ctstate NEW,DNAT'),
      listOf(...states).map(list => `--ctstate ${list}`),
    ),
  )
  const statuses = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED']
  const ends = ['--ctorigsrc', '--ctorigdst', '--ctreplsrc', '--ctrepldst']
  const network = prefix(site)
  const others = [
    maybeNot(oneOf('--ctproto 6', '--ctproto 17', '--ctproto icmp', '--ctproto sctp')),
    maybeNot(listOf(...statuses).map(list => `--ctstatus ${list}`)),
    maybeNot(
      fc.oneof(
        oneOf('--ctexpire 100:', '--ctexpire 0', '--ctexpire 30', '--ctexpire 10:120', '--ctexpire 120'),
        numberRange(upTo(600)).map(range => `--ctexpire ${range}`),
      ),
    ),
    oneOf('--ctdir ORIGINAL', '--ctdir REPLY'),
    ...ends.map(option => maybeNot(network.map(text => `${option} ${text}`))),
    ...ends.map(option => maybeNot(portRange.map(range => `${option}port ${range}`))),
  ]
  const other = fc.oneof(...others)
  const several = fc
    .shuffledSubarray([...others.keys()], { minLength: 2, maxLength: 4 })
    .chain(list => joined(...list.map(at => others[at]!)))
  return fc.oneof(
    { weight: 4, arbitrary: state },
    { weight: 2, arbitrary: other },
    { weight: 2, arbitrary: joined(state, other) },
    { weight: 1, arbitrary: several },
  )
}
