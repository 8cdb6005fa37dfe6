import fc from 'fast-check'
import {
  address,
  joined,
  markValue,
  maybe,
  maybeNot,
  oneOf,
  port,
  type ThemeWords,
  type WordContext,
} from '../words.ts'

/** What conntrack knows, and what rules remember between packets. */
export const CONNECTIONS_WORDS: ThemeWords = {
  cluster: {
    words: () =>
      joined(
        fc.constant('--cluster-total-nodes 3'),
        maybeNot(oneOf('--cluster-local-node 1', '--cluster-local-node 3', '--cluster-local-nodemask 6')),
        oneOf('--cluster-hash-seed 0', '--cluster-hash-seed 0xfeed'),
      ),
  },
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
  connlabel: {
    words: () =>
      joined(maybeNot(oneOf('--label 1', '--label 2', '--label 127')), maybe(fc.constant('--set'))),
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
  helper: { words: () => maybeNot(oneOf('--helper ftp', '--helper tftp', '--helper irc', '--helper ""')) },
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
