import { type Diagnostic, formatDiagnostic } from '../diagnostic.ts'
import { nearest } from '../nearest.ts'
import { kindOfText } from '../rules/kind-of-text.ts'
import { BUILTIN_CHAINS, type Ruleset } from '../rules/model.ts'
import { type ParseOptions, parseRules } from '../rules/parse.ts'
import { printRules } from '../rules/print.ts'
import { readText } from './file-kind.ts'
import { FileError } from './input.ts'

/** What `rules … --json` prints for a file. */
export interface RulesJson {
  readonly file: string
  readonly ok: boolean
  /** What the command prints for it; for a script with errors, what its other commands leave. */
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
    const text = readText(file, 'ruleset')
    const { ruleset, partial, diagnostics } = parseRules(text, { ...options, file })
    const printed = ruleset ?? partial
    const said = [...diagnostics, ...branchWarning(text, file, printed, options)]
    return report(file, printed === undefined ? '' : render(printed, text, file), said, false)
  } catch (error) {
    const message =
      error instanceof FileError ? error.reason : error instanceof Error ? error.message : String(error)
    const hint = error instanceof FileError ? meantBy(file) : undefined
    const said = { severity: 'error', file, line: 1, column: 1, message } as const
    return report(file, '', [hint === undefined ? said : { ...said, hint }], true)
  }
}

/** Where a file is not there, since its name was meant for something else. */
function meantBy(file: string): string | undefined {
  if (BUILT_IN_CHAINS.has(file)) return `a chain is chosen with: rules list --chain ${file} FILE`
  const command = nearest(file, ['check', 'print', 'list', 'fmt'])
  return command === undefined ? undefined : `did you mean the command \`rules ${command}\`?`
}

const BUILT_IN_CHAINS: ReadonlySet<string> = new Set(Object.values(BUILTIN_CHAINS).flat())

/** All commands of a script were read: is that what running it leaves? */
function branchWarning(
  text: string,
  file: string,
  read: Ruleset | undefined,
  options: Omit<ParseOptions, 'file'>,
): readonly Diagnostic[] {
  if (read === undefined || options.shell?.branches !== 'all' || kindOfText(text) !== 'script') return []
  const run = parseRules(text, { ...options, shell: { ...options.shell, branches: 'taken' } })
  const left = run.ruleset ?? run.partial
  if (left !== undefined && printRules(left) === printRules(read)) return []
  const message = "all branches of the script were read; sh, called with 'start', would leave other rules"
  return [{ severity: 'warning', file, line: 1, column: 1, message, hint: 'see --run' }]
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
