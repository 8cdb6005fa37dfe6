import type { Diagnostic } from '../diagnostic.ts'
import { checkRuleset } from './check.ts'
import { kindOfText } from './kind-of-text.ts'
import type { Chain, Ruleset } from './model.ts'
import { tablesOf } from './print.ts'
import { readRestoreText } from './restore.ts'
import { type ParseOptions, RulesetDraft } from './ruleset-draft.ts'
import { readCommands, readScript } from './script.ts'

export type { HostResolver } from './addresses.ts'

export type { ParseOptions } from './ruleset-draft.ts'

export type { ShellOptions } from './shell/options.ts'

/** What became of a text: the ruleset, and everything wrong with it. */
export interface ParseResult {
  /** Absent when there is an error: nothing is half loaded. */
  readonly ruleset?: Ruleset
  /** With errors in a script: what its other commands leave, for sh goes on behind one that is refused. */
  readonly partial?: Ruleset
  /** Everything wrong with the text, in its order; warnings too. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads a ruleset: iptables-save text, a shell script with `iptables` commands, or bare commands as `iptables -S` prints
 * them (told apart by the first line that says something, or by `options.format`). Everything that iptables 1.8.9 or the
 * kernel would refuse is an error with its place; so is whatever the simulator does not model (`code: 'not-modelled'`).
 *
 * @param options `family` 4 or 6 is required; names, host resolver, shell variables are not
 * @returns the ruleset, if nothing was wrong with the text, and every diagnostic
 * @example
 * const good = parseRules('iptables -A INPUT -p tcp --dport 22 -j ACCEPT', { family: 4 })
 * good.ruleset.tables.filter.chains.INPUT.rules.length // 1
 * const bad = parseRules('iptables -A INPUT --dport 22 -j ACCEPT', { family: 4 })
 * bad.ruleset // undefined
 * bad.diagnostics[0].column // 19
 */
export function parseRules(text: string, options: ParseOptions): ParseResult {
  const { file } = options
  const draft = new RulesetDraft(options)
  const diagnostics = readText(text, draft, options)
  const ruleset = draft.ruleset()
  const refusals = checkRuleset(ruleset, file)
  const all = [...diagnostics, ...refusals].sort((a, b) => a.line - b.line)
  if (!hasErrors(all)) return { ruleset, diagnostics: all }
  if (kindOf(text, options) === 'restore') return { diagnostics: all }
  return { partial: withoutRefused(ruleset, refusals), diagnostics: all }
}

/** Each command of a script stands for itself: those whose rules the kernel refuses change nothing. */
function withoutRefused(ruleset: Ruleset, refusals: readonly Diagnostic[]): Ruleset {
  const refused = new Set(refusals.map(({ line }) => line))
  const keep = (chain: Chain): Chain => ({
    ...chain,
    rules: chain.rules.filter(({ line }) => line === undefined || !refused.has(line)),
  })
  const tables = tablesOf(ruleset).map(table => {
    const chains = Object.entries(table.chains).map(([name, chain]) => [name, keep(chain)] as const)
    return [table.name, { ...table, chains: Object.fromEntries(chains) }] as const
  })
  return { ...ruleset, tables: Object.fromEntries(tables) }
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(diagnostic => diagnostic.severity === 'error')
}

function kindOf(text: string, { format = 'auto' }: ParseOptions): ReturnType<typeof kindOfText> {
  return format === 'auto' ? kindOfText(text) : format
}

function readText(text: string, draft: RulesetDraft, options: ParseOptions): Diagnostic[] {
  const { shell = {} } = options
  const kind = kindOf(text, options)
  if (kind === 'script') return readScript(text, draft, shell)
  return kind === 'commands'
    ? readCommands(text, draft)
    : [...readRestoreText(text, draft, options).diagnostics]
}
