import { Getopt, type LongOption, longOptions } from './getopt.ts'
import { parseNumber } from './numbers.ts'
import type { RestoreOptions } from './restore.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** What the words behind `iptables-restore` ask for. */
export interface RestoreCall extends RestoreOptions {
  /** What it reads; undefined is standard input. */
  readonly file: Word | undefined
  /** `-h`, `-V`: it prints a text, and that is all. */
  readonly isHelp: boolean
}

const LONG = longOptions([
  ['counters', 'c', 'none'],
  ['verbose', 'v', 'none'],
  ['version', 'V', 'none'],
  ['test', 't', 'none'],
  ['help', 'h', 'none'],
  ['noflush', 'n', 'none'],
  ['modprobe', 'M', 'required'],
  ['table', 'T', 'required'],
  ['wait', 'w', 'optional'],
  ['wait-interval', 'W', 'optional'],
  ['binary', 'b', 'none'],
])

/** `-w5` is no way to say `-w 5`. */
const SHORT: ReadonlyMap<string, LongOption> = new Map(
  LONG.map(option => [
    option.short!,
    option.argument === 'optional' ? { ...option, argument: 'none' } : option,
  ]),
)

/**
 * Reads the command line of `iptables-restore` (`ip46tables_restore_main`).
 *
 * @throws RuleError with the exit code of the program
 */
export function readRestoreCall(words: readonly Word[]): RestoreCall {
  const getopt = new Getopt(words, SHORT, () => LONG)
  const given = new Map<string, string>()
  const files: Word[] = []
  for (;;) {
    const parsed = getopt.read()
    if (parsed.kind === 'end') break
    if (parsed.kind === 'word') files.push(parsed.word)
    else if (parsed.kind === 'option') given.set(parsed.option.short!, argumentOf(parsed, getopt) ?? '')
    else
      throw new RuleError(`iptables-restore has no option '${parsed.word.text}'`, parsed.word, {
        exitCode: 1,
      })
    if (given.has('h') || given.has('V')) return { file: undefined, isHelp: true }
  }
  files.push(...getopt.rest)
  const [file, second] = files
  if (second !== undefined)
    throw new RuleError(`iptables-restore reads one file, not '${second.text}' too`, second, { exitCode: 1 })
  if (file?.text === '-')
    throw new RuleError("iptables-restore takes '-' for the name of a file", file, {
      exitCode: 1,
      hint: 'without a name it reads standard input',
    })
  const onlyTable = given.get('T')
  return {
    file: file?.text === '/dev/stdin' ? undefined : file,
    isHelp: false,
    readCounters: given.has('c'),
    noFlush: given.has('n'),
    isTest: given.has('t'),
    ...(onlyTable !== undefined && { onlyTable }),
  }
}

function argumentOf(
  { option, argument, word }: { option: LongOption; argument?: Word; word: Word },
  getopt: Getopt,
): string | undefined {
  if (option.short !== 'w' && option.short !== 'W') return argument?.text
  const seconds = argument ?? getopt.takeArgument()
  if (seconds !== undefined && parseNumber(seconds.text, 0, 0xffff_ffff) === undefined)
    throw new RuleError(`${word.text}: '${seconds.text}' is not a number`, seconds)
  return seconds?.text
}
