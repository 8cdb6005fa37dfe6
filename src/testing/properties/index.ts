/** What must hold of a firewall, whatever packets come: as one call each. */
export { assertProperty, type CheckOptions, checkProperty } from './check.ts'
export type { Counterexample } from './counterexample.ts'
export { type EquivalentOptions, type EquivalentReport, equivalent, sameAs } from './equivalent.ts'
export { nothingUnsolicited, onlyInitiatedFrom } from './initiated.ts'
export { noLeak } from './leaks.ts'
export type { Place, Scope, Service } from './places.ts'
export {
  allOf,
  everyOutcome,
  type Happened,
  type Judge,
  type Property,
  type Violation,
  where,
} from './property.ts'
export type { Reach, UnreachedRule } from './reach.ts'
export { alwaysReaches, type NeverReachesOptions, neverReaches } from './reaching.ts'
export { natInverts, repliesReturn } from './replies.ts'
export { formatReport, type PropertyReport } from './report.ts'
