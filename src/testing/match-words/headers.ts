import fc from 'fast-check'
import { joined, maybe, maybeNot, oneOf, type ThemeWords } from '../words.ts'

/** What the IP header and the bytes behind it show. */
export const HEADERS_WORDS: ThemeWords = {
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
  dscp: {
    words: () =>
      maybeNot(oneOf('--dscp 0', '--dscp 0x04', '--dscp-class EF', '--dscp-class AF11', '--dscp-class CS1')),
  },
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
  hl: { words: () => oneOf('--hl-eq 64', '! --hl-eq 63', '--hl-gt 63', '--hl-lt 64') },
  length: {
    words: () =>
      maybeNot(oneOf('--length 40', '--length 28:60', '--length 100:', '--length :60', '--length 1500')),
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
}
