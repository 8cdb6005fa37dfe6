import { type ProtocolTracker, Tracked, type TrackedPacket } from './tracker.ts'

/** Echo, timestamp, information and address mask requests. */
const REQUESTS: ReadonlySet<number> = new Set([8, 13, 15, 17])

/**
 * ICMP queries: only a request opens an entry, and answers do not close it (a duplicate may follow).
 * Errors never come here: see icmp-errors.ts. After net/netfilter/nf_conntrack_proto_icmp.c.
 */
export const ICMP_TRACKER: ProtocolTracker = {
  track(packet: TrackedPacket): Tracked {
    if (packet.skb.family !== 4) return packet.invalid('ICMP in IPv6')
    if (!REQUESTS.has(packet.connection.original.dport >>> 8))
      return packet.invalid('this type of ICMP message opens no connection')
    packet.refresh(packet.timeouts.icmpMs)
    return Tracked.ACCEPT
  },
}
