/** NAT for connections that a helper announced: net/netfilter/nf_nat_helper.c. */
import type { Connection } from '../conntrack/connection.ts'
import type { ConntrackContext } from '../conntrack/context.ts'
import type { Expectation, NewExpectation } from '../conntrack/expectations.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import { bind } from './bind.ts'
import type { NatContext } from './context.ts'

const MAX_ATTEMPTS = 128

/**
 * Binds both halves of a connection that has just been created by an expectation, so that it follows its master:
 * it comes from where the master's packets go to, and goes to where the helper saw the listener
 * (`nf_nat_follow_master`). No rule is consulted.
 */
export function followMaster(connection: Connection, expectation: Expectation, context: NatContext): void {
  const { nat } = expectation
  const master = context.sessions.get(expectation.masterId)
  if (nat === undefined || master === undefined) return
  const opposite: Tuple = nat.direction === 0 ? master.reply : master.original
  bind(
    connection,
    { manip: 'source', minAddress: opposite.destination, maxAddress: opposite.destination },
    'source',
    context,
  )
  bind(
    connection,
    {
      manip: 'destination',
      minAddress: opposite.source,
      maxAddress: opposite.source,
      minPort: nat.savedPort,
      maxPort: nat.savedPort,
    },
    'destination',
    context,
  )
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
