import { Status } from './connection.ts'
import { type ProtocolTracker, Tracked, type TrackedPacket } from './tracker.ts'

const ECHO_REQUEST = 128
const NODE_INFORMATION_QUERY = 139

/** ICMPv6 queries, like ICMP's. After net/netfilter/nf_conntrack_proto_icmpv6.c. */
export const ICMPV6_TRACKER: ProtocolTracker = {
  track(packet: TrackedPacket): Tracked {
    const { connection } = packet
    if (packet.skb.family !== 6) return packet.invalid('ICMPv6 in IPv4')
    const type = connection.original.dport >>> 8
    if (!connection.has(Status.CONFIRMED) && type !== ECHO_REQUEST && type !== NODE_INFORMATION_QUERY)
      return packet.invalid('this type of ICMPv6 message opens no connection')
    packet.refresh(packet.timeouts.icmpv6Ms)
    return Tracked.ACCEPT
  },
}
