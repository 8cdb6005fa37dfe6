import { Status } from './connection.ts'
import { Change } from './events.ts'
import { type ProtocolTracker, Tracked, type TrackedPacket } from './tracker.ts'

/** GRE: 30 s, 180 s and ASSURED once it goes both ways. net/netfilter/nf_conntrack_proto_gre.c */
export const GRE_TRACKER: ProtocolTracker = {
  track(packet: TrackedPacket): Tracked {
    const { greMs, greStreamMs } = packet.timeouts
    if (packet.connection.has(Status.SEEN_REPLY)) {
      packet.refresh(greStreamMs)
      packet.setAssured(Change.ASSURED)
    } else packet.refresh(greMs)
    return Tracked.ACCEPT
  },
  allowsClash: true,
}
