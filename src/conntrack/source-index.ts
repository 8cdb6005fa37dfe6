import type { Address } from '../address.ts'
import { type KeyKind, PersistentMap } from '../persistent/map.ts'
import { PersistentVector } from '../persistent/vector.ts'
import { type Connection, ORIGINAL, zoneId } from './connection.ts'

/**
 * From where original packets come to their connections: the kernel's `nat_bysource` hash, by which NAT gives a source
 * the mapping that it has already. Each source has a list, the latest connection first, linked through `links` by
 * connection ids, so that adding and removing cost the same however long it is.
 */
export class SourceIndex {
  private readonly heads: PersistentMap<SourceKey, number>
  private readonly links: PersistentVector<Link | undefined>

  constructor(heads: PersistentMap<SourceKey, number>, links: PersistentVector<Link | undefined>) {
    this.heads = heads
    this.links = links
  }

  add(connection: Connection, owner: object): SourceIndex {
    const key = keyOf(connection)
    const head = this.heads.get(key) ?? -1
    let links = this.links
    while (links.length <= connection.id) links = links.push(undefined, owner)
    links = links.set(connection.id, new Link(-1, head), owner)
    if (head >= 0) links = links.set(head, new Link(connection.id, links.get(head)!.next), owner)
    return new SourceIndex(this.heads.set(key, connection.id, owner), links)
  }

  remove(connection: Connection, owner: object): SourceIndex {
    const link = this.links.get(connection.id)
    if (link === undefined) return this
    let links = this.links.set(connection.id, undefined, owner)
    if (link.next >= 0)
      links = links.set(link.next, new Link(link.previous, links.get(link.next)!.next), owner)
    if (link.previous >= 0) {
      links = links.set(link.previous, new Link(links.get(link.previous)!.previous, link.next), owner)
      return new SourceIndex(this.heads, links)
    }
    const key = keyOf(connection)
    const heads = link.next < 0 ? this.heads.delete(key, owner) : this.heads.set(key, link.next, owner)
    return new SourceIndex(heads, links)
  }

  *connections(
    source: Address,
    sport: number,
    protocol: number,
    zone: number,
    get: (id: number) => Connection | undefined,
  ): Generator<Connection> {
    let id = this.heads.get(new SourceKey(source, sport, protocol, zone)) ?? -1
    while (id >= 0) {
      const connection = get(id)
      if (connection !== undefined) yield connection
      id = this.links.get(id)!.next
    }
  }
}

/** Neighbours in the list of a source, as connection ids; −1 at the ends. */
class Link {
  readonly previous: number
  readonly next: number

  constructor(previous: number, next: number) {
    this.previous = previous
    this.next = next
  }
}

class SourceKey {
  readonly source: Address
  readonly sport: number
  readonly protocol: number
  readonly zone: number
  readonly hash: number

  constructor(source: Address, sport: number, protocol: number, zone: number) {
    this.source = source
    this.sport = sport
    this.protocol = protocol
    this.zone = zone
    let hash = Math.imul(source.w0 ^ (sport << 8) ^ protocol ^ (zone << 16), 0x9e3779b1)
    hash = Math.imul(hash ^ (hash >>> 15) ^ source.w1 ^ source.w2, 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13) ^ source.w3, 0xc2b2ae35)
    this.hash = hash ^ (hash >>> 16)
  }
}

const SOURCE_KEYS: KeyKind<SourceKey> = {
  hash: key => key.hash,
  equals: (a, b) =>
    a.sport === b.sport && a.protocol === b.protocol && a.zone === b.zone && a.source.equals(b.source),
}

function keyOf({ original, zone }: Connection): SourceKey {
  return new SourceKey(original.source, original.sport, original.protocol, zoneId(zone, ORIGINAL))
}

export const NO_SOURCES = new SourceIndex(PersistentMap.empty(SOURCE_KEYS), PersistentVector.empty())
