import { createFirewall, step } from '../firewall.ts'
import { formatFate } from '../format/trace-text.ts'
import type { Arrival, Outcome } from '../outcome.ts'
import type { Hook, Ruleset } from '../rules/model.ts'
import { parseRules } from '../rules/parse.ts'
import type { FirewallState } from '../state.ts'
import { type Analysis, type RuleReport, tooBig } from './analyze.ts'
import { EMPTY } from './bdd.ts'
import { emptySets } from './empty-sets.ts'
import type { Flow, RuleId } from './flow.ts'
import { type HeaderPoint, readPoint } from './header.ts'
import { plausible } from './plausible.ts'
import { reach, reachedSet } from './reach.ts'
import { TASTES, taste } from './taste.ts'
import { type Box, boxOf, type Play, playOf, type Way, waysOf } from './witness-play.ts'

/** Packets that make a rule match, as the engine has confirmed. */
export interface Witness {
  readonly id: RuleId
  readonly hook: Hook
  /** The devices, addresses and routes of the box they were sent to. */
  readonly box: Box
  /** What came before, so that the packet is in the state it needs to be in. */
  readonly history: readonly Arrival[]
  readonly arrival: Arrival
  /** The history happened before the rules were loaded; with them it would have been dropped. */
  readonly openedBefore: boolean
  /** `alone`: only the rule's own table was loaded, since other tables stop or change the packet on its way. */
  readonly tables: 'all' | 'alone'
}

/** No packet was found that hits: what stood in the way, as far as one can say. */
export interface NoWitness {
  readonly id: RuleId
  readonly why: string
  /** What the packet would have had to be. */
  readonly point: HeaderPoint
}

/** Points to try before giving up. */
const MAX_SEEDS = 4
/** With more overlapping rules before it, a rule's exact set is not worked out. */
const MANY_RIVALS = 300
const MAX_REPEATS = 60

/**
 * Finds and replays witnesses for the rules of one ruleset; keeps the firewalls that it needs.
 *
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j DROP', { family: 4 })
 * const analysis = analyze(ruleset)
 * const found = new WitnessFinder(analysis).find(analysis.rules[0])
 * found.history.length // 0
 */
export class WitnessFinder {
  private readonly analysis: Analysis
  private readonly firewalls = new Map<string, FirewallState>()

  constructor(analysis: Analysis) {
    this.analysis = analysis
  }

  /**
   * A packet (and, for stateful rules, what must come before it) that makes the engine match the rule.
   *
   * @param report of a rule that is reachable
   */
  find(report: RuleReport): Witness | NoWitness {
    const { id, point } = report
    if (point === undefined) throw new RangeError('only a reachable rule has a witness')
    const { flow, index } = point
    let nearest: { readonly point: HeaderPoint; readonly why: string } | undefined
    for (const bits of candidates(flow, index, point.bits)) {
      const header = readPoint(flow.space, bits)
      for (const tables of ['all', 'alone'] as const)
        for (const way of waysOf(flow.hook, header)) {
          const result = this.attempt(id, flow.hook, header, tables, way)
          if (typeof result !== 'string') return result
          nearest ??= { point: header, why: result }
        }
    }
    return { id, ...nearest! }
  }

  private attempt(
    id: RuleId,
    hook: Hook,
    point: HeaderPoint,
    tables: 'all' | 'alone',
    way: Way,
  ): Witness | string {
    let play: Play | string
    try {
      play = playOf(point, way)
    } catch (error) {
      if (error instanceof RangeError) return error.message
      throw error
    }
    if (typeof play === 'string') return play
    const box = boxOf(point, way)
    const { history, arrival } = play
    if (point.state === 'UNTRACKED' && tables === 'all' && id.table !== 'raw') return 'it must be untracked'
    const rules = this.rulesFor(id, tables, point.state === 'UNTRACKED')
    let why = ''
    for (const openedBefore of history.length > 0 ? [false, true] : [false]) {
      let state = this.firewall(openedBefore ? undefined : rules, box)
      for (const before of history) state = step(state, before).state
      if (openedBefore) state = this.loaded(state, rules)
      const first = step(state, arrival)
      if (hits(first, id, hook)) return { id, hook, box, history, arrival, openedBefore, tables }
      why = `the packet was ${formatFate(first.fate)}`
      if (!this.hasMemory(id, tables)) continue
      const repeats = this.repeatsUntilHit(first.state, arrival, id, hook)
      if (repeats > 0) {
        const again = [...history, ...Array.from({ length: repeats }, () => arrival)]
        return { id, hook, box, history: again, arrival, openedBefore, tables }
      }
    }
    return why
  }

  /** What a rate or a list needs: the same packet again and again. 0: even that does not help. */
  private repeatsUntilHit(after: FirewallState, arrival: Arrival, id: RuleId, hook: Hook): number {
    let state = after
    for (let repeats = 1; repeats <= MAX_REPEATS; repeats++) {
      const outcome = step(state, arrival)
      if (hits(outcome, id, hook)) return repeats
      state = outcome.state
    }
    return 0
  }

  /** Some rule of the table remembers packets, so that a repeated one may fare differently. */
  private hasMemory(id: RuleId, tables: 'all' | 'alone'): boolean {
    return (
      tables === 'all' &&
      this.analysis.flows.some(({ table, entries }) => table === id.table && entries.some(e => e.remembers))
    )
  }

  private rulesFor(id: RuleId, tables: 'all' | 'alone', untracked: boolean): Ruleset {
    const { ruleset } = this.analysis
    if (tables === 'all') return ruleset
    const own = { [id.table]: ruleset.tables[id.table] }
    const raw = untracked && id.table !== 'raw' ? notrack(ruleset.family).tables : {}
    return { family: ruleset.family, tables: { ...raw, ...own } }
  }

  private firewall(rules: Ruleset | undefined, box: Box): FirewallState {
    const key = rules === undefined ? '' : Object.keys(rules.tables).join()
    let base = this.firewalls.get(key)
    if (base === undefined) {
      const sets = emptySets(this.analysis.ruleset)
      base = createFirewall(rules === undefined ? { sets } : { rules, sets })
      this.firewalls.set(key, base)
    }
    return base.reconfigured({ ...base.config, ...box })
  }

  private loaded(state: FirewallState, rules: Ruleset): FirewallState {
    const key = rules.family === 4 ? 'ipv4' : 'ipv6'
    return state.reconfigured({ ...state.config, rules: { [key]: rules } })
  }
}

const NOTRACK = '*raw\n-A PREROUTING -j CT --notrack\n-A OUTPUT -j CT --notrack\nCOMMIT\n'

function notrack(family: 4 | 6): Ruleset {
  return parseRules(NOTRACK, { family }).ruleset!
}

/** Did the packet match the rule at the hook? */
export function hits(outcome: Outcome, id: RuleId, hook: Hook): boolean {
  return outcome.trace.some(({ steps }) => {
    let at: Hook | undefined
    return steps.some(step => {
      if (step.kind === 'hook') at = step.hook
      if (step.kind !== 'rule' || !step.matched || at !== hook) return false
      return step.table === id.table && step.chain === id.chain && step.number === id.number
    })
  })
}

/** Vectors that reach an entry, the most natural ones first. */
function candidates(flow: Flow, index: number, first: Uint8Array): Uint8Array[] {
  const { space } = flow
  const { bdd } = space
  const found: Uint8Array[] = []
  try {
    const reached = reach(flow, index)
    const known = reached.kind === 'reached' ? reached.rest : EMPTY
    const set = reachedSet(flow, index, MANY_RIVALS) ?? known
    const levels = plausible(space, flow.hook)
    const nodes = levels.map(level => bdd.and(set, level)).filter(node => node !== EMPTY)
    for (const node of nodes.slice(0, 2))
      for (const wanted of [...TASTES, ...Array.from({ length: MAX_SEEDS }, (_, seed) => ({ seed }))]) {
        const bits = new Uint8Array(space.width)
        bdd.pick(node, bits, taste(space, wanted))
        if (!found.some(other => other.every((bit, i) => bit === bits[i]))) found.push(bits)
      }
  } catch (error) {
    tooBig(error)
  }
  found.push(first)
  return found
}
