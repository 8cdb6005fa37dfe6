import type { Fate } from '../outcome.ts'
import { policyLineOf } from '../policy/index.ts'
import { formatPlace } from '../rules/steps.ts'
import type { Traversal } from '../trace.ts'

/** What the rules decided about a packet. */
export interface Decision {
  readonly place: string | undefined
  readonly policyLine: string | undefined
  readonly ctState: string | undefined
}

export const NOTHING_DECIDED: Decision = { place: undefined, policyLine: undefined, ctState: undefined }

/** The last rule or policy that ended the filter table, from the evaluator's own trace. */
export function decisionOf(traversal: Traversal | undefined): Decision {
  let place: string | undefined
  let policyLine: string | undefined
  let ctState: string | undefined
  let depth = 0
  for (const step of traversal?.steps ?? []) {
    if (step.kind === 'answer') depth++
    if (step.kind === 'answer-end') depth--
    if (depth > 0) continue
    if (step.kind === 'conntrack') ctState ??= step.ctState
    const isEnd =
      step.kind === 'policy' ||
      (step.kind === 'rule' &&
        step.matched &&
        (step.rule.target.kind === 'extension'
          ? step.rule.target.name === 'REJECT'
          : step.rule.target.kind === 'verdict' && step.rule.target.verdict !== 'RETURN'))
    if (!isEnd || (step.kind !== 'policy' && step.kind !== 'rule')) continue
    const dropped = step.kind === 'policy' ? step.verdict === 'DROP' : isDrop(step)
    if (step.table !== 'filter' && !dropped) continue
    const rule = step.kind === 'policy' ? ('policy' as const) : step.number
    place = formatPlace({ table: step.table, chain: step.chain, rule })
    policyLine = step.kind === 'rule' ? policyLineOf(step.rule) : undefined
  }
  return { place, policyLine, ctState }
}

function isDrop(step: Extract<Traversal['steps'][number], { kind: 'rule' }>): boolean {
  const { target } = step.rule
  return target.kind === 'verdict' && target.verdict === 'DROP'
}

/** Where a packet was dropped, rejected, or taken by SYNPROXY; undefined where no rule or policy did it. */
export function droppedAt(fate: Fate): string | undefined {
  return 'at' in fate && fate.at !== undefined ? formatPlace(fate.at) : undefined
}
