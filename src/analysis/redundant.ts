import type { Rule } from '../rules/model.ts'
import { type Analysis, keyOf, occurrencesOf, type Place, placeOf, tooBig } from './analyze.ts'
import { EMPTY, type Node } from './bdd.ts'
import type { Entry, Flow, RuleId } from './flow.ts'
import { overlaps } from './hull.ts'
import { reachedSet } from './reach.ts'

/** A rule that is reached, and yet makes no difference. */
export interface RedundantRule {
  readonly id: RuleId
  readonly rule: Rule
  /** The later rules and policies that decide the same about all its packets. */
  readonly insteadOf: readonly Place[]
}

/** With so many overlapping earlier rules, all that match are taken for all that come: sound, but may miss some. */
const MANY_RIVALS = 64

/**
 * The rules whose removal, one at a time, changes no decision in any state: whatever they decide, later rules or the
 * policy decide the same. Only about packets whose headers can be read; counters are not decisions. A rule before one
 * that logs, marks or remembers (`limit`, `recent`) is kept, since that one would see more packets.
 *
 * @example
 * const { ruleset } = parseRules('iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22 -j DROP', { family: 4 })
 * redundantRules(analyze(ruleset)).map(({ id }) => id.number) // [1]
 */
export function redundantRules(analysis: Analysis): readonly RedundantRule[] {
  const { flows, rules, skipped } = analysis
  const occurrences = occurrencesOf(flows)
  const tangled = new Set(skipped.map(({ table }) => table))
  const found: RedundantRule[] = []
  for (const { id, rule, status } of rules) {
    if (status !== 'reachable' || tangled.has(id.table)) continue
    const places = occurrences.get(keyOf(id)) ?? []
    const insteadOf = new Map<string, Place>()
    try {
      const same = places.every(({ flow, index }) => {
        const deciders = decidedAlike(flow, index)
        for (const entry of deciders ?? []) {
          const place = placeOf(flow, entry)
          insteadOf.set(keyOf(place.id), place)
        }
        return deciders !== undefined
      })
      if (same) found.push({ id, rule, insteadOf: [...insteadOf.values()] })
    } catch (error) {
      tooBig(error)
    }
  }
  return found
}

/** The later entries that decide as this one does about everything it decides; undefined when they do not. */
function decidedAlike(flow: Flow, index: number): readonly Entry[] | undefined {
  const { bdd } = flow.space
  const self = flow.entries[index]!
  if (self.kind !== 'decide' || self.remembers) return undefined
  let rest = reachedSet(flow, index, MANY_RIVALS) ?? self.effective
  rest = bdd.and(
    rest,
    flow.space.named('kind', kind => kind !== 'unreadable'),
  )
  const later = new Map<number, Node>()
  const deciders: Entry[] = []
  for (let i = index + 1; i < flow.entries.length; i++) {
    if (later.size > 0) {
      rest = bdd.or(rest, later.get(i) ?? EMPTY)
      later.delete(i)
    }
    if (rest === EMPTY) {
      if (later.size === 0) break
      continue
    }
    const entry = flow.entries[i]!
    // what is forgotten of an entry that remembers is no header field, so its hull holds for it too
    if (!overlaps(self.hull, entry.hull)) continue
    if (entry.remembers && bdd.and(rest, entry.touched) !== EMPTY) return undefined
    const hit = bdd.and(rest, entry.condition)
    if (hit === EMPTY) continue
    if (entry.rule === self.rule) return undefined
    if (entry.kind === 'leave') {
      later.set(entry.next, bdd.or(later.get(entry.next) ?? EMPTY, hit))
      rest = bdd.difference(rest, hit)
    } else if (entry.kind === 'decide') {
      if (entry.action !== self.action) return undefined
      deciders.push(entry)
      rest = bdd.difference(rest, hit)
    } else if (entry.action !== '') return undefined
  }
  return deciders
}

/** Two rules of which neither covers the other, that decide differently about some packets: their order matters. */
export interface Conflict {
  readonly first: Place
  readonly second: Place
}

/**
 * Pairs that decide differently where they overlap, neither inside the other; at most `limit` of them.
 *
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -s 10.0.0.0/8 -j ACCEPT\niptables -A INPUT -p tcp -j DROP', { family: 4 })
 * const [{ first, second }] = conflicts(analyze(ruleset))
 * first.id.number + ' against ' + second.id.number // '1 against 2'
 */
export function conflicts({ flows }: Analysis, limit = 100): readonly Conflict[] {
  const found = new Map<string, Conflict>()
  for (const flow of flows) {
    const { bdd } = flow.space
    const deciding = flow.entries.filter(({ kind, rule }) => kind === 'decide' && rule !== undefined)
    for (let j = 1; j < deciding.length; j++)
      for (let i = 0; i < j; i++) {
        if (found.size >= limit) return [...found.values()]
        const a = deciding[i]!
        const b = deciding[j]!
        if (a.action === b.action || !overlaps(a.hull, b.hull)) continue
        if (bdd.and(a.effective, b.effective) === EMPTY) continue
        if (bdd.isSubset(a.effective, b.effective) || bdd.isSubset(b.effective, a.effective)) continue
        const pair = { first: placeOf(flow, a), second: placeOf(flow, b) }
        found.set(`${keyOf(pair.first.id)} ${keyOf(pair.second.id)}`, pair)
      }
  }
  return [...found.values()]
}
