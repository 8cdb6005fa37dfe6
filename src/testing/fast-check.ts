export {
  type Conversation,
  conversation,
  type Happening,
  type History,
  type HistoryShape,
  history,
} from './conversations.ts'
export { MATCH_WORDS } from './match-words.ts'
export { finalState, type PlayedStep, play } from './play.ts'
export * from './properties/index.ts'
export { type RulesetDraft, type RulesetShape, rulesetDraft, rulesetText } from './rulesets.ts'
export { DIAL_UP, GATEWAY, GATEWAY6, MANY_ADDRESSES, type Site, siteOptions } from './site.ts'
export { TARGET_WORDS } from './target-words.ts'
