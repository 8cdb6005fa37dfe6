import { Getopt, type LongOption, longOptions } from './getopt.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** What the words behind `iptables-save` ask for. */
export interface SaveCall {
  readonly withCounters: boolean
  /** The only table to print, which is loaded for it; undefined: all that are there. */
  readonly table: Word | undefined
  /** `-f`: where it writes; undefined: standard output. */
  readonly file: Word | undefined
  /** `-V`: it prints a text, and that is all. */
  readonly isHelp: boolean
}

const LONG = longOptions([
  ['counters', 'c', 'none'],
  ['version', 'V', 'none'],
  ['table', 't', 'required'],
  ['modprobe', 'M', 'required'],
  ['file', 'f', 'required'],
])

const SHORT: ReadonlyMap<string, LongOption> = new Map(LONG.map(option => [option.short!, option]))

/**
 * Reads the command line of `iptables-save` (`do_iptables_save`).
 *
 * @throws RuleError with the exit code of the program
 */
export function readSaveCall(words: readonly Word[]): SaveCall {
  const getopt = new Getopt(words, SHORT, () => LONG)
  let withCounters = false
  let table: Word | undefined
  let file: Word | undefined
  let extra: Word | undefined
  for (;;) {
    const parsed = getopt.read()
    if (parsed.kind === 'end') break
    if (parsed.kind === 'word') {
      extra = parsed.word
      continue
    }
    if (parsed.kind !== 'option')
      throw new RuleError(`iptables-save has no option '${parsed.word.text}'`, parsed.word, { exitCode: 1 })
    const { short } = parsed.option
    if (short === 'V') return { withCounters, table, file, isHelp: true }
    if (short === 'c') withCounters = true
    else if (short === 't') table = parsed.argument
    else if (short === 'f') file = parsed.argument
  }
  extra ??= getopt.rest[0]
  if (extra !== undefined)
    throw new RuleError(`iptables-save takes no argument '${extra.text}'`, extra, { exitCode: 1 })
  return { withCounters, table, file, isHelp: false }
}
