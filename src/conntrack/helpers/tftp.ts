import { IPPROTO_UDP } from '../../packet/protocols.ts'
import { REPLY, Status } from '../connection.ts'
import type { ConntrackHelper } from '../context.ts'
import type { NewExpectation } from '../expectations.ts'
import { Tuple } from '../tuple.ts'
import { exactSource, unspecified } from './expect.ts'

const OPCODE_READ = 1
const OPCODE_WRITE = 2

/**
 * TFTP (RFC 1350): the server answers a request from a port of its own choice, to the port that asked.
 * After net/netfilter/nf_conntrack_tftp.c and nf_nat_tftp.c.
 */
export const tftp: ConntrackHelper = {
  name: 'tftp',
  protocols: [IPPROTO_UDP],
  maxExpected: [1],
  timeoutMs: [300_000],
  help(skb, transportOffset, connection, _direction, _ctInfo, context) {
    const at = transportOffset + 8
    if (skb.bytes.length < at + 2) return 'accept'
    const opcode = skb.u16(at)
    if (opcode !== OPCODE_READ && opcode !== OPCODE_WRITE) return 'accept'
    const { source, destination, dport } = connection.reply
    const expectation: NewExpectation = {
      tuple: new Tuple(source, destination, IPPROTO_UDP, 0, dport),
      mask: exactSource(source.family),
      helper: tftp.name,
      maxExpected: tftp.maxExpected[0]!,
      timeoutMs: tftp.timeoutMs[0]!,
    }
    const translated = context.nat !== undefined && connection.has(Status.SRC_NAT | Status.DST_NAT)
    const added = context.expectations.add(
      translated
        ? {
            ...expectation,
            nat: {
              savedAddress: unspecified(source.family),
              savedPort: connection.original.sport,
              direction: REPLY,
            },
            onExpected: 'nat-follow-master',
          }
        : expectation,
      connection,
      context.nowMs,
    )
    return added === 'added' ? 'accept' : 'drop'
  },
}
