import type { Diagnostic } from '../diagnostic.ts'

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
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(word.text) ? Number(octal(word.text)) : Number.NaN
  if (value >= min && value <= max) return value
  throw new SetError(`bad number '${word.text}'`, word, { expected: `a number from ${min} to ${max}` })
}

function octal(text: string): string {
  return /^0[0-7]+$/.test(text) ? `0o${text}` : text
}
