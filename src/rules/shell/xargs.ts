import type { Word } from '../words.ts'
import type { Io, ShellRuntime } from './runtime.ts'
import { type Status, SUCCESS } from './status.ts'

interface Options {
  /** How many words, or lines, a command gets; undefined: all. */
  readonly words?: number
  readonly lines?: number
  /** Where in the command the line goes. */
  readonly place?: string
  readonly skipsNothing: boolean
  readonly command: readonly string[]
}

/** `xargs -n1 iptables -A INPUT -j DROP -s`: runs a command with the words that it reads. */
export function xargs(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const options = optionsOf(words.slice(1).map(({ text }) => text))
  const text = io.input?.readAll()
  const [first] = words
  if (options === undefined || text === undefined || shell.isUnknown(text)) return shell.notRun(words, io)
  shell.spend(text.length / 100)
  const groups = groupsOf(text, options)
  if (groups === undefined) return shell.notRun(words, io)
  let hasFailed = false
  for (const group of groups) {
    const { place, command } = options
    const all =
      place === undefined ? [...command, ...group] : command.map(word => word.replaceAll(place, group[0]!))
    const { code } = shell.runWords(
      all.map(word => ({ ...first!, text: word })),
      { ...io, input: undefined },
    )
    hasFailed ||= code !== 0
  }
  return hasFailed ? { code: 123 } : SUCCESS
}

function optionsOf(args: readonly string[]): Options | undefined {
  const found: { words?: number; lines?: number; place?: string } = {}
  let skipsNothing = false
  let at = 0
  for (; args[at]?.startsWith('-') === true; at++) {
    const [, letter = '', value] = /^-([nLlIirt])(.*)$/.exec(args[at]!) ?? []
    if (letter === '') return undefined
    const given = value !== '' || 'lirt'.includes(letter) ? value : args[++at]
    if (letter === 'r') skipsNothing = true
    else if ('iI'.includes(letter)) found.place = given || '{}'
    else if (letter === 'n') found.words = Number(given)
    else if (letter !== 't') found.lines = Number(given || 1)
  }
  if ([found.words, found.lines].some(number => number !== undefined && !(number >= 1))) return undefined
  const command = args.slice(at)
  return { ...found, skipsNothing, command: command.length === 0 ? ['echo'] : command }
}

/** The words for each command; undefined where a quote stays open. */
function groupsOf(text: string, options: Options): readonly (readonly string[])[] | undefined {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  if (options.place !== undefined) {
    const whole = lines.map(line => (isSound(line) ? [plain(line.replace(/^\s+/, ''))] : undefined))
    return whole.includes(undefined) ? undefined : (whole as readonly (readonly string[])[])
  }
  const perLine = lines.map(line => (isSound(line) ? (line.match(WORD) ?? []).map(plain) : undefined))
  if (perLine.includes(undefined)) return undefined
  const all = perLine as readonly (readonly string[])[]
  const size = options.lines ?? options.words
  if (size === undefined) return all.length === 0 && options.skipsNothing ? [] : [all.flat()]
  const units = options.lines === undefined ? all.flat().map(word => [word]) : all
  return Array.from({ length: Math.ceil(units.length / size) }, (_, index) =>
    units.slice(index * size, (index + 1) * size).flat(),
  )
}

const WORD = /(?:[^\s"'\\]|\\.|"[^"]*"|'[^']*')+/g

function isSound(line: string): boolean {
  return /^(?:[^"'\\]|\\.|"[^"]*"|'[^']*')*$/.test(line)
}

/** Quotes and backslashes are taken away. */
function plain(word: string): string {
  return word.replace(/\\(.)|"([^"]*)"|'([^']*)'/g, (_, char, double, single) => char ?? double ?? single)
}
