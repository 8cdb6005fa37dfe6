/** The call that a PPTP control connection has agreed on: two GRE connections may open it, and it ends with its master. */
import { maskOf } from '../../address.ts'
import { IPPROTO_GRE } from '../../packet/protocols.ts'
import { type Connection, type Direction, ORIGINAL, REPLY, Status } from '../connection.ts'
import type { ConntrackContext, ConntrackHelper } from '../context.ts'
import { killConnection } from '../destroy.ts'
import type { Expectation, NewExpectation } from '../expectations.ts'
import { findConnection } from '../find.ts'
import { invertTuple, Tuple } from '../tuple.ts'
import { unspecified } from './expect.ts'
import { type PptpState, pptpStateOf } from './pptp-state.ts'

const NO_IDS = { pacCallId: 0, pnsCallId: 0 }
const USES_NAT = Status.SRC_NAT | Status.DST_NAT

/**
 * Expects GRE from either side, whoever is first (`exp_gre`), and from now on knows the source key of its packets. All
 * or nothing.
 *
 * @returns the state, in which the client's call id is the same inside and outside where there is no NAT
 */
export function expectCall(
  state: PptpState,
  helper: ConntrackHelper,
  master: Connection,
  context: ConntrackContext,
): PptpState {
  const inside = master.has(USES_NAT) ? state : { ...state, insidePnsCallId: state.pnsCallId }
  const forward = expectationOf(ORIGINAL, inside, helper, master)
  const backward = expectationOf(REPLY, inside, helper, master)
  const { expectations } = context
  const giveUp = (): void => {
    expectations.unexpect(forward.tuple, master)
    expectations.unexpect(backward.tuple, master)
  }
  if (expectations.add(forward, master, context.nowMs) !== 'added') return inside
  if (expectations.add(backward, master, context.nowMs) !== 'added') {
    expectations.unexpect(forward.tuple, master)
    return inside
  }
  const owner = {}
  const known = context.greKeys.add(forward.tuple, master.original, ORIGINAL, owner)
  if (known === undefined) giveUp()
  else {
    const both = known.add(backward.tuple, master.original, REPLY, owner)
    context.greKeys = both ?? known.forget(master.original, owner)
    if (both === undefined) giveUp()
  }
  return inside
}

function expectationOf(
  direction: Direction,
  state: PptpState,
  helper: ConntrackHelper,
  master: Connection,
): NewExpectation {
  const tuple = callTuple(direction, state, master)
  const key = direction === ORIGINAL ? state.pnsCallId : state.insidePnsCallId
  return {
    tuple,
    mask: { source: maskOf(4, 32), sport: 0xffff },
    helper: helper.name,
    maxExpected: helper.maxExpected[0]!,
    timeoutMs: helper.timeoutMs[0]!,
    ...(master.has(USES_NAT) && {
      nat: { savedAddress: unspecified(4), savedPort: key, direction },
    }),
  }
}

/** What packets of the call look like when they come in: with the keys that are known on that side. */
function callTuple(direction: Direction, state: PptpState, master: Connection): Tuple {
  const { source, destination } = master.tuple(direction)
  return direction === ORIGINAL
    ? new Tuple(source, destination, IPPROTO_GRE, state.insidePnsCallId, state.pacCallId)
    : new Tuple(source, destination, IPPROTO_GRE, state.pacCallId, state.pnsCallId)
}

/**
 * One side has opened the call: the other will answer in the same connection and is not expected any more
 * (`pptp_expectfn`). Under NAT the connection is bound as its master is, its keys by the call ids (`pptp_nat_expected`).
 */
export function callExpected(
  connection: Connection,
  expectation: Expectation,
  master: Connection,
  context: ConntrackContext,
): void {
  const { nat: saved } = expectation
  const { expectations, nat } = context
  if (nat === undefined || saved === undefined || !master.has(USES_NAT)) {
    const other = expectations.find(invertTuple(expectation.tuple)!, connection.zone, context.nowMs)
    if (other !== undefined) expectations.remove(other)
    return
  }
  const { direction, savedPort } = saved
  const opposite = direction === ORIGINAL ? REPLY : ORIGINAL
  const { source, destination } = master.tuple(opposite)
  // Where the server is first the kernel looks for ids that it has not got here: the client stays expected.
  const { pacCallId, pnsCallId } = direction === ORIGINAL ? pptpStateOf(master) : NO_IDS
  const there = new Tuple(source, destination, IPPROTO_GRE, pacCallId, pnsCallId)
  const other = expectations.find(there, connection.zone, context.nowMs)
  if (other !== undefined) expectations.remove(other)
  const key = { minPort: savedPort, maxPort: savedPort }
  nat.bindExpected(
    connection,
    { manip: 'source', minAddress: destination, maxAddress: destination, ...(direction === ORIGINAL && key) },
    context,
  )
  nat.bindExpected(
    connection,
    { manip: 'destination', minAddress: source, maxAddress: source, ...(direction === REPLY && key) },
    context,
  )
}

/** The call is over: its GRE connection goes, and what was expected of it (`pptp_destroy_siblings`). */
export function endCall(master: Connection, context: ConntrackContext): void {
  const { pnsCallId, pacCallId } = pptpStateOf(master)
  context.greKeys = context.greKeys.forget(master.original, {})
  const [there, back] = [master.original, master.reply]
  end(new Tuple(there.source, there.destination, IPPROTO_GRE, pnsCallId, pacCallId), master, context)
  end(new Tuple(back.source, back.destination, IPPROTO_GRE, pacCallId, pnsCallId), master, context)
}

function end(call: Tuple, { zone }: Connection, context: ConntrackContext): void {
  const found = findConnection(call, zone, context)
  if (found >= 0) {
    killConnection(context.sessions.get(found >> 1)!, context, 'its PPTP call has ended')
    return
  }
  const expectation = context.expectations.find(call, zone, context.nowMs)
  if (expectation !== undefined) context.expectations.remove(expectation)
}
