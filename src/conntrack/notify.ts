import { type Connection, Status } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { Change, type ConntrackEvent } from './events.ts'

/** The words of `CT --ctevents`. */
const MASK_BITS: ReadonlyMap<string, number> = new Map([
  ['new', Change.NEW],
  ['related', Change.RELATED],
  ['destroy', Change.DESTROY],
  ['reply', Change.REPLY],
  ['assured', Change.ASSURED],
  ['protoinfo', Change.PROTOCOL],
  ['helper', Change.HELPER],
  ['mark', Change.MARK],
  ['natseqinfo', Change.SEQUENCE_ADJUSTMENT],
  ['secmark', Change.SECMARK],
])

/** Tells listeners, with a copy of the connection as it is now, unless the connection's event mask forbids. */
function emit(
  type: ConntrackEvent['type'],
  connection: Connection,
  changes: number,
  context: ConntrackContext,
): void {
  if ((changes & maskOf(connection)) === 0) return
  context.events.push({ type, connection: connection.clone(context.events), changes, atMs: context.nowMs })
}

/** The end of a connection; one that was never confirmed was never heard of. */
export function emitDestroy(connection: Connection, context: ConntrackContext): void {
  if (connection.has(Status.CONFIRMED)) emit('DESTROY', connection, Change.DESTROY, context)
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

function maskOf({ eventMask }: Connection): number {
  if (eventMask === undefined) return -1
  let mask = 0
  for (const name of eventMask) mask |= MASK_BITS.get(name) ?? 0
  return mask
}
