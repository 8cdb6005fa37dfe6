import fc from 'fast-check'
import { joined, maybe, maybeNot, oneOf, rarely, type ThemeWords } from '../words.ts'

/** IPv6's extension headers. */
export const IPV6_WORDS: ThemeWords = {
  dst: { words: () => optionsHeader('dst') },
  eui64: { words: () => fc.constant('') },
  frag: {
    words: () =>
      joined(
        maybe(maybeNot(oneOf('--fragid 77', '--fragid 1:100'))),
        // ip6tables-save leaves out `! --fraglen 0`, so that it is another rule when it is read again
        rarely(oneOf('--fraglen 0', '--fraglen 8', '! --fraglen 8')),
        maybe(oneOf('--fragmore', '--fraglast')),
        maybe(oneOf('--fragfirst', '--fragres')),
      ),
  },
  hbh: { words: () => optionsHeader('hbh') },
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
  mh: { words: () => maybe(maybeNot(oneOf('--mh-type 5', '--mh-type 0:3', '--mh-type be'))) },
  rt: {
    words: () =>
      oneOf(
        '--rt-type 0',
        '! --rt-type 0',
        '--rt-segsleft 0:1',
        '! --rt-segsleft 0',
        '--rt-type 0 ! --rt-len 24',
        '--rt-type 0 --rt-0-res',
        '--rt-type 0 --rt-0-addrs 2001:db8:6::2',
        '--rt-type 0 --rt-0-addrs 2001:db8:6::2 --rt-0-not-strict',
        '--rt-segsleft 1',
        '--rt-type 0 --rt-len 24',
        '--rt-type 2',
      ),
  },
  srh: {
    words: () =>
      joined(
        maybe(maybeNot(oneOf('--srh-next-hdr 59', '--srh-next-hdr 6'))),
        maybe(maybeNot(oneOf('--srh-hdr-len-eq 4', '--srh-hdr-len-gt 1', '--srh-hdr-len-lt 4'))),
        maybe(maybeNot(oneOf('--srh-segs-left-eq 1', '--srh-segs-left-gt 0', '--srh-segs-left-lt 1'))),
        maybe(
          maybeNot(
            oneOf(
              '--srh-last-entry-eq 1',
              '--srh-last-entry-gt 1',
              '--srh-last-entry-lt 1',
              '--srh-tag 1792',
            ),
          ),
        ),
        maybe(
          maybeNot(oneOf('--srh-psid 2001:db8::/32', '--srh-nsid 2001:db8::1', '--srh-lsid 2001:db8::/64')),
        ),
      ),
  },
}

function optionsHeader(name: 'dst' | 'hbh'): fc.Arbitrary<string> {
  return joined(
    maybe(maybeNot(oneOf(`--${name}-len 8`, `--${name}-len 16`))),
    maybe(oneOf(`--${name}-opts 1:4`, `--${name}-opts 5:2`, `--${name}-opts 30`)),
  )
}
