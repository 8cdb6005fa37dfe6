import { equivalentRulesets, type RulesetDiff, signature } from '../../analysis/diff.ts'
import { NO_DEVICE, vocabularyOf } from '../../analysis/vocabulary.ts'
import { advance, createFirewall, type FirewallOptions, step } from '../../firewall.ts'
import { formatFate } from '../../format/trace-text.ts'
import type { FirewallState } from '../../state.ts'
import { type CheckOptions, checkProperty } from './check.ts'
import type { Counterexample } from './counterexample.ts'
import type { Property } from './property.ts'
import type { PropertyReport } from './report.ts'

type Rules = NonNullable<FirewallOptions['rules']>

/** The box on which both rulesets are tried, and how long. */
export interface EquivalentOptions
  extends CheckOptions,
    Pick<FirewallOptions, 'interfaces' | 'routes' | 'sysctls' | 'conntrack' | 'sets'> {}

/** Whether two rulesets do the same. */
export interface EquivalentReport {
  readonly verdict: 'equivalent' | 'different' | 'undecided'
  /** `proof`: in every state every packet is treated alike. `packets`: these packets are not. */
  readonly by: 'proof' | 'packets' | 'nothing'
  /** A history that tells them apart, the first ruleset's side of it. */
  readonly counterexample?: Counterexample
  /** Of each family that has rules: the packets that are treated differently, as regions. */
  readonly diffs: readonly RulesetDiff[]
  /** The search for such a history; undefined when there was nothing left to search for. */
  readonly search?: PropertyReport
}

/**
 * Do two rulesets do the same to every history? First by analysis, which proves it or names the packets that differ;
 * where it finds a difference or cannot decide, histories are tried on both.
 *
 * @param first text or a `Ruleset`, as `createFirewall` takes them
 * @param options the box they are for; without interfaces one is made up, with every device that they name
 * @throws DiagnosticError for a text that is wrong
 * @example
 * const before = `iptables -A INPUT -p tcp --dport 80 -j DROP
 *                 iptables -A INPUT -p tcp --dport 81 -j DROP`
 * equivalent(before, 'iptables -A INPUT -p tcp --dport 80:81 -j DROP').by // 'proof'
 * const box = { interfaces: { eth0: ['192.0.2.1/24'] } }
 * const { verdict, counterexample } = equivalent(before, 'iptables -A INPUT -p tcp --dport 80:82 -j DROP', {
 *   ...box,
 *   seed: 1,
 * })
 * verdict // 'different'
 * counterexample.packets // [ 'eth0: tcp 192.0.2.66:40000 > 192.0.2.1:82 S seq=1000' ]
 */
export function equivalent(first: Rules, second: Rules, options: EquivalentOptions = {}): EquivalentReport {
  const { sets = '' } = options
  const box = options.interfaces === undefined ? madeUpBox(sets, first, second) : boxOf(options)
  const [a, b] = [first, second].map(rules => createFirewall({ ...box, rules, sets })) as [
    FirewallState,
    FirewallState,
  ]
  const diffs: RulesetDiff[] = []
  const verdicts = new Set<string>()
  for (const family of ['ipv4', 'ipv6'] as const) {
    const [x, y] = [a.config.rules[family], b.config.rules[family]]
    if (x === undefined && y === undefined) continue
    const empty = { family: family === 'ipv4' ? (4 as const) : (6 as const), tables: {} }
    const { verdict, diff } = equivalentRulesets(x ?? empty, y ?? empty)
    diffs.push(diff)
    verdicts.add(verdict)
  }
  if (!verdicts.has('different') && !verdicts.has('undecided'))
    return { verdict: 'equivalent', by: 'proof', diffs }
  const search = checkProperty(a, sameAs(b), options)
  const { counterexample } = search
  if (counterexample !== undefined)
    return { verdict: 'different', by: 'packets', counterexample, diffs, search }
  // the analysis has seen a packet that is treated differently, on a box of its own making
  if (verdicts.has('different')) return { verdict: 'different', by: 'packets', diffs, search }
  return { verdict: 'undecided', by: 'nothing', diffs, search }
}

/**
 * Another firewall does the same to every packet of every history: the same packets leave and are delivered, the same
 * is logged. Both see the packets that the first one's neighbours send, at the same times.
 *
 * @param other has the same devices, and may have connections of its own
 * @example
 * const box = { interfaces: { eth0: ['192.0.2.1/24'] } }
 * const silent = createFirewall({ ...box, rules: 'iptables -A INPUT -p tcp --dport 113 -j DROP' })
 * const polite = createFirewall({ ...box, rules: 'iptables -A INPUT -p tcp --dport 113 -j REJECT' })
 * checkProperty(silent, sameAs(silent), { seed: 1 }).holds // true
 * console.log(checkProperty(silent, sameAs(polite), { seed: 1 }).counterexample.why)
 * // dropped by filter/INPUT:1 by the first, rejected by filter/INPUT:1 by the second
 */
export function sameAs(other: FirewallState): Property {
  return {
    sentence: 'both do the same',
    scope: {},
    begin: firewall => {
      let second = other
      const ahead = firewall.nowMs - other.nowMs
      return ({ before, arrival, outcome }) => {
        second = advance(second, before.nowMs - ahead - second.nowMs)
        const answer = step(second, arrival)
        second = answer.state
        if (signature(outcome) === signature(answer)) return undefined
        const [one, two] = [formatFate(outcome.fate), formatFate(answer.fate)]
        return {
          why: one === two ? `${one} by both, but not alike` : `${one} by the first, ${two} by the second`,
        }
      }
    },
  }
}

function boxOf({ interfaces = {}, routes = [], sysctls = {}, conntrack = 'on' }: EquivalentOptions) {
  return { interfaces, routes, sysctls, conntrack }
}

/** A network behind every device that the rules name; everything else is behind the last one. */
function madeUpBox(sets: string, ...rules: readonly Rules[]): Pick<FirewallOptions, 'interfaces' | 'routes'> {
  const read = rules.map(each => createFirewall({ rules: each, sets }).config.rules)
  const rulesets = read.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter(ruleset => ruleset !== undefined)
  const devices = vocabularyOf(rulesets).devices.filter(name => name !== NO_DEVICE && name !== 'lo')
  const interfaces = Object.fromEntries(
    devices.map((name, index) => [name, [`10.${index}.0.1/16`, `fd00:${index + 1}::1/64`]]),
  )
  return { interfaces, routes: [`default dev ${devices.at(-1)}`] }
}
