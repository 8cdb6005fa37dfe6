import type { Ruleset } from '../rules/model.ts'
import { type Analysis, analyze, keyOf } from './analyze.ts'
import { LINTS } from './lints/index.ts'
import type { Finding, LintContext } from './lints/lint.ts'
import { redundantRules } from './redundant.ts'

export type { Finding, Severity } from './lints/lint.ts'

/** What `check` found. */
export interface CheckResult {
  /** By line, then severity. */
  readonly findings: readonly Finding[]
  readonly analysis: Analysis
}

/** Lints about whether a rule does anything at all: about one rule, only the first of them speaks. */
const ABOUT_REACH: ReadonlySet<string> = new Set([
  'duplicate-rule',
  'rule-after-final-verdict',
  'impossible-match',
  'unreachable-rule',
  'redundant-rule',
  'same-as-policy',
])

/**
 * Everything an engineer would want to be told about a ruleset: dead and redundant rules with their proofs, holes,
 * and what looks like a mistake.
 *
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j DROP', { family: 4 })
 * checkRuleset(ruleset).findings.map(({ line, lint }) => `${line}: ${lint}`) // ["2: unreachable-rule"]
 */
export function checkRuleset(ruleset: Ruleset): CheckResult {
  const analysis = analyze(ruleset)
  const reports = new Map(analysis.rules.map(report => [keyOf(report.id), report]))
  const context: LintContext = {
    ruleset,
    analysis,
    redundant: redundantRules(analysis),
    report: id => reports.get(keyOf(id)),
  }
  const findings: Finding[] = []
  const told = new Set<string>()
  for (const lint of LINTS)
    for (const remark of lint.run(context)) {
      const { at } = remark
      if ('number' in at && ABOUT_REACH.has(lint.name)) {
        if (told.has(keyOf(at))) continue
        told.add(keyOf(at))
      }
      findings.push({ lint: lint.name, severity: lint.severity, ...remark })
    }
  return { findings: findings.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)), analysis }
}
