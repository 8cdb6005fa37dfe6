/** How many elements of a set have a prefix length. */
export interface LengthCount {
  readonly length: number
  readonly count: number
}

/** One more element of that length; the list stays sorted, most specific first (`mtype_add_cidr`). */
export function withLength(lengths: readonly LengthCount[], length: number): readonly LengthCount[] {
  const at = lengths.findIndex(each => each.length <= length)
  if (at < 0) return [...lengths, { length, count: 1 }]
  const found = lengths[at]!
  if (found.length !== length) return [...lengths.slice(0, at), { length, count: 1 }, ...lengths.slice(at)]
  return lengths.map((each, index) => (index === at ? { length, count: found.count + 1 } : each))
}

/** One element less. */
export function withoutLength(lengths: readonly LengthCount[], length: number): readonly LengthCount[] {
  return lengths
    .map(each => (each.length === length ? { length, count: each.count - 1 } : each))
    .filter(({ count }) => count > 0)
}
