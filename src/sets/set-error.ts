import type { Diagnostic } from '../diagnostic.ts'
import { parseNumber } from '../rules/numbers.ts'

/** One word of an ipset text, and where it began. */
export interface SetWord {
  readonly text: string
  /** From 1. */
  readonly column: number
}

/** What is wrong with one line of an ipset text; made a diagnostic where the lines are read. */
export class SetError extends Error {
  readonly word: SetWord
  readonly code: NonNullable<Diagnostic['code']>
  readonly help: { readonly expected?: string; readonly hint?: string }

  constructor(
    message: string,
    word: SetWord,
    help: { readonly expected?: string; readonly hint?: string } = {},
    code: NonNullable<Diagnostic['code']> = 'syntax',
  ) {
    super(message)
    this.word = word
    this.help = help
    this.code = code
  }
}

/** A whole number in decimal, hexadecimal or octal, as ipset reads them. @throws SetError */
export function readNumber(word: SetWord, min: number, max: number): number {
  const value = parseNumber(word.text, min, max)
  if (value !== undefined) return value
  throw new SetError(`bad number '${word.text}'`, word, { expected: `a number from ${min} to ${max}` })
}

/** What takes an argument is said once in a line; a flag as often as one likes. @throws SetError */
export function checkOnce({ text, column }: SetWord, given: Set<string>): void {
  const name = text.replace(/^--/, '')
  if (given.has(name) && !FLAGS.has(name))
    throw new SetError(`${name} is given already`, { text, column }, { hint: `say ${name} once` })
  given.add(name)
}

const FLAGS: ReadonlySet<string> = new Set([
  'counters',
  'comment',
  'skbinfo',
  'forceadd',
  'nomatch',
  'wildcard',
])
