import type { Chain, Rule, Ruleset, Table } from '../../rules/model.ts'
import type { Analysis, RuleReport } from '../analyze.ts'
import type { RuleId } from '../flow.ts'
import type { RedundantRule } from '../redundant.ts'

/** `error`: it does not do what it says. `warning`: most likely a mistake. `note`: worth a look. */
export type Severity = 'error' | 'warning' | 'note'

/** One remark of `check` about a ruleset. */
export interface Finding {
  /** The lint's name, e.g. `unreachable-rule`. */
  readonly lint: string
  readonly severity: Severity
  /** The rule it is about, or the chain. */
  readonly at: RuleId | { readonly table: Table['name']; readonly chain: string }
  /** The line of the text that the ruleset was read from, where it is known. */
  readonly line?: number
  /** What is wrong, and why one can be sure. */
  readonly message: string
  /** What to do about it. */
  readonly fix?: string
}

/** What a lint may look at. */
export interface LintContext {
  readonly ruleset: Ruleset
  readonly analysis: Analysis
  readonly redundant: readonly RedundantRule[]
  report(id: RuleId): RuleReport | undefined
}

/** A lint: one question, asked once for the whole ruleset. */
export interface Lint {
  readonly name: string
  readonly severity: Severity
  /** One line for the documentation and for SARIF. */
  readonly summary: string
  run(context: LintContext): Iterable<Remark>
}

/** What a lint says; name and severity are added, and may be lowered. */
export type Remark = Omit<Finding, 'lint' | 'severity'> & { readonly severity?: Severity }

/** A rule with its place. */
export interface PlacedRule {
  readonly id: RuleId
  readonly rule: Rule
  readonly chain: Chain
  readonly table: Table
}

/** All rules in the order of the text's tables and chains. */
export function* rulesOf(ruleset: Ruleset): Iterable<PlacedRule> {
  for (const table of Object.values(ruleset.tables)) {
    if (table === undefined) continue
    for (const chain of Object.values(table.chains))
      for (const [index, rule] of chain.rules.entries())
        yield { id: { table: table.name, chain: chain.name, number: index + 1 }, rule, chain, table }
  }
}

/** A remark's place in a rule. */
export function at({ id, rule }: Pick<PlacedRule, 'id' | 'rule'>): Pick<Remark, 'at' | 'line'> {
  return { at: id, ...(rule.line !== undefined && { line: rule.line }) }
}

/** `INPUT:3`, `INPUT's policy`, with the line where it is known. */
export function named(id: RuleId, line?: number): string {
  const text = id.number === 'policy' ? `the policy of ${id.chain}` : `${id.chain} rule ${id.number}`
  return line === undefined ? text : `${text} (line ${line})`
}

export function isUnconditional(rule: Rule): boolean {
  const { source, destination, inInterface, outInterface, protocol, fragment } = rule
  const anywhere = [source, destination].every(
    match => match === undefined || (match.prefix.mask.isZero() && !match.negated),
  )
  return (
    anywhere &&
    (inInterface === undefined || inInterface.name === '') &&
    (outInterface === undefined || outInterface.name === '') &&
    (protocol === undefined || protocol.number === 0) &&
    fragment === undefined &&
    rule.matches.every(({ name }) => name === 'comment')
  )
}

export function hasMatch(rule: Rule, ...names: readonly string[]): boolean {
  return rule.matches.some(({ name }) => names.includes(name))
}

export function accepts(rule: Rule): boolean {
  return rule.target.kind === 'verdict' && rule.target.verdict === 'ACCEPT'
}
