import { formatTrace } from '../../format/trace-text.ts'
import type { Hop, LogEntry } from '../../network/index.ts'
import type { Outcome } from '../../outcome.ts'

/** What a matcher answers, as `expect.extend` wants it. */
export interface Judged {
  readonly pass: boolean
  readonly message: () => string
}

/** An end of a packet after NAT: `203.0.113.1:40001`, or an address alone where the port does not matter. */
export interface Translation {
  readonly source?: string
  readonly destination?: string
}

/** The traces of a packet's way, or of an outcome, indented below a message. */
export function because(message: string, outcomes: readonly (Outcome | Hop)[]): string {
  const traces = outcomes.map(each => {
    const [place, outcome] = 'outcome' in each ? [`at ${each.node}:\n`, each.outcome] : ['', each]
    return `${place}${formatTrace(outcome, { width: 'narrow' })}`
  })
  return [message, ...traces].join('\n\n')
}

/** Where a verb's packets came to nothing; else what the last packet met on its way. */
export function telling(entries: readonly LogEntry[]): readonly Hop[] {
  const hops = entries.filter(entry => entry.kind === 'hop')
  const stopped = hops.filter(({ outcome: { fate } }) => /^(dropped|rejected|discarded)$/.test(fate.kind))
  const first = stopped[0]
  if (first !== undefined) return [first]
  const [begin] = hops
  return begin === undefined ? [] : hops.filter(hop => hop.journey === begin.journey)
}
