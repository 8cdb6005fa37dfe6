import { IPPROTO_GRE } from '../packet/protocols.ts'
import { type Connection, Status } from './connection.ts'
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
  for (let i = 0; i < removed.length; i++) mourn(removed[i]!, context)
}

/** Calls of this step that were dropped on their way, before they were confirmed. */
export function forgetLostCalls(context: ConntrackContext): void {
  if (context.openedCalls === undefined) return
  for (const connection of context.openedCalls)
    if (!connection.has(Status.CONFIRMED)) forgetCall(connection, context)
  context.openedCalls = undefined
}

/** `conntrack -D`: all that are meant. */
export function deleteConnections(
  isMeant: (connection: Connection) => boolean,
  context: ConntrackContext,
): void {
  for (const connection of context.sessions)
    if (isMeant(connection)) killConnection(connection, context, 'somebody deleted it')
}

function bury(
  connection: Connection,
  context: ConntrackContext,
  what: 'deleted' | 'expired',
  reason?: string,
): Connection {
  const buried = context.sessions.remove(connection)
  mourn(buried, context)
  context.recorder?.add({
    kind: 'conntrack-entry',
    what,
    original: buried.original,
    ...(reason !== undefined && { reason }),
  })
  return buried
}

/** What hangs on a connection that has left the table goes, too. */
function mourn(connection: Connection, context: ConntrackContext): void {
  emitDestroy(connection, context)
  if (connection.helper !== undefined) context.helper?.(connection.helper)?.destroy?.(connection, context)
  context.expectations.removeOf(connection.original)
  forgetCall(connection, context)
}

/** Whichever way the GRE connection of a PPTP call ends, its control connection announces it no more (`gre_destroy`). */
function forgetCall({ original, masterOriginal }: Connection, context: ConntrackContext): void {
  if (original.protocol === IPPROTO_GRE && masterOriginal !== undefined)
    context.greKeys = context.greKeys.forget(masterOriginal, {})
}
