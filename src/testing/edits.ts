import fc from 'fast-check'
import { mutants, withChain } from '../analysis/mutate.ts'
import type { Rule, Ruleset } from '../rules/model.ts'
import { parseRules } from '../rules/parse.ts'
import { type RulesetDraft, rulesetText } from './ruleset-draft.ts'
import { type RulesetShape, rulesetDraft } from './rulesets.ts'
import type { Site } from './site.ts'

/** A ruleset in which one rule is not as it was. */
export interface RulesetEdit {
  readonly ruleset: Ruleset
  /** `filter/FORWARD:3 rule dropped`. */
  readonly change: string
}

/**
 * Edits of one rule: taken away, changed (the mistakes of `analysis/mutate.ts`), changed places with the next one, or a
 * new one put in. Shrinks to the first rule taken away.
 *
 * @param ruleset with at least one rule
 * @param site what new rules are about
 * @throws RangeError for a ruleset without rules
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp --dport 22 -j DROP', { family: 4 })
 * const edits = rulesetEdits(ruleset, GATEWAY, { tables: ['filter'], extensions: ['tcp'] })
 * const changes = fc.sample(edits, { numRuns: 200, seed: 1 }).map(({ change }) => change)
 * changes.includes('filter/INPUT:1 rule dropped') // true
 * changes.some(change => /^filter\/FORWARD:1 new: /.test(change)) // true
 * // shrinks to the first rule taken away
 * const { counterexample } = fc.check(fc.property(edits, ({ change }) => change === ''), { seed: 1 })
 * counterexample[0].change // 'filter/INPUT:1 rule dropped'
 */
export function rulesetEdits(ruleset: Ruleset, site: Site, shape: RulesetShape): fc.Arbitrary<RulesetEdit> {
  const known = [...mutants(ruleset)].map(({ ruleset: changed, place, change }) => {
    return { ruleset: changed, change: `${place.table}/${place.chain}:${place.rule} ${change}` }
  })
  if (known.length === 0) throw new RangeError('a ruleset without rules has none to edit')
  const dropped = known.filter(({ change }) => change.endsWith('rule dropped'))
  const inserted = fc
    .tuple(rulesetDraft(site, { ...shape, maxRules: 1 }), fc.nat(MAX_PLACE))
    .map(([draft, at]) => insertion(ruleset, draft, at))
    .filter(edit => edit !== undefined)
  return fc.oneof({ withCrossShrink: true }, fc.constantFrom(...dropped, ...known), inserted)
}

const MAX_PLACE = 100

/** The draft's rule, in the chain that it is for; undefined where the ruleset has no such chain. */
function insertion(ruleset: Ruleset, draft: RulesetDraft, place: number): RulesetEdit | undefined {
  const table = draft.tables.find(({ rules }) => rules.length > 0)
  const words = table?.rules[0]
  if (table === undefined || words === undefined) return undefined
  const chain = ruleset.tables[table.name]?.chains[words.chain]
  const parsed = parseRules(rulesetText(draft), { family: ruleset.family }).ruleset
  const rule = parsed?.tables[table.name]?.chains[words.chain]?.rules[0]
  if (chain === undefined || rule === undefined || callsUnknown(ruleset, table.name, rule)) return undefined
  const at = place % (chain.rules.length + 1)
  const rules = [...chain.rules.slice(0, at), rule, ...chain.rules.slice(at)]
  const change = `${table.name}/${chain.name}:${at + 1} new: ${words.words}`
  return { ruleset: withChain(ruleset, table.name, { ...chain, rules }), change }
}

function callsUnknown(ruleset: Ruleset, table: keyof Ruleset['tables'], { target }: Rule): boolean {
  const isCall = target.kind === 'jump' || target.kind === 'goto'
  return isCall && ruleset.tables[table]?.chains[target.chain] === undefined
}
