/** One thing wrong with a text from outside: what a compiler prints. Lines and columns count from 1. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  /** The name the caller gave the text, e.g. a file's path. */
  readonly file?: string
  readonly line: number
  readonly column: number
  readonly message: string
  /**
   * What kind of fault: `syntax` (the text is wrong), `kernel` (well-formed, but refused when it is loaded),
   * `not-modelled` (iptables knows it, this simulator does not), `shell` (a script does more than call iptables).
   */
  readonly code?: 'syntax' | 'kernel' | 'not-modelled' | 'shell'
  /** What would have been right here, e.g. "a port or a range of ports". */
  readonly expected?: string
  /** How to mend it, e.g. "--dport needs -p tcp or -p udp". */
  readonly hint?: string
}

/**
 * A diagnostic as compilers print them: `rules.v4:12:30: error: unknown option --dport (expected …)`, and below it a hint.
 *
 * @example
 * const { diagnostics } = parseRules('iptables -A INPUT --dport 22 -j ACCEPT', { family: 4, file: 'rules.sh' })
 * formatDiagnostic(diagnostics[0]).split('\n')[0] // "rules.sh:1:19: error: unknown option '--dport'"
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, expected, hint } = diagnostic
  const place = `${file ?? '<text>'}:${line}:${column}`
  const wanted = expected === undefined ? '' : ` (expected ${expected})`
  return visible(
    `${place}: ${severity}: ${message}${wanted}${hint === undefined ? '' : `\n    hint: ${hint}`}`,
  )
}

/** What a text from outside has of control characters is shown, not sent to the terminal. */
function visible(text: string): string {
  return text.replace(CONTROL, character => JSON.stringify(character).slice(1, -1))
}

const CONTROL = /[^\P{Cc}\n]/gu

/**
 * Thrown by the calls that take text and cannot go on without it; carries every diagnostic, not only the first.
 *
 * @example
 * let error
 * try {
 *   createFirewall({ rules: 'iptables -A INPUT -j DORP\niptables -A INPUT --sport 1 -j DROP' })
 * } catch (thrown) {
 *   error = thrown
 * }
 * error instanceof DiagnosticError // true
 * error.diagnostics.map(({ line }) => line) // [1,2]
 */
export class DiagnosticError extends Error {
  readonly diagnostics: readonly Diagnostic[]

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'))
    this.name = 'DiagnosticError'
    this.diagnostics = diagnostics
  }
}
