import type { Family } from '../../address.ts'
import { type Analysis, keyOf } from '../../analysis/analyze.ts'
import type { RuleId } from '../../analysis/flow.ts'
import { readCounters } from '../../counters.ts'
import type { FirewallState } from '../../state.ts'

/** A rule that no packet matched. */
export interface UnreachedRule {
  readonly family: Family
  readonly id: RuleId
  readonly line?: number
  /** `dead`: no packet ever can, as the analysis has proven. */
  readonly why: 'dead' | 'not reached'
}

/** Which rules the histories of a search matched. */
export interface Reach {
  /** Rules that some packet matched. */
  readonly matched: number
  readonly rules: number
  readonly unreached: readonly UnreachedRule[]
}

/** Collects which rules were matched, from the counters that histories leave behind. */
export class ReachMeter {
  private readonly start: FirewallState
  private readonly analyses: readonly Analysis[]
  private readonly open = new Map<string, { readonly family: Family; readonly id: RuleId }>()

  constructor(start: FirewallState, analyses: readonly Analysis[]) {
    this.start = start
    this.analyses = analyses
    for (const { ruleset, rules } of analyses)
      for (const { id, status } of rules)
        if (status !== 'unreachable')
          this.open.set(`${ruleset.family} ${keyOf(id)}`, { family: ruleset.family, id })
  }

  /** @param final a state that packets have made of the start */
  note(final: FirewallState): void {
    for (const [key, { family, id }] of this.open)
      if (count(final, family, id) > count(this.start, family, id)) this.open.delete(key)
  }

  result(): Reach {
    const unreached = this.analyses.flatMap(({ ruleset: { family }, rules }) =>
      rules.flatMap(({ id, rule: { line }, status }): UnreachedRule[] => {
        const common = { family, id, ...(line !== undefined && { line }) }
        if (status === 'unreachable') return [{ ...common, why: 'dead' }]
        return this.open.has(`${family} ${keyOf(id)}`) ? [{ ...common, why: 'not reached' }] : []
      }),
    )
    const rules = this.analyses.reduce((sum, analysis) => sum + analysis.rules.length, 0)
    return { matched: rules - unreached.length, rules, unreached }
  }
}

function count(state: FirewallState, family: Family, { table, chain, number }: RuleId): number {
  if (number === 'policy') return 0
  return readCounters(state, family, table, chain)?.rules[number - 1]?.packets ?? 0
}
