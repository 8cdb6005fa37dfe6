import { expect, it } from 'vitest'
import { analyze, checkRuleset, diffRulesets, serviceMatrix } from '../../src/analysis/index.ts'

const TEXT = '*filter\n-A INPUT -j DROP\nCOMMIT\n'

it.each<[string, (ruleset: never) => unknown]>([
  ['analyze', analyze],
  ['checkRuleset', checkRuleset],
  ['diffRulesets', ruleset => diffRulesets(ruleset, ruleset)],
  ['serviceMatrix', serviceMatrix],
])('%s of a text, or of what a text with errors has for a ruleset: told to parse it', (_, ask) => {
  expect(() => ask(TEXT as never)).toThrow(/a Ruleset is wanted: parseRules/)
  expect(() => ask(undefined as never)).toThrow(/a Ruleset is wanted: parseRules/)
})
