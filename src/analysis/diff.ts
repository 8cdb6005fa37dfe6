import { createFirewall, step } from '../firewall.ts'
import type { Arrival, Outcome } from '../outcome.ts'
import {
  BUILTIN_CHAINS,
  type Hook,
  type Ruleset,
  TABLES,
  type Table,
  type TableName,
} from '../rules/model.ts'
import { tooBig } from './analyze.ts'
import { EMPTY, type Node } from './bdd.ts'
import { type Decisions, decide, disputed } from './decisions.ts'
import { emptySets } from './empty-sets.ts'
import { type Flow, flowOf } from './flow.ts'
import { readPoint } from './header.ts'
import { plausible } from './plausible.ts'
import { type Region, regionsOf } from './regions.ts'
import { PacketSpace } from './space.ts'
import { type Box, boxOf, playOf, waysOf } from './witness-play.ts'

/** Packets that two rulesets treat differently. */
export interface Difference {
  readonly table: TableName
  readonly hook: Hook
  /** What the first ruleset does: `ACCEPT`, `DNAT --to-destination …`; for things done on the way `with LOG …`. */
  readonly first: string
  readonly second: string
  readonly region: Region
  /** A packet of the region, for which the engine has confirmed that the two answer differently. */
  readonly witness?: DifferenceWitness
}

/** A packet that both rulesets treat differently, on a box where it can be tried. */
export interface DifferenceWitness {
  readonly box: Box
  /** Happens before the rules are loaded. */
  readonly history: readonly Arrival[]
  readonly arrival: Arrival
}

/** On which packets two rulesets differ. */
export interface RulesetDiff {
  /** Disjoint within one table, hook and pair of actions. */
  readonly differences: readonly Difference[]
  /** There are more regions than were asked for. */
  readonly more: boolean
  /** What could not be decided, and why. */
  readonly undecided: readonly string[]
}

/** How much `diffRulesets` tells. */
export interface DiffOptions {
  /** The most regions for one pair of actions; default 10. */
  readonly limit?: number
}

/**
 * The packets on which two rulesets of one family do different things, table by table: exact for header fields;
 * conditions beyond them (`-m set`, `-m limit`) are named in the region. Packets that are too short for their own
 * header are left out.
 *
 * @throws RangeError for rulesets of different families
 * @example
 * const rules = text => parseRules(text, { family: 4 }).ruleset
 * const before = rules('iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22 -j ACCEPT')
 * const after = rules('iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22:23 -j ACCEPT')
 * const [{ first, second, region }] = diffRulesets(before, after).differences
 * `${formatRegion(region)}: ${first} becomes ${second}` // 'protocol tcp, packet whole, dport 23: DROP becomes ACCEPT'
 */
export function diffRulesets(first: Ruleset, second: Ruleset, options: DiffOptions = {}): RulesetDiff {
  // refuses what is no ruleset at all
  const space = new PacketSpace([first, second])
  if (first.family !== second.family) throw new RangeError('an IPv4 and an IPv6 ruleset cannot be compared')
  const differences: Difference[] = []
  const undecided: string[] = []
  let more = false
  for (const table of TABLES) {
    if (first.tables[table] === undefined && second.tables[table] === undefined) continue
    const pair = [withTable(first, table), withTable(second, table)] as const
    for (const hook of BUILTIN_CHAINS[table])
      try {
        const flows = [flowOf(space, pair[0], table, hook)!, flowOf(space, pair[1], table, hook)!] as const
        const found = compare(flows, pair, options.limit ?? 10)
        differences.push(...found.differences)
        undecided.push(...found.undecided)
        more ||= found.more
      } catch (error) {
        undecided.push(`${table}/${hook}: ${tooBig(error)}`)
      }
  }
  return { differences, more, undecided }
}

/** A table that is not there lets everything pass. */
function withTable(ruleset: Ruleset, name: TableName): Ruleset {
  if (ruleset.tables[name] !== undefined) return ruleset
  const chains: Table['chains'] = Object.fromEntries(
    BUILTIN_CHAINS[name].map(chain => [chain, { name: chain, policy: 'ACCEPT' as const, rules: [] }]),
  )
  return { ...ruleset, tables: { ...ruleset.tables, [name]: { name, chains } } }
}

function compare(
  flows: readonly [Flow, Flow],
  rulesets: readonly [Ruleset, Ruleset],
  limit: number,
): RulesetDiff {
  const [a] = flows
  const { space, table, hook } = a
  const { bdd } = space
  const readable = space.named('kind', kind => kind !== 'unreadable')
  const domain = bdd.and(a.domain, readable)
  const within = bdd.and(disputed(...flows), readable)
  if (within === EMPTY) return { differences: [], more: false, undecided: [] }
  const decisions = [decide(flows[0], within), decide(flows[1], within)] as const
  const differences: Difference[] = []
  let more = false
  const likely = plausible(space, hook)
  for (const { first, second, set } of disagreements(space, decisions)) {
    const { regions, complete } = regionsOf(space, set, domain, likely, limit)
    more ||= !complete
    for (const region of regions) {
      const witness = confirm(flows[0], rulesets, region)
      differences.push({ table, hook, first, second, region, ...(witness && { witness }) })
    }
  }
  const undecided: string[] = []
  if (decisions[0].sequence.join('\n') !== decisions[1].sequence.join('\n'))
    undecided.push(`${table}/${hook}: the order of ${orderText(decisions)} differs`)
  return { differences, more, undecided }
}

interface Disagreement {
  readonly first: string
  readonly second: string
  readonly set: Node
}

function disagreements({ bdd }: PacketSpace, [a, b]: readonly [Decisions, Decisions]): Disagreement[] {
  const found: Disagreement[] = []
  const note = (first: string, second: string, set: Node): void => {
    if (set !== EMPTY) found.push({ first, second, set })
  }
  for (const [first, x] of a.verdicts)
    for (const [second, y] of b.verdicts) if (first !== second) note(first, second, bdd.and(x, y))
  // what else happens to packets that are decided differently follows from that
  const told = found.reduce((sets, { set }) => bdd.or(sets, set), EMPTY)
  for (const action of new Set([...a.effects.keys(), ...b.effects.keys()])) {
    const x = bdd.difference(a.effects.get(action) ?? EMPTY, told)
    const y = bdd.difference(b.effects.get(action) ?? EMPTY, told)
    note(`with ${action}`, `without ${action}`, bdd.difference(x, y))
    note(`without ${action}`, `with ${action}`, bdd.difference(y, x))
  }
  return found
}

function orderText(decisions: readonly [Decisions, Decisions]): string {
  return [...new Set(decisions.flatMap(({ sequence }) => sequence))].join(', ')
}

/** Sends the region's packet through both rulesets, the one table alone. */
function confirm(
  flow: Flow,
  rulesets: readonly [Ruleset, Ruleset],
  region: Region,
): DifferenceWitness | undefined {
  const point = readPoint(flow.space, region.bits)
  for (const way of waysOf(flow.hook, point)) {
    try {
      const play = playOf(point, way)
      if (typeof play === 'string') return undefined
      const box = boxOf(point, way)
      const answers = rulesets.map(({ family, tables }) => {
        let state = createFirewall({ ...box, sets: emptySets(...rulesets) })
        for (const arrival of play.history) state = step(state, arrival).state
        const rules = { family, tables: { [flow.table]: tables[flow.table]! } }
        state = state.reconfigured({ ...state.config, rules: { [family === 4 ? 'ipv4' : 'ipv6']: rules } })
        return signature(step(state, play.arrival))
      })
      if (answers[0] !== answers[1]) return { box, ...play }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }
  return undefined
}

/** Everything outsiders can see of an outcome. */
export function signature({ fate, emitted, delivered, log, nflog }: Outcome): string {
  const packets = emitted.map(({ device, packet }) => `${device} ${packet.toHex()}`)
  const local = delivered.map(({ packet, mark }) => `${mark} ${packet.toHex()}`)
  return JSON.stringify([fate.kind, packets, local, log.map(({ text }) => text), nflog.map(n => n.prefix)])
}

/** What analysis says about two rulesets over all histories. */
export interface Equivalence {
  /**
   * `equivalent`: in every state every packet is treated alike, so all histories are. `different`: the engine has shown
   * a packet that is not. `undecided`: the sets differ, but only by conditions that could not be brought about.
   */
  readonly verdict: 'equivalent' | 'different' | 'undecided'
  readonly diff: RulesetDiff
}

/**
 * Proves or refutes that two rulesets do the same to every packet in every state.
 *
 * @example
 * const rules = text => parseRules(text, { family: 4 }).ruleset
 * const before = rules('iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22 -j ACCEPT')
 * const after = rules('iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22:23 -j ACCEPT')
 * equivalentRulesets(before, after).verdict // 'different'
 * equivalentRulesets(before, before).verdict // 'equivalent'
 */
export function equivalentRulesets(first: Ruleset, second: Ruleset): Equivalence {
  const diff = diffRulesets(first, second)
  const { differences, undecided } = diff
  if (differences.some(({ witness }) => witness !== undefined)) return { verdict: 'different', diff }
  return { verdict: differences.length === 0 && undecided.length === 0 ? 'equivalent' : 'undecided', diff }
}
