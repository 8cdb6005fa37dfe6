import { type ProtocolTracker, Tracked, type TrackedPacket } from './tracker.ts'

/** Protocols nobody knows more about (ESP, IGMP, …): two addresses and a timer. net/netfilter/nf_conntrack_proto_generic.c */
export const GENERIC_TRACKER: ProtocolTracker = {
  track(packet: TrackedPacket): Tracked {
    packet.refresh(packet.timeouts.genericMs)
    return Tracked.ACCEPT
  },
}
