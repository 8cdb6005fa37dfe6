import type { Counters, Rule } from './model.ts'
import { NO_COUNTERS } from './steps.ts'

/**
 * Gives every rule and policy a dense number that outlives edits: a rule that an edit left untouched (the same object)
 * keeps its slot, and so its counters. Policies of a changed table count from 0 again, as libiptc leaves them.
 */
export class CounterSlots {
  private readonly rules = new Map<Rule, number>()
  private readonly policies = new Map<string, number>()
  /** What a fresh slot starts from, by slot; only those made by this ruleset. */
  readonly fresh: { slot: number; counters: Counters }[] = []
  next: number

  constructor(next = 0) {
    this.next = next
  }

  rule(rule: Rule, previous: CounterSlots | undefined): number {
    // an object that stands twice in a ruleset is two rules: only its first place keeps the old slot
    const kept = this.rules.has(rule) ? undefined : previous?.rules.get(rule)
    const slot = kept ?? this.allocate(rule.counters ?? NO_COUNTERS)
    this.rules.set(rule, slot)
    return slot
  }

  /** @param counters what the policy starts from; undefined: it goes on counting */
  policy(key: string, counters: Counters | undefined, previous: CounterSlots | undefined): number {
    const kept = previous?.policies.get(key)
    const slot = kept ?? this.allocate(counters ?? NO_COUNTERS)
    if (kept !== undefined && counters !== undefined) this.fresh.push({ slot, counters })
    this.policies.set(key, slot)
    return slot
  }

  private allocate(counters: Counters): number {
    const slot = this.next++
    this.fresh.push({ slot, counters })
    return slot
  }
}
