import fc from 'fast-check'
import type { FirewallState } from '../../state.ts'
import type { History } from '../conversations.ts'
import { type GuideOptions, guideTo } from '../guided.ts'
import { manners } from '../manners.ts'
import { counterexampleOf } from './counterexample.ts'
import type { Property } from './property.ts'
import { ReachMeter } from './reach.ts'
import { formatReport, type PropertyReport } from './report.ts'
import { tryOut } from './try-out.ts'

const DEFAULT_RUNS = 300

/** How long is searched for a counterexample, and among what. */
export interface CheckOptions extends GuideOptions {
  /** Random histories after those that are aimed at the rules; default 300. */
  readonly runs?: number
  /** Makes a run repeatable; default: fast-check draws one, and the report names it. */
  readonly seed?: number
  /** Whether hosts may send from addresses that are not routed to their device; default false. */
  readonly spoofing?: boolean
}

/**
 * Looks for packets that break a property: first histories aimed at every rule of the firewall and every way to it, then
 * random ones between the edges of its rules. A counterexample is shrunk to what a person would write.
 *
 * @param firewall as it is: its connections are part of every history
 * @throws RangeError when the property speaks of a device that the firewall does not have
 * @example
 * const firewall = createFirewall({
 *   interfaces: { guest0: ['10.7.0.1/16'], lan0: ['10.6.0.1/16'] },
 *   rules: `iptables -P FORWARD DROP
 *           iptables -A FORWARD -i guest0 -p tcp --dport 443 -j ACCEPT`,
 * })
 * const { holds, counterexample } = checkProperty(firewall, neverReaches({ from: 'guest0', to: 'lan0' }), { seed: 1 })
 * holds // false
 * counterexample.packets // [ 'guest0: tcp 10.7.0.2:40000 > 10.6.0.2:443 S seq=1000' ]
 * checkProperty(firewall, neverReaches({ from: 'lan0', to: 'guest0' }), { seed: 1 }).holds // true
 */
export function checkProperty(
  firewall: FirewallState,
  property: Property,
  options: CheckOptions = {},
): PropertyReport {
  const { runs = DEFAULT_RUNS, seed, spoofing = false } = options
  const allows = manners(spoofing)
  // a device that does not exist is the caller's mistake, and no history's
  property.begin(firewall)
  const guide = guideTo(firewall, property.scope, options)
  const reach = new ReachMeter(firewall, guide.analyses)
  let packets = 0
  const details = fc.check(
    fc.property(guide.histories, history => {
      const tried = tryOut(firewall, property, history, allows)
      packets += tried.steps.length
      reach.note(tried.final)
      return tried.violation === undefined
    }),
    {
      numRuns: guide.aimed.length + runs,
      examples: guide.aimed.map(history => [history] as [History]),
      ...(seed !== undefined && { seed }),
    },
  )
  const found = details.counterexample?.[0]
  return {
    sentence: property.sentence,
    holds: !details.failed,
    ...(found !== undefined && { counterexample: counterexampleOf(firewall, property, found, allows) }),
    seed: details.seed,
    histories: details.numRuns,
    packets,
    reach: reach.result(),
  }
}

/**
 * The same, throwing when the property does not hold: for tests whose runner has no matchers of ours.
 *
 * @returns the report, with what was tried and reached
 * @throws Error whose message is the whole report ({@link formatReport}) when there is a counterexample; RangeError as
 * {@link checkProperty}
 * @example
 * const firewall = createFirewall({
 *   interfaces: { guest0: ['10.7.0.1/16'], lan0: ['10.6.0.1/16'] },
 *   rules: 'iptables -A FORWARD -i guest0 -j DROP',
 * })
 * assertProperty(firewall, neverReaches({ from: 'guest0', to: 'lan0' }), { seed: 1 }).reach.matched // 1
 * let message = ''
 * try {
 *   assertProperty(firewall, neverReaches({ from: 'lan0', to: 'guest0' }), { seed: 1 })
 * } catch (error) {
 *   message = error.message
 * }
 * console.log(message.split('\n')[0].replace(': ', '\n'))
 * // it does not hold that nothing from lan0 reaches guest0
 * // guest0 got tcp 10.6.0.2:40000 > 10.7.0.2:80 S seq=1000 ttl=63
 */
export function assertProperty(
  firewall: FirewallState,
  property: Property,
  options: CheckOptions = {},
): PropertyReport {
  const report = checkProperty(firewall, property, options)
  if (!report.holds) throw new Error(formatReport(report))
  return report
}
