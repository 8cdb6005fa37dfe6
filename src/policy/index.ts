/** Policies as people write them down, compiled to ordinary rules: policy lines, zones, and the stateless variant. */
export type { PolicyAction, PolicyEnd, PolicyLine, PolicyNames, PortSpan } from './parse-lines.ts'
export { type PolicyOptions, type PolicyRules, policyLineOf, policyToRules } from './policy-lines.ts'
export { type StatelessRules, stateless } from './stateless.ts'
export type { FilterChain } from './write-rules.ts'
export {
  type PortForward,
  SELF,
  type ZoneDiagnostic,
  type ZonePair,
  type ZonePolicy,
  type ZoneRules,
  type ZoneSpec,
  zoneChain,
  zoneOf,
  zonesToRules,
} from './zones.ts'
