import { type KeyKind, PersistentMap } from '../persistent/map.ts'
import type { Direction } from './connection.ts'
import { Tuple } from './tuple.ts'

const BY_CONTENT: KeyKind<Tuple> = { hash: tuple => tuple.hash, equals: (a, b) => a.equals(b) }
/** Equal masters can stand in different zones; each has its tuple for itself. */
const BY_IDENTITY: KeyKind<Tuple> = { hash: tuple => tuple.hash, equals: (a, b) => a === b }

/** Of a control connection: what packets of its call look like in each direction. */
type Calls = readonly [original: Tuple | undefined, reply: Tuple | undefined]
const NO_CALLS: Calls = [undefined, undefined]

/**
 * A PPTP data packet names the receiver's call id only. That of the sender, which its tuple has as the source key, is
 * known from the control connection: the kernel's `nf_ct_gre_keymap` (net/netfilter/nf_conntrack_proto_gre.c). A value.
 */
export class GreKeys {
  /** From what a packet shows (the source key 0) to what was announced, the earliest first. */
  private readonly announced: PersistentMap<Tuple, readonly Tuple[]>
  /** By the original tuple of the control connection. */
  private readonly byMaster: PersistentMap<Tuple, Calls>

  private constructor(
    announced: PersistentMap<Tuple, readonly Tuple[]>,
    byMaster: PersistentMap<Tuple, Calls>,
  ) {
    this.announced = announced
    this.byMaster = byMaster
  }

  static empty(): GreKeys {
    return new GreKeys(PersistentMap.empty(BY_CONTENT), PersistentMap.empty(BY_IDENTITY))
  }

  /** How many control connections have announced a call. */
  get size(): number {
    return this.byMaster.size
  }

  /** The tuple of a packet whose source key is not known yet; it stays 0 for calls that nobody has announced. */
  complete(shown: Tuple): Tuple {
    if (this.announced.size === 0) return shown
    return this.announced.get(shown)?.[0] ?? shown
  }

  /**
   * `nf_ct_gre_keymap_add`. A control connection has one call in each direction: the same one again changes nothing,
   * not even its source key.
   *
   * @returns undefined when it has another one already
   */
  add(call: Tuple, master: Tuple, direction: Direction, owner: object): GreKeys | undefined {
    const calls = this.byMaster.get(master) ?? NO_CALLS
    const old = calls[direction]
    if (old !== undefined) return shownBy(old).equals(shownBy(call)) ? this : undefined
    const shown = shownBy(call)
    const others = this.announced.get(shown) ?? []
    return new GreKeys(
      this.announced.set(shown, [...others, call], owner),
      this.byMaster.set(master, direction === 0 ? [call, calls[1]] : [calls[0], call], owner),
    )
  }

  /** `nf_ct_gre_keymap_destroy`: everything that the control connection has announced. */
  forget(master: Tuple, owner: object): GreKeys {
    const calls = this.byMaster.get(master)
    if (calls === undefined) return this
    let { announced } = this
    for (const call of calls) {
      if (call === undefined) continue
      const shown = shownBy(call)
      const rest = announced.get(shown)!.filter(other => other !== call)
      announced = rest.length === 0 ? announced.delete(shown, owner) : announced.set(shown, rest, owner)
    }
    return new GreKeys(announced, this.byMaster.delete(master, owner))
  }
}

function shownBy({ source, destination, protocol, dport }: Tuple): Tuple {
  return new Tuple(source, destination, protocol, 0, dport)
}
