import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError, type OptionSpec } from '../extension.ts'
import { hexPattern } from './hex-pattern.ts'
import { not, requireNumber, words } from './support.ts'

interface StringOptions {
  readonly pattern: Uint8Array
  readonly negated: boolean
  readonly algorithm: string
  readonly from: number
  readonly to: number
  readonly icase: boolean
}

const MAX_PATTERN = 128
const MAX_OFFSET = 65535
/** `fsm` exists too, but takes no pattern that iptables could give it. */
const ALGORITHMS = ['bm', 'kmp']

const offsetOption = (name: 'from' | 'to', help: string): OptionSpec<StringOptions> => ({
  name,
  arguments: 1,
  placeholder: 'offset',
  help,
  set(options, [text = '']) {
    options[name] = requireNumber(text, 0, MAX_OFFSET)
  },
})

const patternOption = (
  name: 'string' | 'hex-string',
  read: (text: string) => Uint8Array,
  help: string,
): OptionSpec<StringOptions> => ({
  name,
  arguments: 1,
  negatable: true,
  excludes: [name === 'string' ? 'hex-string' : 'string'],
  placeholder: 'pattern',
  help,
  set(options, [text = ''], negated) {
    const pattern = read(text)
    if (pattern.length > MAX_PATTERN)
      throw new OptionError('the pattern is too long', { expected: `at most ${MAX_PATTERN} bytes` })
    options.pattern = pattern
    options.negated = negated
  },
})

/**
 * `-m string`: net/netfilter/xt_string.c. Looks for a pattern in the whole packet, IP header included. The first
 * occurrence behind `--from` must end before `--to`.
 */
export const string = defineMatch<StringOptions>({
  name: 'string',
  summary: 'a string in the packet',
  options: [
    offsetOption('from', 'where to begin, from the IP header'),
    offsetOption('to', 'where to end'),
    {
      name: 'algo',
      arguments: 1,
      mandatory: true,
      placeholder: 'bm|kmp',
      help: 'how to search: Boyer-Moore or Knuth-Morris-Pratt',
      set(options, [text = '']) {
        options.algorithm = text
      },
    },
    patternOption('string', text => new TextEncoder().encode(text), 'what to look for'),
    patternOption('hex-string', hexPattern, 'what to look for, with |hex digits| between bars'),
    {
      name: 'icase',
      arguments: 0,
      help: 'ignore case',
      set(options) {
        options.icase = true
      },
    },
  ],
  defaults: () => ({ from: 0, to: MAX_OFFSET, icase: false }),
  finish(options) {
    if (options.pattern === undefined)
      throw new OptionError('string: no pattern', { expected: '--string or --hex-string' })
    return options as StringOptions
  },
  check({ pattern, algorithm, from, to }) {
    if (from > to) return 'string: --from is greater than --to'
    if (pattern.length === 0) return 'string: empty pattern'
    return ALGORITHMS.includes(algorithm) ? undefined : `string: no algorithm '${algorithm}'`
  },
  save: options =>
    words(
      `${not(options.negated)}${isHex(options.pattern) ? '--hex-string' : '--string'} ${patternText(options.pattern)}`,
      `--algo ${options.algorithm}`,
      options.from !== 0 && `--from ${options.from}`,
      options.to !== MAX_OFFSET && `--to ${options.to}`,
      options.icase && '--icase',
    ),
  list: ({ pattern, negated, algorithm, from, to, icase }) =>
    words(
      `STRING match ${negated ? '!' : ''} ${patternText(pattern)}`,
      `ALGO name ${algorithm}`,
      from !== 0 && `FROM ${from}`,
      to !== MAX_OFFSET && `TO ${to}`,
      icase && 'ICASE',
    ),
  compile({ pattern, algorithm, negated, from, to, icase }) {
    const fold = icase ? UPPER : undefined
    const wanted = fold === undefined ? pattern : pattern.map(byte => fold[byte]!)
    const findIn = (skb: Skb) =>
      algorithm === 'bm' && skb.fragmentSizes !== undefined
        ? findInBlocks(skb.bytes, skb.fragmentSizes, wanted, from, fold)
        : find(skb.bytes, wanted, from, skb.bytes.length, fold)
    return [
      {
        option: `${not(negated)}${isHex(pattern) ? '--hex-string' : '--string'} ${patternText(pattern)}`,
        passes: skb => {
          const at = findIn(skb)
          return (at >= 0 && at + wanted.length <= to) !== negated
        },
        seen: skb => {
          const at = findIn(skb)
          return at < 0 ? 'no such string' : `the string at ${at}`
        },
      },
    ]
  },
})

/** The kernel's `toupper`, which knows Latin-1. */
const UPPER = Uint8Array.from({ length: 256 }, (_, byte) => {
  const lower = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xe0 && byte !== 0xf7)
  return lower ? byte - 32 : byte
})

/**
 * `bm_find` (lib/ts_bm.c) searches each block of a packet for itself, and what was put together from fragments is a block
 * for each of them: it does not see what crosses their ends. `kmp_find` does.
 */
function findInBlocks(
  bytes: Uint8Array,
  sizes: readonly number[],
  pattern: Uint8Array,
  from: number,
  fold: Uint8Array | undefined,
): number {
  let start = 0
  for (const size of sizes) {
    const at = find(bytes, pattern, Math.max(from, start), start + size, fold)
    if (at >= 0) return at
    start += size
  }
  return -1
}

/** The first occurrence between two offsets; -1 without. */
function find(
  bytes: Uint8Array,
  pattern: Uint8Array,
  from: number,
  end: number,
  fold: Uint8Array | undefined,
): number {
  const last = end - pattern.length
  next: for (let at = from; at <= last; at++) {
    for (let i = 0; i < pattern.length; i++) {
      const byte = bytes[at + i]!
      if ((fold === undefined ? byte : fold[byte]!) !== pattern[i]) continue next
    }
    return at
  }
  return -1
}

/** Printed in hexadecimal when a byte is not printable, or a backslash stands at the end. */
function isHex(pattern: Uint8Array): boolean {
  return pattern.some(byte => byte < 0x20 || byte > 0x7e) || pattern.at(-1) === 0x5c
}

function patternText(pattern: Uint8Array): string {
  const bytes = [...pattern]
  if (isHex(pattern)) return `"|${bytes.map(byte => byte.toString(16).padStart(2, '0')).join('')}|"`
  return `"${String.fromCharCode(...bytes).replace(/["\\]/g, '\\$&')}"`
}
