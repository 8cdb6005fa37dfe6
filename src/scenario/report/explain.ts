import { PLAIN, type Style } from '../../format/style.ts'
import { formatTrace } from '../../format/trace-text.ts'
import { timeText } from '../duration.ts'
import { packetsOf, type ScenarioRun } from '../entries.ts'
import { hopText } from './hop-text.ts'

/**
 * Everything about one packet of a report: at each device every rule that was asked, and why it did or did not match.
 *
 * @param number as the report counts
 * @throws RangeError when there is no such packet
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
