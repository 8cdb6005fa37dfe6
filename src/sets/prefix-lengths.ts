/**
 * Which prefix lengths a set of networks has: a lookup tries these and no others, the longest first, so the most specific
 * network decides (`h->nets` in net/netfilter/ipset/ip_set_hash_gen.h). Immutable.
 */
export class PrefixLengths {
  /** The longest first. */
  readonly present: readonly number[]
  /** How many networks there are of each length, beside `present`. */
  private readonly counts: readonly number[]

  constructor(present: readonly number[], counts: readonly number[]) {
    this.present = present
    this.counts = counts
  }

  /** The longest length; undefined for an empty set. */
  get longest(): number | undefined {
    return this.present[0]
  }

  add(length: number): PrefixLengths {
    const at = this.present.indexOf(length)
    if (at >= 0) return new PrefixLengths(this.present, replaced(this.counts, at, this.counts[at]! + 1))
    const shorter = this.present.findIndex(other => other < length)
    const place = shorter < 0 ? this.present.length : shorter
    return new PrefixLengths(inserted(this.present, place, length), inserted(this.counts, place, 1))
  }

  remove(length: number): PrefixLengths {
    const at = this.present.indexOf(length)
    const count = this.counts[at] ?? 0
    if (count > 1) return new PrefixLengths(this.present, replaced(this.counts, at, count - 1))
    const others = (_: number, index: number): boolean => index !== at
    return new PrefixLengths(this.present.filter(others), this.counts.filter(others))
  }
}

export const NO_LENGTHS = new PrefixLengths([], [])

function replaced(numbers: readonly number[], at: number, value: number): readonly number[] {
  return numbers.map((old, index) => (index === at ? value : old))
}

function inserted(numbers: readonly number[], at: number, value: number): readonly number[] {
  return [...numbers.slice(0, at), value, ...numbers.slice(at)]
}
