/** NAT for connections that a helper announced: net/netfilter/nf_nat_helper.c. */
import type { Address } from '../address.ts'
import { type Connection, ORIGINAL } from '../conntrack/connection.ts'
import type { ConntrackContext } from '../conntrack/context.ts'
import type { Expectation, NewExpectation } from '../conntrack/expectations.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import { bind } from './bind.ts'
import type { NatContext } from './context.ts'
import type { Manip } from './manip.ts'

const MAX_ATTEMPTS = 128
/** The class of SIP's expectations that are not media (`SIP_EXPECT_SIGNALLING`). */
const SIGNALLING = 0

type ExpectedNat = NonNullable<Expectation['nat']>

/** Binds a connection that has just been created by an expectation, as its helper wants it. No rule is consulted. */
export function bindAsExpected(connection: Connection, expectation: Expectation, context: NatContext): void {
  const { nat, onExpected } = expectation
  const master = context.sessions.get(expectation.masterId)
  if (nat === undefined || master === undefined) return
  if (onExpected === 'sip') bindCall(connection, expectation, nat, master, context)
  else followMaster(connection, nat, master, context)
}

/**
 * Both halves follow the master: the connection comes from where the master's packets go to, and goes to where the
 * helper saw the listener (`nf_nat_follow_master`).
 */
function followMaster(
  connection: Connection,
  nat: ExpectedNat,
  master: Connection,
  context: NatContext,
): void {
  const opposite: Tuple = nat.direction === ORIGINAL ? master.reply : master.original
  bindTo(connection, 'source', opposite.destination, undefined, context)
  bindTo(connection, 'destination', opposite.source, nat.savedPort, context)
}

/**
 * Signalling and media of SIP go to what was announced (`nf_nat_sip_expected` of net/netfilter/nf_nat_sip.c). Media that
 * come from where other media are expected, shall seem to come from where these are expected from outside; else what
 * comes from the master's own speaker is hidden as the master is.
 */
function bindCall(
  connection: Connection,
  { class: class_ }: Expectation,
  { savedAddress, savedPort, direction }: ExpectedNat,
  master: Connection,
  context: NatContext,
): void {
  const { source, sport, protocol } = connection.original
  bindTo(connection, 'destination', savedAddress, savedPort, context)
  const pair =
    class_ === SIGNALLING
      ? undefined
      : context.expectations
          .of(master)
          .find(
            ({ tuple, nat }) =>
              tuple.protocol === protocol && nat?.savedPort === sport && nat.savedAddress.equals(source),
          )
  if (pair !== undefined) bindTo(connection, 'source', pair.tuple.destination, pair.tuple.dport, context)
  else if (source.equals(master.tuple(direction).source)) {
    const { destination } = direction === ORIGINAL ? master.reply : master.original
    bindTo(connection, 'source', destination, undefined, context)
  }
}

function bindTo(
  connection: Connection,
  manip: Manip,
  address: Address,
  port: number | undefined,
  context: NatContext,
): void {
  const ports = port !== undefined && { minPort: port, maxPort: port }
  bind(connection, { manip, minAddress: address, maxAddress: address, ...ports }, manip, context)
}

/**
 * Announces a connection on the wanted port, or else on a higher one that no other expectation has
 * (`nf_nat_exp_find_port`).
 *
 * @param make the expectation for a port
 * @returns the port, or 0 when none was free
 */
export function expectOnFreePort(
  wanted: number,
  make: (port: number) => NewExpectation,
  master: Connection,
  context: ConntrackContext,
): number {
  let attempts = Math.min(0xffff - wanted, MAX_ATTEMPTS)
  // The kernel goes on at random from here; the next port up is as good and repeatable.
  for (let port = wanted; ; port++) {
    const result = context.expectations.add(make(port), master, context.nowMs)
    if (result === 'added') return port
    if (result !== 'clash' || --attempts < 0) return 0
  }
}
