import { setsOfMatch } from './matches/set.ts'
import type { Rule, Ruleset } from './model.ts'
import { tablesOf } from './print.ts'
import { setsOfTarget } from './targets/set.ts'

/** The ipsets that a ruleset's rules name: the kernel holds on to them while the rules stand. */
export function setsNamedBy(ruleset: Ruleset): ReadonlySet<string> {
  const rules = tablesOf(ruleset).flatMap(({ chains }) => Object.values(chains).flatMap(chain => chain.rules))
  return new Set(rules.flatMap(setsOfRule))
}

function setsOfRule({ matches, target }: Rule): readonly string[] {
  const named = matches.filter(({ name }) => name === 'set').map(({ options }) => setsOfMatch(options))
  return target.kind === 'extension' && target.name === 'SET'
    ? [...named, ...setsOfTarget(target.options)]
    : named
}
