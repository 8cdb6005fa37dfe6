import { readWord } from '../../address.ts'
import { IPPROTO_TCP } from '../../packet/protocols.ts'
import { CtInfo, ORIGINAL } from '../connection.ts'
import type { ConntrackHelper } from '../context.ts'
import { Tuple } from '../tuple.ts'
import { exactSource } from './expect.ts'
import { tcpPayload } from './payload.ts'

const NET_START = 7
/** `struct sane_request`: the code and a handle. */
const REQUEST_LENGTH = 8

/** Is the next answer of the server one to SANE_NET_START? */
type SaneState = 'start-requested' | undefined

/**
 * SANE network scanning: the answer to SANE_NET_START names the port from which the image can be fetched.
 * After net/netfilter/nf_conntrack_sane.c; the kernel has no NAT part for it.
 */
export const sane: ConntrackHelper = {
  name: 'sane',
  protocols: [IPPROTO_TCP],
  maxExpected: [1],
  timeoutMs: [300_000],
  help(skb, transportOffset, connection, direction, ctInfo, context) {
    if (ctInfo !== CtInfo.ESTABLISHED && ctInfo !== CtInfo.ESTABLISHED_REPLY) return 'accept'
    const at = tcpPayload(skb.bytes, transportOffset)
    if (at < 0) return 'accept'
    const length = skb.bytes.length - at
    if (direction === ORIGINAL) {
      // a longer or shorter one is not looked at and changes nothing
      if (length !== REQUEST_LENGTH) return 'accept'
      const requested: SaneState = readWord(skb.bytes, at) === NET_START ? 'start-requested' : undefined
      connection.helperState = requested
      return 'accept'
    }
    if (connection.helperState !== ('start-requested' satisfies SaneState)) return 'accept'
    connection.helperState = undefined
    if (length < 8 || readWord(skb.bytes, at) !== 0 || skb.u16(at + 4) !== 0) return 'accept'
    const { source, destination } = connection.original
    const added = context.expectations.add(
      {
        tuple: new Tuple(source, destination, IPPROTO_TCP, 0, skb.u16(at + 6)),
        mask: exactSource(source.family),
        helper: sane.name,
        maxExpected: sane.maxExpected[0]!,
        timeoutMs: sane.timeoutMs[0]!,
      },
      connection,
      context.nowMs,
    )
    return added === 'added' ? 'accept' : 'drop'
  },
}
