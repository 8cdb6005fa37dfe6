import type { Skb } from '../../packet/skb.ts'
import { type Connection, type Direction, ORIGINAL } from '../connection.ts'
import type { ConntrackContext, ConntrackHelper } from '../context.ts'
import { ExpectFlags } from '../expectations.ts'
import { refreshConnection } from '../refresh.ts'
import { Tuple } from '../tuple.ts'

/**
 * What the box itself asks a whole network, anybody in that network may answer, and more than one:
 * `nf_conntrack_broadcast_help` of net/netfilter/nf_conntrack_broadcast.c. The network is that of the device's primary
 * address that has the packet's destination as its broadcast address (`ip address add … brd`); without such an address
 * nothing is expected. The question and its answers are waited for as long as each other.
 *
 * @param port where answers come from
 */
export function expectAnswersToBroadcast(
  helper: ConntrackHelper,
  port: number,
  skb: Skb,
  connection: Connection,
  direction: Direction,
  context: ConntrackContext,
): void {
  if (!skb.isLocal || skb.routeType !== 'broadcast' || direction !== ORIGINAL) return
  const mask = context.broadcastMask?.(skb.outDevice, skb.destination)
  if (mask === undefined) return
  const { source, destination, dport } = connection.reply
  const timeoutMs = helper.timeoutMs[0]!
  context.expectations.add(
    {
      tuple: new Tuple(source, destination, connection.original.protocol, port, dport),
      mask: { source: mask, sport: 0xffff },
      flags: ExpectFlags.PERMANENT,
      helper: helper.name,
      maxExpected: helper.maxExpected[0]!,
      timeoutMs,
    },
    connection,
    context.nowMs,
  )
  refreshConnection(connection, timeoutMs, context.nowMs)
}
