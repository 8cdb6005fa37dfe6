import { PLAIN, type Style } from '../../format/style.ts'
import { formatTrace } from '../../format/trace-text.ts'
import { timeText } from '../duration.ts'
import { packetsOf, type ScenarioRun } from '../entries.ts'
import { hopText } from './hop-text.ts'

/**
 * Everything about one packet of a report: at each device every rule that was asked, and why it did or did not match.
 *
 * @param number as the report counts, from 1
 * @param options `style` colours it (default: plain text); `width` as for `formatTrace`, default `wide`
 * @throws RangeError when there is no such packet
 * @example
 * const run = runScenario(scenario({
 *   title: 'telnet is off',
 *   network: {
 *     nodes: {
 *       a: { address: '10.0.0.1/24' },
 *       b: { address: '10.0.0.2/24', rules: 'iptables -A INPUT -p tcp --dport 23 -j DROP' },
 *     },
 *     links: { lan: ['a', 'b'] },
 *   },
 *   steps: [{ nc: 'b:23', from: 'a', timeout: '1s', expect: { outcome: 'filtered' } }],
 * }))
 * console.log(explainPacket(run, 2, { width: 'narrow' }).split('\n\n').at(-1))
 * // at 1001 ms, b: dropped by filter/INPUT:1, NEW
 * // eth0 → tcp 10.0.0.1:40000 > 10.0.0.2:23 S seq=1000000 win=64240 mss=1460 id=2
 * //     conntrack  created 10.0.0.1:40000 > 10.0.0.2:23
 * //     conntrack  NEW original of 10.0.0.1:40000 > 10.0.0.2:23 [SYN_SENT]
 * //     filter/INPUT:1  match   -p tcp -m tcp --dport 23 -j DROP
 * // = dropped by filter/INPUT:1
 */
export function explainPacket(
  run: ScenarioRun,
  number: number,
  options: { readonly style?: Style; readonly width?: 'wide' | 'narrow' } = {},
): string {
  const { style = PLAIN, width = 'wide' } = options
  const packets = packetsOf(run)
  const packet = packets.find(each => each.number === number)
  if (packet === undefined)
    throw new RangeError(
      `no packet ${number}: ${run.title} has ${packets.length === 0 ? 'none' : `1 to ${packets.length}`}`,
    )
  const { path, packet: first, lost, hops } = packet
  const parts = [style.strong(`packet ${number}: ${path.join(' → ')}\n${first}`)]
  for (const hop of hops) {
    const trace = formatTrace(hop.hop.outcome, { width, style })
    parts.push(`${style.strong(`at ${timeText(hop.atMs)}, ${hopText(hop)}`)}\n${trace}`)
  }
  if (lost !== undefined) parts.push(style.bad(`lost: ${lost}`))
  return parts.join('\n\n')
}
