/** What can be said about rulesets without trying packets: exact over header fields, sound over everything else. */
export { type Analysis, analyze, type Place, type RuleReport } from './analyze.ts'
export { type CheckResult, checkRuleset, type Finding, type Severity } from './check.ts'
export { type Coverage, type CoverageRow, formatCoverage, mergeCoverage, ruleCoverage } from './coverage.ts'
export {
  type Difference,
  type DifferenceWitness,
  type DiffOptions,
  diffRulesets,
  type Equivalence,
  equivalentRulesets,
  type RulesetDiff,
} from './diff.ts'
export { emptySets } from './empty-sets.ts'
export type { RuleId } from './flow.ts'
export { LINTS } from './lints/index.ts'
export type { Lint } from './lints/lint.ts'

export {
  type Mutant,
  type MutationKind,
  type MutationOptions,
  type MutationReport,
  mutants,
  survivingMutants,
} from './mutate.ts'
export { type Conflict, conflicts, type RedundantRule, redundantRules } from './redundant.ts'
export { formatRegion, type Region } from './regions.ts'
export { type PlacedFinding, sarif } from './sarif.ts'
export { type ServiceCell, type ServiceMatrix, serviceMatrix } from './service-matrix.ts'
export { type NoWitness, type Witness, WitnessFinder } from './witness.ts'
export type { Box } from './witness-play.ts'
