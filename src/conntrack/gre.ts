import { GreTracking, Status } from './connection.ts'
import { Change } from './events.ts'
import { type ProtocolTracker, Tracked, type TrackedPacket } from './tracker.ts'

/** GRE: 30 s, 180 s and ASSURED once it goes both ways, PPTP's calls too. net/netfilter/nf_conntrack_proto_gre.c */
export const GRE_TRACKER: ProtocolTracker = {
  track(packet: TrackedPacket): Tracked {
    const { connection, timeouts } = packet
    if (!connection.has(Status.CONFIRMED))
      connection.protocolState = new GreTracking(timeouts.greMs, timeouts.greStreamMs)
    const { timeoutMs, streamTimeoutMs } = connection.protocolState as GreTracking
    if (connection.has(Status.SEEN_REPLY)) {
      packet.refresh(streamTimeoutMs)
      packet.setAssured(Change.ASSURED)
    } else packet.refresh(timeoutMs)
    return Tracked.ACCEPT
  },
  allowsClash: true,
}
