import fc from 'fast-check'
import type { FirewallState } from '../../state.ts'
import type { History } from '../conversations.ts'
import { type GuideOptions, guideTo } from '../guided.ts'
import { manners } from '../manners.ts'
import { type Counterexample, counterexampleOf } from './counterexample.ts'
import type { Property } from './property.ts'
import { type Reach, ReachMeter } from './reach.ts'
import { formatReport } from './report.ts'
import { tryOut } from './try-out.ts'

const DEFAULT_RUNS = 300

export interface CheckOptions extends GuideOptions {
  /** Random histories after those that are aimed at the rules; default 300. */
  readonly runs?: number
  /** Makes a run repeatable; default: fast-check draws one, and the report names it. */
  readonly seed?: number
  /** Whether hosts may send from addresses that are not routed to their device; default false. */
  readonly spoofing?: boolean
}

/** What came of looking for a counterexample. */
export interface PropertyReport {
  readonly sentence: string
  /** No counterexample was found. */
  readonly holds: boolean
  readonly counterexample?: Counterexample
  readonly seed: number
  /** Histories that were tried, shrinking not counted. */
  readonly histories: number
  readonly packets: number
  /** Which rules the histories matched, and which not. */
  readonly reach: Reach
}

/**
 * Looks for packets that break a property: first histories aimed at every rule of the firewall and every way to it, then
 * random ones between the edges of its rules. A counterexample is shrunk to what a person would write.
 *
 * @param firewall as it is: its connections are part of every history
 * @throws RangeError when the property speaks of a device that the firewall does not have
 * @example
 * const { holds, counterexample } = checkProperty(firewall, neverReaches({ from: 'guest0', to: 'lan0' }))
 * if (!holds) console.log(counterexample.script)
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

/** The same, throwing an Error whose message is the whole report when the property does not hold. */
export function assertProperty(
  firewall: FirewallState,
  property: Property,
  options: CheckOptions = {},
): PropertyReport {
  const report = checkProperty(firewall, property, options)
  if (!report.holds) throw new Error(formatReport(report))
  return report
}
