import type { Address } from '../address.ts'
import { type KeyKind, NUMBER_KEYS, PersistentMap } from '../persistent/map.ts'
import { PersistentVector } from '../persistent/vector.ts'
import { type Connection, type Direction, ORIGINAL, REPLY, Status, type Zone, zoneId } from './connection.ts'
import { NO_SOURCES, type SourceIndex } from './source-index.ts'
import type { Tuple } from './tuple.ts'

/**
 * All confirmed connections of a firewall; a value. Connections live in slots numbered by their ids; two maps lead
 * from tuples to slots, one for each zone that has connections. What changes with every packet (a connection's timer
 * and counters) touches the slots only, so a packet costs about the same with a thousand connections or a million.
 */
export class SessionTable {
  private readonly parts: Parts

  constructor(parts: Parts) {
    this.parts = parts
  }

  static empty(): SessionTable {
    return new SessionTable({
      slots: PersistentVector.empty(),
      defaultZone: NO_TUPLES,
      otherZones: PersistentMap.empty(NUMBER_KEYS),
      sources: NO_SOURCES,
      firstFree: -1,
      size: 0,
      cursor: 0,
    })
  }

  /** Entries that have run out but were not swept yet are counted, as in the kernel's `nf_conntrack_count`. */
  get size(): number {
    return this.parts.size
  }

  /** `id << 1 | direction` of the connection that a packet with this tuple belongs to, or −1. Looks at no clock. */
  lookup(tuple: Tuple, zone: Zone): number {
    return findSlot(this.parts, tuple, zone)
  }

  get(id: number): Connection | undefined {
    return connectionAt(this.parts, id)
  }

  /** In the order of ids. */
  [Symbol.iterator](): Iterator<Connection> {
    return connections(this.parts)
  }

  /** The table as a step may change it. `owner` is a fresh object that the step drops when it has committed. */
  begin(owner: object): SessionDraft {
    return new SessionDraft(this, this.parts, owner)
  }
}

/** The table while a step is under way: sees its own writes; nobody else does until they are committed. */
export class SessionDraft {
  private readonly base: SessionTable
  private readonly owner: object
  private readonly parts: Parts
  private changed = false

  constructor(base: SessionTable, parts: Parts, owner: object) {
    this.base = base
    this.owner = owner
    this.parts = {
      slots: parts.slots,
      defaultZone: parts.defaultZone,
      otherZones: parts.otherZones,
      sources: parts.sources,
      firstFree: parts.firstFree,
      size: parts.size,
      cursor: parts.cursor,
    }
  }

  get size(): number {
    return this.parts.size
  }

  /** The number of slots, used or free: ids are smaller. */
  get slotCount(): number {
    return this.parts.slots.length
  }

  lookup(tuple: Tuple, zone: Zone): number {
    return findSlot(this.parts, tuple, zone)
  }

  /** The same, but only among those whose zone in one direction is that of `zone` (one chain of the kernel's hash). */
  lookupIn(tuple: Tuple, zone: Zone, direction: Direction): number {
    return findInChain(this.parts, tuple, zone, direction)
  }

  get(id: number): Connection | undefined {
    return connectionAt(this.parts, id)
  }

  [Symbol.iterator](): Iterator<Connection> {
    return connections(this.parts)
  }

  /** The step's own copy of a connection, to be written to: itself if it is that already or is not confirmed yet. */
  own(connection: Connection): Connection {
    if (connection.owner === this.owner) return connection
    const copy = connection.clone(this.owner)
    if (connection.id < 0) return copy
    const { parts } = this
    parts.slots = parts.slots.set(connection.id, copy, this.owner)
    this.changed = true
    return copy
  }

  /** Makes a new connection the step's own; it is in no table until it is inserted. */
  adopt(connection: Connection): Connection {
    connection.owner = this.owner
    return connection
  }

  /** Gives a new connection its id and makes it known under both tuples. It must be the step's own. */
  insert(connection: Connection): void {
    const { parts, owner } = this
    this.changed = true
    connection.owner = owner
    if (parts.firstFree < 0) {
      connection.id = parts.slots.length
      parts.slots = parts.slots.push(connection, owner)
    } else {
      connection.id = parts.firstFree
      parts.firstFree = parts.slots.get(connection.id) as number
      parts.slots = parts.slots.set(connection.id, connection, owner)
    }
    parts.size++
    this.enter(connection, ORIGINAL)
    this.enter(connection, REPLY)
    if (connection.has(Status.SRC_NAT_DONE)) parts.sources = parts.sources.add(connection, owner)
  }

  /**
   * Forgets a connection. Its slot is free again, and the returned copy, which packets under way may still hold,
   * is marked as dying and has no id.
   */
  remove(connection: Connection): Connection {
    const own = this.own(connection)
    if (own.id < 0) return own
    const { parts, owner } = this
    this.changed = true
    this.leave(own, ORIGINAL)
    this.leave(own, REPLY)
    parts.sources = parts.sources.remove(own, owner)
    parts.slots = parts.slots.set(own.id, parts.firstFree, owner)
    parts.firstFree = own.id
    parts.size--
    own.status |= Status.DYING
    own.id = -1
    return own
  }

  /** Connections whose original packets come from this source, the latest first, if NAT has set them up (`nat_bysource`). */
  bySource(source: Address, sport: number, protocol: number, zone: number): Iterable<Connection> {
    const { parts } = this
    return parts.sources.connections(source, sport, protocol, zone, id => connectionAt(parts, id))
  }

  /** Removes expired connections from the next few slots, and returns them. */
  sweep(nowMs: number, atMost: number): readonly Connection[] {
    const { parts } = this
    let removed: Connection[] | undefined
    const { length } = parts.slots
    if (parts.size === 0) return NOTHING
    for (let i = 0; i < atMost && i < length; i++) {
      if (parts.cursor >= length) parts.cursor = 0
      const connection = connectionAt(parts, parts.cursor++)
      if (connection === undefined || connection.expiresAtMs > nowMs) continue
      removed ??= []
      removed.push(this.remove(connection))
    }
    if (length > 0) this.changed = true
    return removed ?? NOTHING
  }

  /** The next table; this draft and its owner must not be used any more. */
  commit(): SessionTable {
    return this.changed ? new SessionTable(this.parts) : this.base
  }

  private enter(connection: Connection, direction: Direction): void {
    const zone = zoneId(connection.zone, direction)
    const tuples = zoneTuples(this.parts, zone)
    this.setTuples(
      zone,
      tuples.add(connection.tuple(direction), (connection.id << 1) | direction, this.owner),
    )
  }

  private leave(connection: Connection, direction: Direction): void {
    const zone = zoneId(connection.zone, direction)
    const tuples = zoneTuples(this.parts, zone)
    this.setTuples(
      zone,
      tuples.delete(connection.tuple(direction), (connection.id << 1) | direction, this.owner),
    )
  }

  private setTuples(zone: number, tuples: ZoneTuples): void {
    const { parts } = this
    if (zone === 0) parts.defaultZone = tuples
    else if (tuples.isEmpty) parts.otherZones = parts.otherZones.delete(zone, this.owner)
    else parts.otherZones = parts.otherZones.set(zone, tuples, this.owner)
  }
}

interface Parts {
  /** By id: a connection, or in a free slot the next free id (−1: none). */
  slots: PersistentVector<Connection | number>
  defaultZone: ZoneTuples
  otherZones: PersistentMap<number, ZoneTuples>
  sources: SourceIndex
  firstFree: number
  size: number
  /** Where sweeping goes on. */
  cursor: number
}

const TUPLE_KEYS: KeyKind<Tuple> = { hash: tuple => tuple.hash, equals: (a, b) => a === b || a.equals(b) }

/**
 * From tuple to `id << 1 | direction` within a zone. A tuple can stand there twice: in both directions of a connection
 * with itself, or once for each direction, when a zone counts in one direction only. The later one goes to `crossed`,
 * and is found first, as at the head of the kernel's hash chain.
 */
class ZoneTuples {
  private readonly tuples: PersistentMap<Tuple, number>
  private readonly crossed: PersistentMap<Tuple, number>

  constructor(tuples: PersistentMap<Tuple, number>, crossed: PersistentMap<Tuple, number>) {
    this.tuples = tuples
    this.crossed = crossed
  }

  get isEmpty(): boolean {
    return this.tuples.size + this.crossed.size === 0
  }

  /** `direction`: the only one wanted, or −1 for either. */
  get(tuple: Tuple, direction: number): number {
    if (this.crossed.size > 0) {
      const later = this.crossed.get(tuple)
      if (later !== undefined && (direction < 0 || (later & 1) === direction)) return later
    }
    const found = this.tuples.get(tuple)
    return found !== undefined && (direction < 0 || (found & 1) === direction) ? found : -1
  }

  add(tuple: Tuple, slot: number, owner: object): ZoneTuples {
    if (this.tuples.has(tuple)) return new ZoneTuples(this.tuples, this.crossed.set(tuple, slot, owner))
    const earlier = this.crossed.size === 0 ? undefined : this.crossed.get(tuple)
    return earlier === undefined
      ? new ZoneTuples(this.tuples.set(tuple, slot, owner), this.crossed)
      : new ZoneTuples(this.tuples.set(tuple, earlier, owner), this.crossed.set(tuple, slot, owner))
  }

  delete(tuple: Tuple, slot: number, owner: object): ZoneTuples {
    return this.tuples.get(tuple) === slot
      ? new ZoneTuples(this.tuples.delete(tuple, owner), this.crossed)
      : new ZoneTuples(this.tuples, this.crossed.delete(tuple, owner))
  }
}

const NO_TUPLES = new ZoneTuples(PersistentMap.empty(TUPLE_KEYS), PersistentMap.empty(TUPLE_KEYS))
const NOTHING: readonly Connection[] = []

/**
 * A connection answers to a tuple if its zone in the direction of that tuple is the packet's zone in that direction
 * (`nf_ct_key_equal`); a packet whose zone counts in one direction only belongs to two zones.
 */
function findSlot(parts: Parts, tuple: Tuple, zone: Zone): number {
  if (zone.id === 0) return parts.defaultZone.get(tuple, -1)
  const found = findInChain(parts, tuple, zone, ORIGINAL)
  return found >= 0 ? found : findInChain(parts, tuple, zone, REPLY)
}

function findInChain(parts: Parts, tuple: Tuple, zone: Zone, direction: Direction): number {
  const here = zoneId(zone, direction)
  const other = zoneId(zone, direction === ORIGINAL ? REPLY : ORIGINAL)
  return zoneTuples(parts, here).get(tuple, here === other ? -1 : direction)
}

function zoneTuples(parts: Parts, zone: number): ZoneTuples {
  return zone === 0 ? parts.defaultZone : (parts.otherZones.get(zone) ?? NO_TUPLES)
}

function connectionAt(parts: Parts, id: number): Connection | undefined {
  const slot = parts.slots.get(id)
  return typeof slot === 'object' ? slot : undefined
}

function* connections(parts: Parts): Generator<Connection> {
  for (const slot of parts.slots) if (typeof slot === 'object') yield slot
}
