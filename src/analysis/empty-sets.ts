import type { Ruleset } from '../rules/model.ts'
import { setsNamedBy } from '../rules/set-names.ts'

/**
 * The ipsets that rules name, empty, as `ipset restore` text: a firewall cannot be made of rules without their sets,
 * and analysis knows only the rules. They have as many parts as a match can ask for. `! --match-set` holds for every
 * packet, `--match-set` for none: witnesses and confirmed differences are true of a box whose sets are empty.
 *
 * @param rulesets of one family
 * @returns '' when they name none
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -m set --match-set bad src -j DROP', { family: 4 })
 * emptySets(ruleset) // 'create bad hash:ip,port,ip family inet\n'
 */
export function emptySets(...rulesets: readonly Ruleset[]): string {
  const names = new Set(rulesets.flatMap(ruleset => [...setsNamedBy(ruleset)]))
  const family = rulesets[0]?.family === 6 ? 'inet6' : 'inet'
  return [...names].map(name => `create ${name} hash:ip,port,ip family ${family}\n`).join('')
}
