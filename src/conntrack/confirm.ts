import type { Skb } from '../packet/skb.ts'
import { type Connection, CtInfo, type Direction, ORIGINAL, REPLY, Status, zoneEquals } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { Change } from './events.ts'
import { findRival } from './find.ts'
import { emitPending } from './notify.ts'
import { transportAt } from './packet-tuple.ts'
import { trackerOf } from './protocols.ts'

/**
 * The end of a packet's way through the box: helpers read (and rewrite) its payload, sequence numbers are shifted where
 * an earlier packet changed its length, and a new connection enters the table. Only now it exists: a packet that was
 * dropped before leaves nothing behind.
 *
 * Source: `nf_confirm` in nf_conntrack_proto.c and `__nf_conntrack_confirm` in nf_conntrack_core.c (Linux 6.18).
 */
export function confirmPacket(skb: Skb, context: ConntrackContext): 'accept' | 'drop' {
  const { connection, ctInfo } = skb
  if (connection === undefined || ctInfo === undefined) return 'accept'
  if (connection.helper !== undefined || connection.has(Status.SEQ_ADJUST)) {
    if (readPayload(skb, connection, ctInfo, context) === 'drop') return giveUp(skb.connection!, context)
  }
  const current = skb.connection!
  if (!current.has(Status.CONFIRMED)) {
    if (enterTable(skb, current, context) === 'drop') return giveUp(current, context)
  }
  if (skb.connection!.pendingChanges !== 0) emitPending(context.sessions.own(skb.connection!), context)
  return 'accept'
}

/** A connection that never enters the table takes along what it has announced (`nf_ct_destroy`). */
function giveUp(connection: Connection, context: ConntrackContext): 'drop' {
  if (!connection.has(Status.CONFIRMED)) context.expectations.removeOf(connection.original)
  return 'drop'
}

/** Helpers and sequence adjustment. ICMP errors about a connection have nothing for them. */
function readPayload(
  skb: Skb,
  connection: Connection,
  ctInfo: CtInfo,
  context: ConntrackContext,
): 'accept' | 'drop' {
  // Decided before the helper runs: the packet in which it changes something is right already.
  const adjusts = connection.has(Status.SEQ_ADJUST) && skb.inDevice !== 'lo'
  if (ctInfo === CtInfo.RELATED_REPLY) return 'accept'
  const transport = transportAt(skb.family, skb.bytes, 0)
  if (transport < 0) return 'accept'
  const direction = skb.direction as Direction
  const helper = connection.helper === undefined ? undefined : context.helper?.(connection.helper)
  if (helper !== undefined) {
    skb.connection = context.sessions.own(connection)
    if (helper.help(skb, transport >>> 8, skb.connection, direction, ctInfo, context) === 'drop') {
      context.recorder?.add({ kind: 'conntrack-helper', helper: helper.name, what: 'dropped the packet' })
      return 'drop'
    }
  }
  if (!adjusts || context.nat === undefined) return 'accept'
  return context.nat.adjustSequences(skb, skb.connection!, direction, ctInfo) ? 'accept' : 'drop'
}

/** `__nf_conntrack_confirm` */
function enterTable(skb: Skb, connection: Connection, context: ConntrackContext): 'accept' | 'drop' {
  // REJECT attaches its answers to the connection of the packet it rejects: they confirm nothing.
  if (skb.direction !== ORIGINAL) return 'accept'
  if (connection.has(Status.DYING)) return 'drop'
  const { original, reply, zone } = connection
  const forward = findRival(original, zone, ORIGINAL, context)
  const rival = forward >= 0 ? forward : findRival(reply, zone, REPLY, context)
  if (rival >= 0) return resolveClash(skb, connection, rival, context)
  connection.status |= Status.CONFIRMED
  connection.expiresAtMs += context.nowMs
  connection.outDevice = skb.outDevice
  context.sessions.insert(connection)
  context.expectations.adopt(connection)
  connection.pendingChanges |= connection.masterId === undefined ? Change.NEW : Change.RELATED
  if (connection.helper !== undefined) connection.pendingChanges |= Change.HELPER
  context.recorder?.add({ kind: 'conntrack-entry', what: 'confirmed', original: connection.original })
  return 'accept'
}

/**
 * Two packets opened the same connection, and this one came second (`nf_ct_resolve_clash`). Where the protocol allows
 * it, its packet joins the connection that is there; else it is dropped.
 */
function resolveClash(
  skb: Skb,
  connection: Connection,
  rival: number,
  context: ConntrackContext,
): 'accept' | 'drop' {
  const winner = context.sessions.get(rival >> 1)!
  const isTranslated = winner.has(Status.SRC_NAT_DONE | Status.DST_NAT_DONE)
  const mayMerge =
    trackerOf(winner.original.protocol).allowsClash === true &&
    (!isTranslated || isSameFlow(winner, connection))
  context.recorder?.add({
    kind: 'conntrack-entry',
    what: mayMerge ? 'merged' : 'clash',
    original: connection.original,
    reason: 'another connection has one of its tuples',
  })
  if (!mayMerge) return 'drop'
  const merged = context.sessions.own(winner)
  const direction = skb.direction as Direction
  merged.count(direction, connection.packets[direction], connection.bytes[direction])
  skb.connection = merged
  return 'accept'
}

/** `nf_ct_match` */
function isSameFlow(a: Connection, b: Connection): boolean {
  return (
    a.original.equals(b.original) &&
    a.reply.equals(b.reply) &&
    zoneEquals(a.zone, b.zone, ORIGINAL) &&
    zoneEquals(a.zone, b.zone, REPLY)
  )
}
