import { type Diagnostic, formatDiagnostic } from '../diagnostic.ts'
import type { Ruleset } from '../rules/model.ts'
import { type ParseOptions, parseRules } from '../rules/parse.ts'
import { readInput } from './input.ts'

/** What `rules … --json` prints for a file. */
export interface RulesJson {
  readonly file: string
  readonly ok: boolean
  /** What the command prints for it. */
  readonly text: string
  readonly errors: readonly ErrorJson[]
  readonly warnings: readonly ErrorJson[]
}

export interface ErrorJson {
  readonly line: number
  readonly column: number
  readonly message: string
  /** How to mend it, or what would have been right; null where there is nothing to say. */
  readonly hint: string | null
}

export interface RulesReport {
  readonly json: RulesJson
  readonly diagnostics: readonly Diagnostic[]
  /** The file could not be read or written, or the program itself failed. */
  readonly isUnreadable: boolean
}

/**
 * Reads a ruleset file. Never throws: whatever happens to one file is its own report.
 *
 * @param render what to print for the ruleset
 */
export function reportRules(
  file: string,
  options: Omit<ParseOptions, 'file'>,
  render: (ruleset: Ruleset, text: string, file: string) => string,
): RulesReport {
  try {
    const text = readInput(file)
    const { ruleset, diagnostics } = parseRules(text, { ...options, file })
    return report(file, ruleset === undefined ? '' : render(ruleset, text, file), diagnostics, false)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return report(file, '', [{ severity: 'error', file, line: 1, column: 1, message }], true)
  }
}

function report(
  file: string,
  text: string,
  diagnostics: readonly Diagnostic[],
  isUnreadable: boolean,
): RulesReport {
  const of = (severity: Diagnostic['severity']): ErrorJson[] =>
    diagnostics.filter(diagnostic => diagnostic.severity === severity).map(errorJson)
  const errors = of('error')
  const json = { file, ok: errors.length === 0, text, errors, warnings: of('warning') }
  return { json, diagnostics, isUnreadable }
}

function errorJson({ line, column, message, hint, expected }: Diagnostic): ErrorJson {
  const help = hint ?? (expected === undefined ? null : `expected ${expected}`)
  return { line, column, message, hint: help }
}

export function reportLines({ diagnostics }: RulesReport): readonly string[] {
  return diagnostics.map(formatDiagnostic)
}
