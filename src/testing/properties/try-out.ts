import type { FirewallState } from '../../state.ts'
import type { History } from '../conversations.ts'
import type { Allows } from '../manners.ts'
import { play } from '../play.ts'
import type { Happened, Property, Violation } from './property.ts'

/** A packet, or that time passed. */
export type TriedStep = Happened | { readonly ms: number }

export interface Tried {
  /** As far as the judge looked: a violation is about the last one. */
  readonly steps: readonly TriedStep[]
  readonly violation?: Violation
  readonly final: FirewallState
}

/** Plays a history while a new judge watches, up to the first violation. */
export function tryOut(firewall: FirewallState, property: Property, history: History, allows: Allows): Tried {
  const judge = property.begin(firewall)
  const steps: TriedStep[] = []
  let before = firewall
  for (const played of play(firewall, history, { ids: 'plain', honest: ['local'], allows })) {
    if (played.kind === 'wait') {
      steps.push({ ms: played.ms })
      before = played.state
      continue
    }
    const happened: Happened = { before, arrival: played.arrival, outcome: played.outcome }
    steps.push(happened)
    before = played.outcome.state
    const violation = judge(happened)
    if (violation !== undefined) return { steps, violation, final: before }
  }
  return { steps, final: before }
}
