import { keyOf } from '../../analysis/analyze.ts'
import type { PropertyReport } from './check.ts'
import type { Reach } from './reach.ts'

/** A report as people read it: the counterexample as a packet script, the deciding trace, what was not reached. */
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
