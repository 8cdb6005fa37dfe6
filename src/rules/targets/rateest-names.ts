import type { CheckContext } from '../extension.ts'
import { TABLES } from '../model.ts'
import type { EstimatorSettings } from '../rate-estimator.ts'

interface NamedEstimator extends EstimatorSettings {
  readonly name: string
}

/** The estimators that exist when a rule is loaded: those of the `-j RATEEST` rules before it. */
export function estimatorsBefore({ ruleset, rule }: CheckContext): readonly NamedEstimator[] {
  const found: NamedEstimator[] = []
  for (const table of TABLES)
    for (const chain of Object.values(ruleset?.tables[table]?.chains ?? {}))
      for (const { target, line = 0 } of chain.rules)
        if (target.kind === 'extension' && target.name === 'RATEEST' && line < (rule.line ?? line + 1))
          found.push(target.options as NamedEstimator)
  return found
}
