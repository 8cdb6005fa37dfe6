import { EMPTY, type Node } from './bdd.ts'
import type { Entry, Flow } from './flow.ts'
import { HullMaker, overlaps } from './hull.ts'
import { changesPacket } from './table-context.ts'

/** Everything a table at a hook does to the packets of a set. */
export interface Decisions {
  /** By action (`ACCEPT`, `DROP`, `DNAT --to-destination …`): the packets it is the end for. */
  readonly verdicts: ReadonlyMap<string, Node>
  /** By action (`LOG …`, `MARK …`), and by condition that remembers: the packets it happens to. */
  readonly effects: ReadonlyMap<string, Node>
  /** The effects whose order may matter, in order. */
  readonly sequence: readonly string[]
}

/** @throws TooManyNodes */
export function decide(flow: Flow, within: Node): Decisions {
  const { bdd } = flow.space
  const verdicts = new Map<string, Node>()
  const effects = new Map<string, Node>()
  const sequence: string[] = []
  const later = new Map<number, Node>()
  const hull = new HullMaker(flow.space).of(within)
  const note = (to: Map<string, Node>, action: string, set: Node): void => {
    if (set !== EMPTY) to.set(action, bdd.or(to.get(action) ?? EMPTY, set))
  }
  const noteEffect = (action: string, set: Node, ordered: boolean): void => {
    note(effects, action, set)
    if (set !== EMPTY && ordered && sequence.at(-1) !== action) sequence.push(action)
  }
  let rest = bdd.and(flow.domain, within)
  flow.entries.forEach((entry, index) => {
    rest = bdd.or(rest, later.get(index) ?? EMPTY)
    if (rest === EMPTY || !overlaps(hull, entry.hull)) return
    if (entry.remembers) noteEffect(`asks ${entry.memory}`, bdd.and(rest, entry.touched), true)
    const hit = bdd.and(rest, entry.condition)
    if (hit === EMPTY) return
    switch (entry.kind) {
      case 'pass':
        if (entry.action !== '') noteEffect(entry.action, hit, changesPacket(entry.action))
        return
      case 'leave':
        later.set(entry.next, bdd.or(later.get(entry.next) ?? EMPTY, hit))
        break
      case 'decide':
        note(verdicts, entry.action, hit)
        break
      default:
        entry.kind satisfies never
    }
    rest = bdd.difference(rest, hit)
  })
  return { verdicts, effects, sequence }
}

/** What two flows over one space may decide differently about: all packets of the entries that only one of them has. */
export function disputed(a: Flow, b: Flow): Node {
  const { bdd } = a.space
  const [x, y] = [a.entries, b.entries]
  let start = 0
  while (start < x.length && start < y.length && same(x[start]!, y[start]!)) start++
  if (start === x.length && start === y.length && sameWays(x, y, start, 0)) return EMPTY
  let end = 0
  while (
    end < x.length - start &&
    end < y.length - start &&
    same(x[x.length - 1 - end]!, y[y.length - 1 - end]!)
  )
    end++
  if (!sameWays(x, y, start, end)) return a.domain
  let set: Node = EMPTY
  for (const entries of [x, y])
    for (const { condition } of entries.slice(start, entries.length - end)) set = bdd.or(set, condition)
  return set
}

function same(a: Entry, b: Entry): boolean {
  return (
    a.condition === b.condition &&
    a.touched === b.touched &&
    a.kind === b.kind &&
    a.action === b.action &&
    a.memory === b.memory
  )
}

/** Do the entries that both have leave to places that both have, the same ones? */
function sameWays(x: readonly Entry[], y: readonly Entry[], start: number, end: number): boolean {
  for (let i = 0; i < start; i++) {
    if (x[i]!.kind !== 'leave') continue
    const [p, q] = [x[i]!.next, y[i]!.next]
    if (p <= start && q <= start ? p !== q : x.length - p !== y.length - q || x.length - p > end) return false
  }
  for (let i = 1; i <= end; i++) {
    const [p, q] = [x[x.length - i]!, y[y.length - i]!]
    if (p.kind === 'leave' && x.length - p.next !== y.length - q.next) return false
  }
  return true
}
