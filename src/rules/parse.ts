import type { Diagnostic } from '../diagnostic.ts'
import { checkRuleset } from './check.ts'
import type { Ruleset } from './model.ts'
import { readRestoreText } from './restore.ts'
import { type ParseOptions, RulesetDraft } from './ruleset-draft.ts'
import { readScript } from './script.ts'

export type { HostResolver } from './addresses.ts'

export type { ParseOptions } from './ruleset-draft.ts'

export interface ParseResult {
  /** Absent when there is an error: nothing is half loaded. */
  readonly ruleset?: Ruleset
  /** Everything wrong with the text, in its order; warnings too. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads a ruleset: iptables-save text, or a script of `iptables` commands (told apart by the first line that says
 * something). Everything that iptables 1.8.9 or the kernel would refuse is an error with its place; so is whatever the
 * simulator does not model (`code: 'not-modelled'`).
 *
 * @example
 * const { ruleset, diagnostics } = parseRules('iptables -A INPUT -p tcp --dport 22 -j ACCEPT', { family: 4 })
 */
export function parseRules(text: string, options: ParseOptions): ParseResult {
  const { file, readCounters = false } = options
  const draft = new RulesetDraft(options)
  const diagnostics = isScript(text) ? readScript(text, draft) : readRestoreText(text, draft, readCounters)
  if (hasErrors(diagnostics)) return { diagnostics }
  const ruleset = draft.ruleset()
  const refusals = checkRuleset(ruleset, file)
  const all = [...diagnostics, ...refusals]
  return hasErrors(refusals) ? { diagnostics: all } : { ruleset, diagnostics: all }
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(diagnostic => diagnostic.severity === 'error')
}

/** Save text begins with a table, and every line of it with one of a few characters. */
function isScript(text: string): boolean {
  const first = text.split('\n').find(line => /^\s*[^#\s]/.test(line))
  return first !== undefined && !/^\s*[*:[-]|^COMMIT\s*$/.test(first)
}
