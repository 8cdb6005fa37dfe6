import { type Connection, Status } from './connection.ts'

/**
 * The connection lives on for this long (`nf_ct_refresh`), unless its timeout is fixed. Before it is confirmed a
 * connection holds the timeout itself, not a time.
 */
export function refreshConnection(connection: Connection, timeoutMs: number, nowMs: number): void {
  const { status } = connection
  if ((status & Status.FIXED_TIMEOUT) !== 0) return
  connection.expiresAtMs = (status & Status.CONFIRMED) === 0 ? timeoutMs : nowMs + timeoutMs
}
