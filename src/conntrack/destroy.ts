import type { Connection } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { emitDestroy } from './notify.ts'

/**
 * Ends a connection (`nf_ct_delete`): it leaves the table, what it announced is forgotten, and listeners hear of it.
 * Packets under way may still hold the returned copy; it is marked as dying.
 */
export function killConnection(
  connection: Connection,
  context: ConntrackContext,
  reason: string,
): Connection {
  return bury(connection, context, 'deleted', reason)
}

/** The same for one whose time has run out. */
export function expireConnection(connection: Connection, context: ConntrackContext): Connection {
  return bury(connection, context, 'expired')
}

/** Sweeps a few slots for connections whose time has run out; call it once a step. */
export function sweepExpired(context: ConntrackContext, atMost = 4): void {
  const removed = context.sessions.sweep(context.nowMs, atMost)
  for (let i = 0; i < removed.length; i++) {
    context.expectations.removeOf(removed[i]!.original)
    emitDestroy(removed[i]!, context)
  }
}

/** `conntrack -F` */
export function flushConnections(context: ConntrackContext): void {
  for (const connection of context.sessions) killConnection(connection, context, 'the table was flushed')
}

function bury(
  connection: Connection,
  context: ConntrackContext,
  what: 'deleted' | 'expired',
  reason?: string,
): Connection {
  const buried = context.sessions.remove(connection)
  context.expectations.removeOf(buried.original)
  emitDestroy(buried, context)
  context.recorder?.add({
    kind: 'conntrack-entry',
    what,
    original: buried.original,
    ...(reason !== undefined && { reason }),
  })
  return buried
}
