import type { SetTable } from '../sets/set-table.ts'
import { setsOfMatch } from './matches/set.ts'
import type { Rule, Ruleset } from './model.ts'
import { tablesOf } from './print.ts'
import { setsOfTarget } from './targets/set.ts'

/** The ipsets that a ruleset's rules name: the kernel holds on to them while the rules stand. */
export function setsNamedBy(ruleset: Ruleset): ReadonlySet<string> {
  const rules = tablesOf(ruleset).flatMap(({ chains }) => Object.values(chains).flatMap(chain => chain.rules))
  return new Set(rules.flatMap(setsOfRule))
}

/**
 * A ruleset that was not read from text (texts have their diagnostics) may name a set that is not there, too.
 *
 * @throws RangeError for the first such set
 */
export function refuseMissingSets(ruleset: Ruleset | undefined, sets: SetTable): void {
  if (ruleset === undefined) return
  for (const name of setsNamedBy(ruleset)) {
    if (!sets.fits(name, ruleset.family))
      throw new RangeError(
        `a rule names the ipset '${name}', and there is no such set for IPv${ruleset.family}: create it before the rules, with createFirewall({ sets }) or ipset(state, commands)`,
      )
  }
}

function setsOfRule({ matches, target }: Rule): readonly string[] {
  const named = matches.filter(({ name }) => name === 'set').map(({ options }) => setsOfMatch(options))
  return target.kind === 'extension' && target.name === 'SET'
    ? [...named, ...setsOfTarget(target.options)]
    : named
}
