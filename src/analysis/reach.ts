import { EMPTY, type Node } from './bdd.ts'
import type { Entry, Flow } from './flow.ts'
import { overlaps } from './hull.ts'
import { TASTES, type Taste, taste } from './taste.ts'

/** Whether packets come to a place and match there. */
export type Reached =
  /** A vector of the space that does. */
  | { readonly kind: 'reached'; readonly rest: Node; readonly bits: Uint8Array }
  /** None: these earlier places take all of them. Empty: nothing can match at all. */
  | { readonly kind: 'unreached'; readonly cover: readonly Entry[] }

/** Beyond so many earlier places that had to be taken away, sets are narrowed by all at once. */
const MAX_POINTS = 400

/**
 * Is there a packet that comes to an entry and matches it? Searched by counterexample: take a packet of the set, see
 * which earlier entry takes it, take away all that this entry takes, until a packet is left over or none is. So only
 * the entries that matter are ever looked at, and they are the proof.
 */
export function reach(flow: Flow, index: number): Reached {
  const { bdd } = flow.space
  const entry = flow.entries[index]!
  let rest = entry.condition
  const cover: Entry[] = []
  if (rest !== EMPTY) {
    const rivals = rivalsOf(flow, index)
    const bits = new Uint8Array(flow.space.width)
    for (let round = 0; rest !== EMPTY; round++) {
      bdd.pick(rest, bits, taste(flow.space, tasteOf(round)))
      const taker =
        round < MAX_POINTS
          ? rivals.find(({ effective }) => bdd.contains(effective, bits))
          : rivals.find(({ effective }) => bdd.and(rest, effective) !== EMPTY)
      if (taker === undefined) return { kind: 'reached', rest, bits }
      cover.push(taker)
      rest = bdd.difference(rest, taker.effective)
    }
  }
  return { kind: 'unreached', cover: smallest(flow, entry, cover) }
}

/** The first packets are such as people would send, later ones anything. */
function tasteOf(round: number): Taste {
  return TASTES[round] ?? { seed: round }
}

/** The earlier entries that may keep packets from this one. */
function rivalsOf({ entries }: Flow, index: number): Entry[] {
  const { hull } = entries[index]!
  const rivals: Entry[] = []
  for (let i = 0; i < index; i++) {
    const other = entries[i]!
    if (other.kind === 'pass' || (other.kind === 'leave' && other.next <= index)) continue
    if (other.effective !== EMPTY && overlaps(hull, other.hull)) rivals.push(other)
  }
  return rivals
}

/**
 * Everything that comes to an entry and matches there: all overlapping entries are taken away.
 *
 * @returns undefined when more than `maxRivals` overlap, since the set may then be large
 */
export function reachedSet(flow: Flow, index: number, maxRivals: number): Node | undefined {
  const { bdd } = flow.space
  const rivals = rivalsOf(flow, index)
  if (rivals.length > maxRivals) return undefined
  let rest = flow.entries[index]!.condition
  for (const rival of rivals) rest = bdd.difference(rest, rival.effective)
  return rest
}

/**
 * A cover without members that the others make superfluous, nearest rule kept last: drops one after the other. Entries
 * that left the chain prove that packets go elsewhere, and count like any other.
 */
function smallest(
  { space: { bdd }, entries }: Flow,
  entry: Entry,
  cover: readonly Entry[],
): readonly Entry[] {
  const whole = entry.condition
  // one rule that does it alone says more than several
  const alone = cover.find(({ effective }) => bdd.isSubset(whole, effective))
  if (alone !== undefined) return [alone]
  let kept = [...cover]
  if (kept.length > 200) return inOrder(entries, kept)
  for (const candidate of cover) {
    const others = kept.filter(other => other !== candidate)
    let rest = whole
    for (const { effective } of others) rest = bdd.difference(rest, effective)
    if (rest === EMPTY) kept = others
  }
  return inOrder(entries, kept)
}

function inOrder(entries: readonly Entry[], cover: readonly Entry[]): readonly Entry[] {
  const wanted = new Set(cover)
  return entries.filter(entry => wanted.has(entry))
}
