import type { Skb } from '../packet/skb.ts'
import { fieldsOf, type IndexedField, type TestedRule } from './index-fields.ts'

/** Below this many rules, trying one after the other is as fast. */
export const MIN_INDEXED_RULES = 8

/**
 * Finds the rules of a long chain that a packet could match without trying the others: a bit vector per field of the
 * packet (which rules does its source leave possible? its destination? …), and what is left when all of them are
 * combined. The candidates are then tried in order, so the first match is the one that a scan would find. Known as
 * "aggregated bit vector" from T. V. Lakshman, D. Stiliadis: High-Speed Policy-based Packet Forwarding Using Efficient
 * Multi-dimensional Range Matching (SIGCOMM 1998).
 *
 * Rules are excluded only by tests that come before any that remembers something or may drop the packet, so skipping a
 * rule has no effect that trying it would have had.
 */
export class RuleIndex {
  private readonly fields: readonly IndexedField[]
  private readonly headerBytes: Uint8Array
  /** The bit vectors of the packet in hand. Nothing is kept from one packet to the next. */
  private readonly selected: Int32Array[] = []

  constructor(rules: readonly TestedRule[]) {
    const { fields, headerBytes } = fieldsOf(rules)
    this.fields = fields
    this.headerBytes = headerBytes
  }

  /**
   * Takes a packet in hand for {@link next}, until something changes it. False: the index cannot be asked about it,
   * since a test that the index does not make might drop it for its broken header, or since no rule can be told from
   * another by its header.
   */
  select(skb: Skb): boolean {
    const { fields, selected } = this
    if (fields.length === 0 || skb.protocol < 0 || skb.fragmentOffset !== 0) return false
    if (skb.transportLength < this.headerBytes[skb.protocol]!) return false
    for (let i = 0; i < fields.length; i++) selected[i] = fields[i]!.rulesFor(skb)
    return true
  }

  /** The first rule from `start` on that the packet could match, as an index; at least the number of rules if none. */
  next(start: number): number {
    const { selected } = this
    const words = selected[0]!.length
    let unseen = -1 << (start & 31)
    for (let word = start >>> 5; word < words; word++, unseen = -1) {
      let bits = unseen
      for (let i = 0; bits !== 0 && i < selected.length; i++) bits &= selected[i]![word]!
      if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits & -bits)
    }
    return words << 5
  }
}
