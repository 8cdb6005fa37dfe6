/** Scenarios: networks and steps as YAML or TypeScript, expectations, branches that ask "what if", reports. */
export {
  type BranchRun,
  type ForkRun,
  packetsOf,
  type ScenarioRun,
  type ShownListing,
  type StepEntry,
  type StepRun,
  stepsOf,
} from './entries.ts'
export { type Exercise, exercises, type RulesetUser, unnoticedMutants } from './exercise.ts'
export type { Check } from './expectations.ts'
export type { Ends, HopView, PacketView } from './packet-view.ts'
export type { Path } from './positions.ts'
export { type ReadOptions, type ReadResult, readScenario, type Scenario, scenario } from './read.ts'
export { type Attempt, attemptsOf, outboundOf, type Side } from './report/connections.ts'
export { explainPacket } from './report/explain.ts'
export {
  type CheckJson,
  type ForkJson,
  type HopJson,
  type ReportJson,
  reportJson,
  type SentPacketJson,
  type StepJson,
} from './report/json.ts'
export { markdownReport, mermaid } from './report/markdown.ts'
export { auditTable, type ReportTable, summaryTable, tableText } from './report/tables.ts'
export { formatFailure, formatReport, type ReportOptions } from './report/text.ts'
export { runScenario } from './run.ts'
export { type ScenarioInput, type Step, scenarioJsonSchema } from './schema.ts'
export type { Expectation } from './schema-expectation.ts'
