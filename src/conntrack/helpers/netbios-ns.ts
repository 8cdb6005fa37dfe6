import { IPPROTO_UDP } from '../../packet/protocols.ts'
import type { ConntrackHelper } from '../context.ts'
import { expectAnswersToBroadcast } from './broadcast.ts'

const PORT = 137
const TIMEOUT_MS = 3_000

/**
 * NetBIOS name service (RFC 1002): a name is asked for by broadcast, and whoever has it answers.
 * After net/netfilter/nf_conntrack_netbios_ns.c, with the module's `timeout` of 3 seconds.
 */
export const netbiosNs: ConntrackHelper = {
  name: 'netbios-ns',
  protocols: [IPPROTO_UDP],
  maxExpected: [1],
  timeoutMs: [TIMEOUT_MS],
  help(skb, _transportOffset, connection, direction, _ctInfo, context) {
    expectAnswersToBroadcast(netbiosNs, PORT, skb, connection, direction, context)
    return 'accept'
  },
}
