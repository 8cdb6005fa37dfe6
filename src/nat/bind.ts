/**
 * Decides, once per connection and half, how it is translated: net/netfilter/nf_nat_core.c. The decision is written
 * into the reply tuple and nowhere else.
 */
import { type Connection, ORIGINAL, Status, zoneId } from '../conntrack/connection.ts'
import type { NatRange } from '../conntrack/nat-range.ts'
import { Tuple } from '../conntrack/tuple.ts'
import { chooseAddress } from './choose-address.ts'
import type { NatContext } from './context.ts'
import type { Manip } from './manip.ts'
import { isIcmp, maxPortOf, portInRange, sourceInRange } from './range.ts'
import type { BindReason } from './steps.ts'
import { isTaken, isTakenByNew, replyTo } from './taken.ts'
import { findUniquePort } from './unique-port.ts'

interface Choice {
  readonly tuple: Tuple
  readonly reason: BindReason
}

/** Has this half of the connection been decided? (`nf_nat_initialized`) */
export function isBound(connection: Connection, manip: Manip): boolean {
  return connection.has(manip === 'source' ? Status.SRC_NAT_DONE : Status.DST_NAT_DONE)
}

/**
 * Binds one half of a new connection to a range: `nf_nat_setup_info`. The connection must be the step's own copy. A
 * connection that is confirmed already keeps what it has.
 *
 * @param range what a rule asks for, or undefined for the null binding of a connection that no rule matched: its
 *   address stays, but its port changes when the tuple would clash with another connection
 * @returns false when the packet must be dropped
 */
export function bind(
  connection: Connection,
  range: NatRange | undefined,
  manip: Manip,
  context: NatContext,
): boolean {
  if (connection.has(Status.CONFIRMED)) return true
  if (isBound(connection, manip)) return false
  // What packets of the original direction look like by now.
  const current = connection.has(Status.SRC_NAT | Status.DST_NAT)
    ? replyTo(connection.reply)
    : connection.original
  const { tuple, reason } = uniqueTuple(current, range, manip, connection, context)
  context.recorder?.add({ kind: 'nat-bind', manip, range, reason, from: current, to: tuple })
  if (!tuple.equals(current)) {
    connection.reply = replyTo(tuple)
    connection.status |= manip === 'source' ? Status.SRC_NAT : Status.DST_NAT
  }
  if (range?.masqueradeDevice !== undefined) connection.masqueradeDevice = range.masqueradeDevice
  connection.status |= manip === 'source' ? Status.SRC_NAT_DONE : Status.DST_NAT_DONE
  return true
}

/** What packets shall look like: as little changed as the range and all other connections allow (`get_unique_tuple`). */
function uniqueTuple(
  current: Tuple,
  range: NatRange | undefined,
  manip: Manip,
  connection: Connection,
  context: NatContext,
): Choice {
  if (range === undefined) return nullBinding(current, manip, connection, context)
  const random = range.random === true || range.randomFully === true
  if (manip === 'source' && !random) {
    if (sourceInRange(current, range)) {
      if (!isTakenByNew(current, connection, context)) return { tuple: current, reason: 'kept' }
    } else {
      const mapped = existingMapping(current, range, connection, context)
      if (mapped !== undefined && !isTaken(mapped, connection, context))
        return { tuple: mapped, reason: 'reused' }
    }
  }
  const tuple = withRangeAddress(current, range, manip, connection)
  if (!random && portMayStay(tuple, range, manip, connection, context))
    return { tuple, reason: tuple.equals(current) ? 'kept' : 'mapped' }
  return changedPort(tuple, range, manip, connection, context)
}

/** Nobody asked for anything: only a clash changes the source port (or an ICMP id), and never the destination port. */
function nullBinding(current: Tuple, manip: Manip, connection: Connection, context: NatContext): Choice {
  if (manip === 'source') {
    if (!isTakenByNew(current, connection, context)) return { tuple: current, reason: 'kept' }
  } else if (!isTaken(current, connection, context)) {
    return { tuple: current, reason: 'kept' }
  }
  return changedPort(current, { manip }, manip, connection, context)
}

function changedPort(
  tuple: Tuple,
  range: NatRange,
  manip: Manip,
  connection: Connection,
  context: NatContext,
): Choice {
  const unique = findUniquePort(tuple, range, manip, connection, context)
  const exhausted = context.recorder !== undefined && isTaken(unique, connection, context)
  if (exhausted) return { tuple: unique, reason: 'exhausted' }
  const isAsked = range.minPort !== undefined && range.minPort === maxPortOf(range)
  return { tuple: unique, reason: isAsked ? 'mapped' : 'port-changed' }
}

function withRangeAddress(tuple: Tuple, range: NatRange, manip: Manip, connection: Connection): Tuple {
  if (range.minAddress === undefined) return tuple
  const address = chooseAddress(tuple, range, connection.zone, manip)
  const { source, destination, protocol, sport, dport } = tuple
  return manip === 'source'
    ? new Tuple(address, destination, protocol, sport, dport)
    : new Tuple(source, address, protocol, sport, dport)
}

function portMayStay(
  tuple: Tuple,
  range: NatRange,
  manip: Manip,
  connection: Connection,
  context: NatContext,
): boolean {
  if (range.minPort === undefined) return !isTaken(tuple, connection, context)
  if (range.basePort !== undefined || !portInRange(tuple, manip, range)) return false
  return range.minPort === maxPortOf(range) || !isTaken(tuple, connection, context)
}

/**
 * The mapping that the same source address and port has already, towards another destination (`find_appropriate_src`):
 * the reason why one socket looks the same to all its peers.
 */
function existingMapping(
  current: Tuple,
  range: NatRange,
  connection: Connection,
  context: NatContext,
): Tuple | undefined {
  const zone = zoneId(connection.zone, ORIGINAL)
  const { source, destination, protocol, sport, dport } = current
  for (const other of context.sessions.bySource(source, sport, protocol, zone)) {
    if (other.expiresAtMs <= context.nowMs) continue
    const { reply } = other
    const mappedPort = isIcmp(protocol) ? reply.sport : reply.dport
    const mapped = new Tuple(reply.destination, destination, protocol, mappedPort, dport)
    if (sourceInRange(mapped, range)) return mapped
  }
  return undefined
}
