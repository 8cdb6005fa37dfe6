import type { Connection } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { Change, type ConntrackEvent } from './events.ts'

/** Tells listeners, with a copy of the connection as it is now. */
export function emit(
  type: ConntrackEvent['type'],
  connection: Connection,
  changes: number,
  context: ConntrackContext,
): void {
  context.events.push({ type, connection: connection.clone(context.events), changes, atMs: context.nowMs })
}

/**
 * What has changed since the last time: told when a packet of the connection leaves the box, since only then the
 * connection exists for others (`nf_ct_deliver_cached_events`).
 */
export function emitPending(connection: Connection, context: ConntrackContext): void {
  const changes = connection.pendingChanges
  if (changes === 0 || connection.id < 0) return
  connection.pendingChanges = 0
  emit((changes & (Change.NEW | Change.RELATED)) !== 0 ? 'NEW' : 'UPDATE', connection, changes, context)
}
