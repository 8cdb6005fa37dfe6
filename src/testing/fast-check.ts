/**
 * For property tests with fast-check: packets, conversations, histories and rulesets to try, and properties of firewalls
 * that are searched for counterexamples.
 */
export { arrivals, guidedHistories, icmpErrors, type TimedArrival, timedArrivals } from './arrivals.ts'
export {
  type Conversation,
  conversation,
  type Happening,
  type History,
  type HistoryShape,
  history,
} from './conversations.ts'
export { type DialogueOptions, icmpExchange, tcpDialogue, udpExchange } from './dialogues.ts'
export { type RulesetEdit, rulesetEdits } from './edits.ts'
export { sitesOf } from './ground.ts'
export { MATCH_WORDS } from './match-words.ts'
export { finalState, type PlayedStep, type PlayOptions, play } from './play.ts'
export * from './properties/index.ts'
export { type RuleDraft, type RulesetDraft, rulesetText, type TableDraft } from './ruleset-draft.ts'
export { type RulesetShape, rulesetDraft } from './rulesets.ts'
export { setsText } from './sets.ts'
export { simplerHistories } from './simpler.ts'
export { DIAL_UP, GATEWAY, GATEWAY6, MANY_ADDRESSES, type Site, siteOptions } from './site.ts'
export { TARGET_WORDS } from './target-words.ts'
