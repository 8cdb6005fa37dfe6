import type { Diagnostic } from '../diagnostic.ts'
import type { Word } from './words.ts'

/** What is wrong with one command line; caught where the lines are read, and made a diagnostic there. */
export class RuleError extends Error {
  readonly word: Word | undefined
  readonly code: NonNullable<Diagnostic['code']>
  readonly expected: string | undefined
  readonly hint: string | undefined
  /** How the program would end; 0 where it only prints a text. */
  readonly exitCode: 0 | 1 | 2 | 3
  /** What iptables writes on standard error, where its words are known. */
  readonly said: string | undefined

  constructor(
    message: string,
    word: Word | undefined,
    help: {
      readonly code?: NonNullable<Diagnostic['code']>
      readonly expected?: string | undefined
      readonly hint?: string | undefined
      readonly exitCode?: 0 | 1 | 2 | 3
      readonly said?: string | undefined
    } = {},
  ) {
    super(message)
    this.word = word
    this.code = help.code ?? 'syntax'
    this.expected = help.expected
    this.hint = help.hint
    this.said = help.said
    this.exitCode = help.exitCode ?? (this.code === 'kernel' || this.code === 'not-modelled' ? 1 : 2)
  }

  /** The same where another program says it. */
  endingWith(exitCode: 1 | 2): RuleError {
    return new RuleError(this.message, this.word, { ...this, exitCode })
  }
}

/** A diagnostic from whatever a command line threw; anything but a {@link RuleError} is thrown on. */
export function diagnosticOf(error: unknown, file: string | undefined, fallback: Word): Diagnostic {
  if (!(error instanceof RuleError)) throw error
  const { line, column } = error.word ?? fallback
  return {
    severity: 'error',
    ...(file === undefined ? {} : { file }),
    line,
    column,
    message: error.message,
    code: error.code,
    ...(error.expected === undefined ? {} : { expected: error.expected }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  }
}
