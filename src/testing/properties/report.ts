import { keyOf } from '../../analysis/analyze.ts'
import type { Counterexample } from './counterexample.ts'
import type { Reach } from './reach.ts'

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
 * A report as people read it: the counterexample as a packet script, the deciding trace, what was not reached.
 *
 * @returns lines without a newline at the end
 * @example
 * const firewall = createFirewall({
 *   interfaces: { guest0: ['10.7.0.1/16'], lan0: ['10.6.0.1/16'] },
 *   rules: `iptables -A FORWARD -i guest0 -j DROP
 *           iptables -A FORWARD -i guest0 -p tcp -j ACCEPT`,
 * })
 * const report = checkProperty(firewall, neverReaches({ from: 'guest0', to: 'lan0' }), { runs: 0, seed: 1 })
 * console.log(formatReport(report))
 * // no counterexample to: nothing from guest0 reaches lan0 (20 histories, 20 packets, seed 1)
 * // 1 of 2 rules were matched; not:
 * //   filter/FORWARD:2 (line 2): dead
 */
export function formatReport(report: PropertyReport): string {
  const { sentence, holds, counterexample, histories, packets, seed, reach } = report
  const tried = `${histories} histories, ${packets} packets, seed ${seed}`
  if (holds || counterexample === undefined)
    return [`no counterexample to: ${sentence} (${tried})`, ...reachLines(reach)].join('\n')
  const { why, script, trace } = counterexample
  return [
    `it does not hold that ${sentence}: ${why}`,
    '',
    script,
    'the last packet:',
    ...trace.split('\n').map(line => `  ${line}`),
    '',
    `found in ${tried}`,
  ].join('\n')
}

const MANY = 20

function reachLines({ matched, rules, unreached }: Reach): readonly string[] {
  if (rules === 0) return ['there are no rules']
  const lines = unreached.slice(0, MANY).map(({ family, id, line, why }) => {
    const where = line === undefined ? '' : ` (line ${line})`
    return `  ${family === 6 ? 'ip6tables ' : ''}${keyOf(id)}${where}: ${why}`
  })
  const more = unreached.length > MANY ? [`  and ${unreached.length - MANY} more`] : []
  return [
    `${matched} of ${rules} rules were matched${unreached.length > 0 ? '; not:' : ''}`,
    ...lines,
    ...more,
  ]
}
