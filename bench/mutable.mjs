/**
 * The same engine without its immutability, as the yardstick for what that costs: one transaction that never commits,
 * over connections and counters that are changed in place, found by `Map`s. It answers the same; it cannot go back.
 */
import { arrive, PATH, Transaction } from './engine.mjs'

/** A function from arrival to result that keeps its state to itself. */
export function mutableEngine(state) {
  const begun = { begin: () => new MutableSessions(state.sessions) }
  const transaction = new Transaction(
    Object.create(state, { sessions: { value: begun } }),
    PATH,
    {},
    undefined,
  )
  const counters = []
  transaction.count = (slot, bytes) => {
    counters[slot] ??= { packets: 0, bytes: 0 }
    counters[slot].packets++
    counters[slot].bytes += bytes
  }
  return arrival => arrive(transaction, arrival)
}

/** What conntrack and NAT ask of a session table, on a Map from tuple hashes to the few tuples that have them. */
class MutableSessions {
  connections = []
  buckets = new Map()

  constructor(sessions) {
    for (const connection of sessions) this.insert(connection)
  }

  get size() {
    return this.connections.length
  }

  lookup(tuple) {
    const bucket = this.buckets.get(tuple.hash)
    if (bucket === undefined) return -1
    for (let i = 0; i < bucket.length; i++) if (bucket[i].tuple.equals(tuple)) return bucket[i].found
    return -1
  }

  get(id) {
    return this.connections[id]
  }

  own(connection) {
    return connection
  }

  adopt(connection) {
    return connection
  }

  insert(connection) {
    connection.id = this.connections.length
    this.connections.push(connection)
    this.enter(connection.original, connection.id << 1)
    this.enter(connection.reply, (connection.id << 1) | 1)
  }

  enter(tuple, found) {
    const bucket = this.buckets.get(tuple.hash)
    if (bucket === undefined) this.buckets.set(tuple.hash, [{ tuple, found }])
    else bucket.push({ tuple, found })
  }

  bySource() {
    return []
  }

  sweep() {
    return []
  }
}
