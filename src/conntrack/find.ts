import { type Connection, type Direction, ORIGINAL, REPLY, type Zone, zoneEquals } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { expireConnection } from './destroy.ts'
import type { Tuple } from './tuple.ts'

/**
 * `id << 1 | direction` of the live connection that a tuple belongs to, or −1. One whose time has run out is removed
 * on sight and not found.
 */
export function findConnection(tuple: Tuple, zone: Zone, context: ConntrackContext): number {
  const { sessions } = context
  for (;;) {
    const found = sessions.lookup(tuple, zone)
    if (found < 0 || isLive(found, context)) return found
  }
}

/** The same, but only where the zone of `direction` leads: what is asked when a tuple of that direction is to be entered. */
export function findRival(tuple: Tuple, zone: Zone, direction: Direction, context: ConntrackContext): number {
  const { sessions } = context
  for (;;) {
    const found = sessions.lookupIn(tuple, zone, direction)
    if (found < 0 || isLive(found, context)) return found
  }
}

function isLive(found: number, context: ConntrackContext): boolean {
  const connection = context.sessions.get(found >> 1)!
  if (connection.expiresAtMs > context.nowMs) return true
  expireConnection(connection, context)
  return false
}

/**
 * Is a tuple that NAT would like to use taken by another connection? (`nf_conntrack_tuple_taken`) Not if the other one
 * is the same flow, sent twice: that is left to the clash resolution at confirm.
 */
export function isTupleTaken(tuple: Tuple, connection: Connection, context: ConntrackContext): boolean {
  const found = findRival(tuple, connection.zone, REPLY, context)
  if (found < 0) return false
  const other = context.sessions.get(found >> 1)!
  if (connection.id >= 0 && other.id === connection.id) return false
  return !(other.original.equals(connection.original) && zoneEquals(other.zone, connection.zone, ORIGINAL))
}
