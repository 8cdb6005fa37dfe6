/** The tables of matches that remember addresses. A table is a value: these return new ones. */
export type Entries<V> = ReadonlyMap<string, V>

export function withEntry<V>(entries: Entries<V>, key: string, value: V): Entries<V> {
  return new Map(entries).set(key, value)
}

/** With the entry at the end of the order, as in the kernel's least-recently-used lists. */
export function withNewestEntry<V>(entries: Entries<V>, key: string, value: V): Entries<V> {
  const copy = new Map(entries)
  copy.delete(key)
  return copy.set(key, value)
}

export function withoutEntry<V>(entries: Entries<V>, key: string): Entries<V> {
  const copy = new Map(entries)
  copy.delete(key)
  return copy
}
