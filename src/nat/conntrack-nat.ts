import type { ConntrackNat } from '../conntrack/context.ts'
import { bind } from './bind.ts'
import type { NatContext } from './context.ts'
import { bindAsExpected, expectOnFreePort } from './expected.ts'
import { mangleTcpPayload, mangleUdpPayload, replaceTcpPayload } from './mangle-payload.ts'
import { adjustSequences, setSequenceAdjustment } from './sequence-adjust.ts'

/** What connection tracking and its helpers ask of NAT: the `nat` of every `ConntrackContext`. */
export const CONNTRACK_NAT: ConntrackNat = {
  expected: bindAsExpected,
  bindExpected(connection, range, context: NatContext) {
    bind(connection, range, range.manip, context)
  },
  adjustSequences,
  expectOnFreePort,
  mangleTcpPayload,
  replaceTcpPayload,
  shiftSequences: setSequenceAdjustment,
  mangleUdpPayload,
}
