import fc from 'fast-check'
import {
  hexadecimal,
  joined,
  maybe,
  maybeNot,
  numberRange,
  oneOf,
  type ThemeWords,
  upTo,
  type WordContext,
} from '../words.ts'

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
        '--bytecode "2,128 0 0 0,22 0 0 0"',
        '--bytecode "4,128 0 0 0,53 0 1 60,6 0 0 1,6 0 0 0"',
        '--bytecode "6,48 0 0 8,7 0 0 0,135 0 0 0,21 0 1 64,6 0 0 1,6 0 0 0"',
        '--bytecode "5,177 0 0 0,80 0 0 13,69 0 1 2,6 0 0 65535,6 0 0 0"',
        '--bytecode "8,40 0 0 6,69 5 0 8191,177 0 0 0,72 0 0 0,37 0 1 1023,6 0 0 1,6 0 0 0,6 0 0 0"',
        '--bytecode "6,48 0 0 1,84 0 0 252,116 0 0 2,21 0 1 4,6 0 0 1,6 0 0 0"',
        '--bytecode "7,32 0 0 12,2 0 0 3,32 0 0 16,97 0 0 3,29 0 1 0,6 0 0 1,6 0 0 0"',
        '--bytecode "4,32 0 0 100,21 0 1 0,6 0 0 1,6 0 0 1"',
        '--bytecode "5,0 0 0 7,4 0 0 3,21 0 1 10,6 0 0 1,6 0 0 0"',
      ),
  },
  dscp: {
    words: () =>
      maybeNot(
        fc.oneof(
          oneOf('--dscp 0', '--dscp 0x04', '--dscp-class EF', '--dscp-class AF11', '--dscp-class CS1'),
          oneOf('--dscp-class BE', '--dscp-class AF43', '--dscp-class CS7', '--dscp-class AF22'),
          upTo(63).map(n => `--dscp ${n}`),
        ),
      ),
  },
  ecn: { words: at => ecnWords(at) },
  hl: {
    words: () => fc.oneof(oneOf('--hl-eq 64', '! --hl-eq 63', '--hl-gt 63', '--hl-lt 64'), hops('hl')),
  },
  length: {
    words: () =>
      maybeNot(
        fc.oneof(
          oneOf('--length 40', '--length 28:60', '--length 100:', '--length :60', '--length 1500'),
          numberRange(upTo(65535)).map(range => `--length ${range}`),
        ),
      ),
  },
  string: {
    words: () =>
      joined(
        maybeNot(
          oneOf(
            '--string evil',
            '--string USER',
            '--hex-string "|0d0a|"',
            '--string AA',
            '--string aaaa',
            '--string A',
            '--hex-string "|45|"',
            '--hex-string "|00 00|"',
            '--hex-string "U|53 45|R"',
            '--hex-string "|41 41|AA"',
            '--string "user a"',
          ),
        ),
        oneOf('--algo bm', '--algo kmp'),
        fc.oneof(
          maybe(oneOf('--from 28', '--from 40', '--from 20 --to 60', '--to 48')),
          upTo(120).map(n => `--from ${n}`),
          fc.tuple(upTo(120), upTo(200)).map(([from, more]) => `--from ${from} --to ${from + more}`),
        ),
        maybe(fc.constant('--icase')),
      ),
  },
  tos: {
    words: () =>
      maybeNot(
        fc.oneof(
          oneOf('--tos 0x10', '--tos 0x10/0x3f', '--tos Minimize-Delay', '--tos 0x00', '--tos 0x08/0x0c'),
          oneOf('--tos Normal-Service', '--tos Maximize-Throughput', '--tos Maximize-Reliability'),
          fc.tuple(hexadecimal(8), hexadecimal(8)).map(([value, mask]) => `--tos ${value}/${mask}`),
        ),
      ),
  },
  ttl: {
    words: () =>
      fc.oneof(
        oneOf('--ttl-eq 64', '! --ttl-eq 63', '--ttl-gt 63', '--ttl-lt 64', '--ttl-lt 2'),
        hops('ttl'),
      ),
  },
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
          '--u32 "6&0xFF=1,6,17"',
          '--u32 "0>>22&0x3C@0>>16=1:1023,40000"',
          '--u32 "0>>22&0x3C@4=0x0:0xffffffff"',
          '--u32 "16=0x0a060000:0x0a06ffff&&12=0xcb007101"',
          '--u32 "0>>22&0x3C@12&0xFF0000>>16=2,18"',
          '--u32 "0<<4>>28=5"',
          '--u32 "8&0xFF00>>8=6&&0>>22&0x3C@13&0x7=2"',
          '--u32 "0>>22&0x3C@0>>22&0x3C@0=0:0xffffffff"',
          '--u32 "36=0x41414141"',
          '--u32 "4&0x1FFF=0&&0>>22&0x3C@8=1:0xffffffff"',
        ),
      ),
  },
}

function ecnWords({ protocol }: WordContext): fc.Arbitrary<string> {
  const ect = maybeNot(oneOf('--ecn-ip-ect 0', '--ecn-ip-ect 1', '--ecn-ip-ect 2', '--ecn-ip-ect 3'))
  if (protocol !== 6) return ect
  const cwr = maybeNot(oneOf('--ecn-tcp-cwr'))
  const ece = maybeNot(oneOf('--ecn-tcp-ece'))
  return fc.oneof(ect, cwr, ece, joined(cwr, ece), joined(ect, ece), joined(ect, cwr, ece))
}

function hops(name: 'hl' | 'ttl'): fc.Arbitrary<string> {
  const value = upTo(255)
  return fc.oneof(
    maybeNot(value.map(n => `--${name}-eq ${n}`)),
    value.map(n => `--${name}-gt ${n}`),
    value.map(n => `--${name}-lt ${n}`),
  )
}
