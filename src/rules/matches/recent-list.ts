/** A list of `-m recent`. Immutable: every change gives a new one. */

export interface RecentEntry {
  readonly key: string
  /** Of the packet that was last put on the list; what `--rttl` compares. */
  readonly ttl: number
  /** When it was seen, in jiffies: a ring, `next` being the place that is overwritten. */
  readonly stamps: readonly number[]
  readonly next: number
}

/** `ip_list_tot`, the module's default: a list that is full forgets the entry that was not touched for longest. */
const MAX_ENTRIES = 100

/** At most 100 of them, so that copying is fine; the order is that of the last touch. */
type Entries = ReadonlyMap<string, RecentEntry>

export class RecentList {
  /** The least recently touched first. */
  private readonly entries: Entries

  constructor(entries: Entries) {
    this.entries = entries
  }

  /** @param ttl 0: any */
  find(key: string, ttl: number): RecentEntry | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined || ttl === 0 || entry.ttl === ttl || entry.ttl === 0) return entry
    return undefined
  }

  add(key: string, ttl: number, now: number): RecentList {
    let { entries } = this
    if (entries.size >= MAX_ENTRIES) {
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries = withoutEntry(entries, oldest)
    }
    return new RecentList(withNewestEntry(entries, key, { key, ttl, stamps: [now], next: 1 }))
  }

  /** @param capacity how many stamps an entry keeps, a power of two */
  touch(entry: RecentEntry, ttl: number, now: number, capacity: number): RecentList {
    const at = entry.next % capacity
    const stamps = [...entry.stamps]
    stamps[at] = now
    const touched: RecentEntry = { key: entry.key, ttl, stamps, next: at + 1 }
    return new RecentList(withNewestEntry(this.entries, entry.key, touched))
  }

  remove(entry: RecentEntry): RecentList {
    return new RecentList(withoutEntry(this.entries, entry.key))
  }

  /** Forgets the oldest entry if it was last seen before `limit`, unless it is the one about to be updated. */
  reap(working: RecentEntry, limit: number, willUpdate: boolean): RecentList {
    const [oldest] = this.entries.values()
    if (oldest === undefined || (willUpdate && oldest === working)) return this
    return oldest.stamps[oldest.next - 1]! < limit ? this.remove(oldest) : this
  }

  get size(): number {
    return this.entries.size
  }
}

export const EMPTY_LIST = new RecentList(new Map())

function withNewestEntry(entries: Entries, key: string, entry: RecentEntry): Entries {
  const copy = new Map(entries)
  copy.delete(key)
  return copy.set(key, entry)
}

function withoutEntry(entries: Entries, key: string): Entries {
  const copy = new Map(entries)
  copy.delete(key)
  return copy
}
