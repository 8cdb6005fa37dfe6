import { BUILTIN_CHAINS, type Hook, type Rule, type Ruleset, TABLES, type TableName } from '../rules/model.ts'
import { EMPTY, TooManyNodes } from './bdd.ts'
import { type Entry, type Flow, flowOf, type RuleId, TooManyPaths } from './flow.ts'
import { reach } from './reach.ts'
import { PacketSpace } from './space.ts'

/** What the analysis found out about one rule. */
export interface RuleReport {
  readonly id: RuleId
  readonly rule: Rule
  /**
   * `unreachable`: no packet in any state can match it. `reachable`: packets of the space do, for some outcome of the
   * conditions that are no fields; whether real ones do, the witness says (see `witness.ts`).
   */
  readonly status: 'reachable' | 'unreachable' | 'undecided'
  /** Unreachable: no packet can match (`impossible`), others take them all (`covered`), nobody calls its chain. */
  readonly why?: 'impossible' | 'covered' | 'uncalled'
  /** The rules and policies that take all its packets, over all hooks, none of them superfluous at its hook. */
  readonly cover: readonly Place[]
  /** Where it was found reachable, and one vector that gets there. */
  readonly point?: ReachablePoint
}

/** A rule or policy, and what it does. */
export interface Place {
  readonly id: RuleId
  readonly action: string
  readonly line?: number
}

export interface ReachablePoint {
  readonly flow: Flow
  readonly index: number
  readonly bits: Uint8Array
}

/** A ruleset with its packet space and its tables unfolded: what all questions start from. */
export interface Analysis {
  readonly ruleset: Ruleset
  readonly space: PacketSpace
  readonly flows: readonly Flow[]
  /** Tables at hooks that are too tangled to unfold, and why. */
  readonly skipped: readonly { readonly table: TableName; readonly hook: Hook; readonly why: string }[]
  readonly rules: readonly RuleReport[]
}

/**
 * Which rules can be reached, decided exactly over the header fields and soundly over everything else.
 *
 * @param ruleset one that `parseRules` accepted
 * @param devices that the box has, where they are known: then points are on them, whether rules name them or not
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp -j ACCEPT\niptables -A INPUT -p tcp --dport 22 -j DROP', { family: 4 })
 * const { rules } = analyze(ruleset)
 * rules[1].status // 'unreachable'
 * rules[1].cover[0].id.number // 1
 */
export function analyze(ruleset: Ruleset, devices?: readonly string[]): Analysis {
  const space = new PacketSpace([ruleset], undefined, devices)
  const flows: Flow[] = []
  const skipped: Analysis['skipped'][number][] = []
  for (const table of TABLES) {
    if (ruleset.tables[table] === undefined) continue
    for (const hook of BUILTIN_CHAINS[table]) {
      try {
        const flow = flowOf(space, ruleset, table, hook)
        if (flow !== undefined) flows.push(flow)
      } catch (error) {
        skipped.push({ table, hook, why: tooBig(error) })
      }
    }
  }
  return {
    ruleset,
    space,
    flows,
    skipped,
    rules: reportAll(ruleset, flows, new Set(skipped.map(s => s.table))),
  }
}

/** The message of an error that means "too big to decide"; throws any other again. */
export function tooBig(error: unknown): string {
  if (error instanceof TooManyNodes || error instanceof TooManyPaths) return error.message
  throw error
}

/** The places of one rule in the flows. */
interface Occurrence {
  readonly flow: Flow
  readonly index: number
}

function reportAll(
  ruleset: Ruleset,
  flows: readonly Flow[],
  tangled: ReadonlySet<TableName>,
): readonly RuleReport[] {
  const occurrences = occurrencesOf(flows)
  const reports: RuleReport[] = []
  for (const table of Object.values(ruleset.tables)) {
    if (table === undefined) continue
    for (const chain of Object.values(table.chains))
      chain.rules.forEach((rule, index) => {
        const id = { table: table.name, chain: chain.name, number: index + 1 }
        const at = occurrences.get(keyOf(id)) ?? []
        reports.push(reportOn(id, rule, at, tangled.has(table.name)))
      })
  }
  return reports
}

/** By {@link keyOf}: where each rule stands. */
export function occurrencesOf(flows: readonly Flow[]): ReadonlyMap<string, readonly Occurrence[]> {
  const found = new Map<string, Occurrence[]>()
  for (const flow of flows)
    flow.entries.forEach(({ chain, number, rule }, index) => {
      if (rule === undefined) return
      const key = keyOf({ table: flow.table, chain, number })
      const known = found.get(key)
      if (known === undefined) found.set(key, [{ flow, index }])
      else known.push({ flow, index })
    })
  return found
}

export function keyOf({ table, chain, number }: RuleId): string {
  return `${table}/${chain}:${number}`
}

function reportOn(id: RuleId, rule: Rule, places: readonly Occurrence[], tangled: boolean): RuleReport {
  const cover = new Map<string, Place>()
  try {
    for (const { flow, index } of places) {
      const found = reach(flow, index)
      if (found.kind === 'reached')
        return { id, rule, status: 'reachable', cover: [], point: { flow, index, bits: found.bits } }
      for (const entry of found.cover) {
        const place = placeOf(flow, entry)
        cover.set(keyOf(place.id), place)
      }
    }
  } catch (error) {
    tooBig(error)
    return { id, rule, status: 'undecided', cover: [] }
  }
  if (tangled) return { id, rule, status: 'undecided', cover: [] }
  const impossible = places.every(({ flow, index }) => flow.entries[index]!.condition === EMPTY)
  const why = places.length === 0 ? 'uncalled' : impossible ? 'impossible' : 'covered'
  return { id, rule, status: 'unreachable', why, cover: [...cover.values()] }
}

export function placeOf(flow: Flow, { chain, number, action, rule }: Entry): Place {
  const line = rule?.line
  return { id: { table: flow.table, chain, number }, action, ...(line !== undefined && { line }) }
}
