import type { LongOption } from './getopt.ts'

/** iptables' own options (`original_opts` of iptables.c): long name, letter, argument. */
const CORE: readonly (readonly [name: string, letter: string, argument: LongOption['argument']])[] = [
  ['append', 'A', 'required'],
  ['delete', 'D', 'required'],
  ['check', 'C', 'required'],
  ['insert', 'I', 'required'],
  ['replace', 'R', 'required'],
  ['list', 'L', 'optional'],
  ['list-rules', 'S', 'optional'],
  ['flush', 'F', 'optional'],
  ['zero', 'Z', 'optional'],
  ['new-chain', 'N', 'required'],
  ['delete-chain', 'X', 'optional'],
  ['rename-chain', 'E', 'required'],
  ['policy', 'P', 'required'],
  ['source', 's', 'required'],
  ['destination', 'd', 'required'],
  ['src', 's', 'required'],
  ['dst', 'd', 'required'],
  ['protocol', 'p', 'required'],
  ['in-interface', 'i', 'required'],
  ['jump', 'j', 'required'],
  ['table', 't', 'required'],
  ['match', 'm', 'required'],
  ['numeric', 'n', 'none'],
  ['out-interface', 'o', 'required'],
  ['verbose', 'v', 'none'],
  ['wait', 'w', 'optional'],
  ['wait-interval', 'W', 'optional'],
  ['exact', 'x', 'none'],
  ['fragments', 'f', 'none'],
  ['version', 'V', 'none'],
  ['help', 'h', 'optional'],
  ['line-numbers', '0', 'none'],
  ['modprobe', 'M', 'required'],
  ['set-counters', 'c', 'required'],
  ['goto', 'g', 'required'],
  ['ipv4', '4', 'none'],
  ['ipv6', '6', 'none'],
]

export const CORE_OPTIONS: readonly LongOption[] = CORE.map(([name, short, argument]) => ({
  name,
  short,
  argument,
}))

/** `--line-numbers` and `--modprobe` have no letter that could be typed. */
export const CORE_LETTERS: ReadonlyMap<string, LongOption> = new Map(
  CORE_OPTIONS.filter(option => option.short !== '0' && option.short !== 'M')
    .reverse()
    .map(option => [option.short!, option]),
)

/** `--protocol (-p)` and the like, for messages. */
export function coreOptionName(letter: string): string {
  return letter === '0' ? '--line-numbers' : `-${letter}`
}
