import { transportChecksumValid } from '../packet/checksum.ts'
import { Status } from './connection.ts'
import { Change } from './events.ts'
import { type ProtocolTracker, Tracked, type TrackedPacket } from './tracker.ts'

/** A flow that is still active after this long is a stream, not a question and its answer. */
const STREAM_AFTER_MS = 2000

/** `IPS_NAT_CLASH`: an entry that lost a race and shall go away soon. Shares its bit with UNTRACKED. */
const NAT_CLASH = Status.UNTRACKED

/**
 * UDP: no states but "answered" and "stream": 30 s, and 120 s with ASSURED once packets went both ways and the flow is
 * more than two seconds old. After net/netfilter/nf_conntrack_proto_udp.c.
 */
export const UDP_TRACKER: ProtocolTracker = { track: trackUdp, allowsClash: true }

/** UDP-Lite (RFC 3828): UDP's timeouts, but a stream from the first answer on. */
export const UDPLITE_TRACKER: ProtocolTracker = { track: trackUdplite, allowsClash: true }

function trackUdp(packet: TrackedPacket): Tracked {
  const { skb, dataOffset, connection, context } = packet
  const length = skb.bytes.length - dataOffset
  if (length < 8) return packet.invalid('the packet is too short for a UDP header')
  const datagram = skb.u16(dataOffset + 4)
  if (datagram > length || datagram < 8) return packet.invalid('the UDP length is wrong')
  if (packet.verifiesChecksum && skb.u16(dataOffset + 6) !== 0 && !transportChecksumValid(skb))
    return packet.invalid('bad UDP checksum')

  const { udpMs, udpStreamMs } = packet.timeouts
  if (!connection.has(Status.SEEN_REPLY)) {
    packet.refresh(udpMs)
    return Tracked.ACCEPT
  }
  const isStream = context.nowMs > connection.createdAtMs + STREAM_AFTER_MS
  packet.refresh(isStream ? udpStreamMs : udpMs)
  if (isStream && !connection.has(NAT_CLASH)) packet.setAssured(Change.ASSURED)
  return Tracked.ACCEPT
}

function trackUdplite(packet: TrackedPacket): Tracked {
  const { skb, dataOffset, connection } = packet
  const length = skb.bytes.length - dataOffset
  if (length < 8) return packet.invalid('the packet is too short for a UDP-Lite header')
  const coverage = skb.u16(dataOffset + 4)
  if (coverage !== 0 && (coverage < 8 || coverage > length))
    return packet.invalid('the UDP-Lite checksum coverage is wrong')
  if (skb.u16(dataOffset + 6) === 0) return packet.invalid('UDP-Lite without a checksum')
  if (packet.verifiesChecksum && !transportChecksumValid(skb)) return packet.invalid('bad UDP-Lite checksum')

  const { udpMs, udpStreamMs } = packet.timeouts
  if (!connection.has(Status.SEEN_REPLY)) {
    packet.refresh(udpMs)
    return Tracked.ACCEPT
  }
  packet.refresh(udpStreamMs)
  if (!connection.has(NAT_CLASH)) packet.setAssured(Change.ASSURED)
  return Tracked.ACCEPT
}
