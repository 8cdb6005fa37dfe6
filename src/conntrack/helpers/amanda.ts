import { IPPROTO_TCP, IPPROTO_UDP } from '../../packet/protocols.ts'
import { ORIGINAL, Status } from '../connection.ts'
import type { ConntrackHelper } from '../context.ts'
import type { NewExpectation } from '../expectations.ts'
import { refreshConnection } from '../refresh.ts'
import { Tuple } from '../tuple.ts'
import { exactSource, unspecified } from './expect.ts'
import { indexOfText, isDigit } from './payload.ts'

/** The answer may take long: the master lives this long from each of the server's packets. */
const MASTER_TIMEOUT_MS = 300_000
const STREAMS = ['DATA ', 'MESG ', 'INDEX ', 'STATE ']

/**
 * Amanda backups: `CONNECT DATA 1234 MESG 1235 INDEX 1236` of the backed-up machine announces up to four connections
 * to it. After net/netfilter/nf_conntrack_amanda.c and nf_nat_amanda.c.
 */
export const amanda: ConntrackHelper = {
  name: 'amanda',
  protocols: [IPPROTO_UDP],
  maxExpected: [4],
  timeoutMs: [180_000],
  help(skb, transportOffset, connection, direction, _ctInfo, context) {
    if (direction === ORIGINAL) return 'accept'
    refreshConnection(connection, MASTER_TIMEOUT_MS, context.nowMs)
    const data = transportOffset + 8
    let start = indexOfText(skb.bytes, 'CONNECT ', data, skb.bytes.length)
    if (start < 0) return 'accept'
    start += 8
    const stop = skb.bytes.indexOf(10, start)
    if (stop < 0) return 'accept'
    for (const stream of STREAMS) {
      const found = indexOfText(skb.bytes, stream, start, stop)
      if (found < 0) continue
      const offset = found + stream.length
      const { port, length } = readPort(skb.bytes, offset, stop)
      if (port === 0) break
      const make = (port: number): NewExpectation => {
        const { source, destination } = connection.original
        return {
          tuple: new Tuple(source, destination, IPPROTO_TCP, 0, port),
          mask: exactSource(source.family),
          helper: amanda.name,
          maxExpected: amanda.maxExpected[0]!,
          timeoutMs: amanda.timeoutMs[0]!,
        }
      }
      const { nat } = context
      if (nat === undefined || !connection.has(Status.SRC_NAT | Status.DST_NAT)) {
        if (context.expectations.add(make(port), connection, context.nowMs) !== 'added') return 'drop'
        continue
      }
      const expected = {
        savedAddress: unspecified(skb.family),
        savedPort: port,
        direction: ORIGINAL,
      } as const
      const chosen = nat.expectOnFreePort(
        port,
        port => ({ ...make(port), nat: expected, onExpected: 'nat-follow-master' }),
        connection,
        context,
      )
      if (chosen === 0 || !nat.mangleUdpPayload(skb, offset - data, length, `${chosen}`)) return 'drop'
    }
    return 'accept'
  },
}

/** At most five digits before the end of the line. */
function readPort(bytes: Uint8Array, offset: number, stop: number) {
  let port = 0
  let end = offset
  while (end < Math.min(offset + 5, stop) && isDigit(bytes[end])) port = port * 10 + bytes[end++]! - 0x30
  return { port: port & 0xffff, length: end - offset }
}
