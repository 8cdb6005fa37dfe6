import type { Word } from '../words.ts'
import type { Io, ShellRuntime } from './runtime.ts'
import { type Status, SUCCESS, statusOf } from './status.ts'
import { type Origin, withOpenEnd } from './unknowns.ts'

/** Options of `read` and `mapfile`: letters with their values, and the names behind them. */
function parsed(
  words: readonly Word[],
  withValue: string,
): { options: Map<string, string>; names: string[] } {
  const options = new Map<string, string>()
  const texts = words.slice(1).map(({ text }) => text)
  let at = 0
  for (; /^-[A-Za-z]/.test(texts[at] ?? ''); at++) {
    const word = texts[at]!
    const letter = [...word.slice(1)].findIndex(char => withValue.includes(char)) + 1
    for (const char of word.slice(1, letter === 0 ? undefined : letter)) options.set(char, '')
    if (letter > 0) options.set(word[letter]!, word.slice(letter + 1) || (texts[++at] ?? ''))
  }
  if (texts[at] === '--') at++
  return { options, names: texts.slice(at) }
}

/** `read a b rest`: separators divide, the last name gets what is left. */
export function read(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const { options, names } = parsed(words, 'adnNptui')
  const { environment, unknowns } = shell
  if (io.input === undefined || options.has('u')) {
    const status = shell.notRun(words, io)
    for (const name of names) environment.set(name, unknowns.mark(status.origin ?? shell.originOf(words)))
    return status
  }
  const { line, isWhole } = lineFor(options, io)
  shell.spend(((line?.length ?? 0) * (names.length + 1)) / 1000)
  const origin = unknowns.find(line ?? '')
  const array = options.get('a')
  const separators = environment.separators
  if (array !== undefined || names.length === 0) {
    const text = line ?? ''
    const fields = array === undefined ? [] : divided(text, separators, Number.POSITIVE_INFINITY)
    if (array !== undefined) fill(shell, array, origin ?? fields)
    else environment.set('REPLY', text)
  } else {
    const fields = divided(line ?? '', separators, names.length)
    for (const [index, name] of names.entries())
      environment.set(name, origin === undefined ? (fields[index] ?? '') : unknowns.mark(origin))
  }
  return origin === undefined ? statusOf(isWhole) : { code: 0, origin }
}

/** What `read` gets to see. Without `-r` a backslash takes the next character's meaning, or joins lines. */
function lineFor(
  options: ReadonlyMap<string, string>,
  io: Io,
): { readonly line: string | undefined; readonly isWhole: boolean } {
  const delimiter = options.get('d')
  const count = options.get('n') ?? options.get('N')
  const input = io.input!
  let line = input.readUntil(
    delimiter === '' ? '\0' : (delimiter ?? '\n'),
    count === undefined ? undefined : Number(count),
  )
  let isWhole = line?.isEnded ?? false
  let text = line?.text
  if (options.has('r') || text === undefined) return { line: text, isWhole }
  while (/(?<!\\)(?:\\\\)*\\$/.test(text) && isWhole) {
    line = input.readUntil('\n', undefined)
    isWhole = line?.isEnded ?? false
    text = text.slice(0, -1) + (line?.text ?? '')
  }
  return { line: text.replace(/\\([\s\S])/g, '$1'), isWhole }
}

/** Blanks among the separators count together, others each. */
function divided(text: string, separators: string, most: number): string[] {
  const isBlank = (char: string | undefined): boolean =>
    char !== undefined && ' \t\n'.includes(char) && separators.includes(char)
  const fields: string[] = []
  let rest = text
  for (;;) {
    while (isBlank(rest[0])) rest = rest.slice(1)
    if (rest === '' && most === Number.POSITIVE_INFINITY) return fields
    let end = [...rest].findIndex(char => separators.includes(char))
    if (end < 0 || fields.length === most - 1) end = rest.length
    let value = rest.slice(0, end)
    let behind = end
    while (isBlank(rest[behind])) behind++
    if (behind < rest.length && !isBlank(rest[behind]) && separators.includes(rest[behind]!)) behind++
    rest = rest.slice(behind)
    while (isBlank(value.at(-1))) value = value.slice(0, -1)
    // one separator behind the last field belongs to it no more
    const last = value.at(-1)
    if (fields.length === most - 1 && last !== undefined && separators.includes(last))
      if ([...value.slice(0, -1)].every(char => !separators.includes(char))) value = value.slice(0, -1)
    fields.push(value)
    if (fields.length >= most || rest === '') return fields
  }
}

/** bash: `mapfile -t name`: an array of the lines */
export function readLines(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const { options, names } = parsed(words, 'dnOsuCc')
  const name = names[0] ?? 'MAPFILE'
  const refused = ['u', 'C', 'c'].find(letter => options.has(letter))
  if (refused !== undefined) shell.refuse(`'mapfile -${refused}' is not supported`, words[0]!)
  const text = io.input?.readAll()
  const origin = text === undefined ? shell.originOf(words) : shell.unknowns.find(text)
  if (origin !== undefined) {
    fill(shell, name, origin)
    return { code: 0, origin }
  }
  const delimiter = options.get('d') ?? '\n'
  const pieces = (text ?? '').split(delimiter === '' ? '\0' : delimiter)
  const ended = pieces.map((piece, index) => (index < pieces.length - 1 ? piece + delimiter : piece))
  if (ended.at(-1) === '') ended.pop()
  const count = Number(options.get('n') ?? 0)
  const from = Number(options.get('s') ?? 0)
  const taken = ended.slice(from, count === 0 ? undefined : from + count)
  const values = options.has('t')
    ? taken.map(piece => (piece.endsWith(delimiter) ? piece.slice(0, -delimiter.length) : piece))
    : taken
  fill(shell, name, values, options.has('O') ? Number(options.get('O')) : undefined)
  return SUCCESS
}

/** Makes an array. @param first where the values go in one that stays */
export function fill(
  { environment, unknowns }: ShellRuntime,
  name: string,
  values: readonly string[] | Origin,
  first?: number,
): void {
  if (first === undefined) environment.unset(name)
  if ('command' in values) environment.set(name, withOpenEnd(unknowns.mark(values)))
  else
    for (const [index, value] of values.entries())
      environment.setElement(name, String((first ?? 0) + index), value)
}
