/** Whether a translated tuple could still be told apart from all others: `nf_nat_used_tuple` and its relatives. */
import { type Connection, Status } from '../conntrack/connection.ts'
import { findConnection, isTupleTaken } from '../conntrack/find.ts'
import { trackerOf } from '../conntrack/protocols.ts'
import { invertTuple, type Tuple } from '../conntrack/tuple.ts'
import type { NatContext } from './context.ts'

/**
 * @param tuple what packets of the original direction would look like
 * @returns whether packets in reply to it would be taken for those of another connection
 */
export function isTaken(tuple: Tuple, connection: Connection, context: NatContext): boolean {
  return isTupleTaken(replyTo(tuple), connection, context)
}

/**
 * The same for a tuple that NAT has not altered (`nf_nat_used_tuple_new`): a connection that was opened from both ends
 * at once does not count as a clash where the tracker can merge the two.
 */
export function isTakenByNew(tuple: Tuple, connection: Connection, context: NatContext): boolean {
  if (!isTaken(tuple, connection, context)) return false
  const allowsClash = trackerOf(tuple.protocol).allowsClash === true
  if (!allowsClash || connection.has(USES_NAT)) return true
  const forward = findConnection(tuple, connection.zone, context)
  const found = forward >= 0 ? forward : findConnection(replyTo(tuple), connection.zone, context)
  const other = context.sessions.get(found >> 1)
  if (other === undefined) return false
  return other.has(USES_NAT) || !other.original.equals(connection.reply)
}

const USES_NAT = Status.SRC_NAT | Status.DST_NAT | Status.SEQ_ADJUST

/** The inverse of a tuple of a tracked connection, which always has one: an ICMP type without an answer opens none. */
export function replyTo(tuple: Tuple): Tuple {
  return invertTuple(tuple)!
}
