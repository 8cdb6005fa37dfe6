import type { ConntrackNat } from '../conntrack/context.ts'
import { bind } from './bind.ts'
import type { NatContext } from './context.ts'
import { expectOnFreePort, followMaster } from './expected.ts'
import { mangleTcpPayload, mangleUdpPayload } from './mangle-payload.ts'
import { adjustSequences } from './sequence-adjust.ts'

/** What connection tracking and its helpers ask of NAT: the `nat` of every `ConntrackContext`. */
export const CONNTRACK_NAT: ConntrackNat = {
  expected: followMaster,
  bindExpected(connection, range, context: NatContext) {
    bind(connection, range, range.manip, context)
  },
  adjustSequences,
  expectOnFreePort,
  mangleTcpPayload,
  mangleUdpPayload,
}
