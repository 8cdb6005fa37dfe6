import {
  isExtensionHeader,
  NEXTHDR_AUTH,
  NEXTHDR_FRAGMENT,
  NEXTHDR_NONE,
} from '../packet/extension-headers.ts'
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'

/** What a packet shows nothing of. */
export const NO_PORT = -1

/**
 * Protocol << 16 | port as ipset sees a packet (net/netfilter/ipset/ip_set_getport.c): ports of TCP, UDP, UDPLite and
 * SCTP, type << 8 | code of ICMP, 0 for other protocols. {@link NO_PORT} for a header that is cut off and for later
 * fragments; but IPv4's later fragments of protocols without ports have port 0.
 */
export function portOf(skb: Skb, source: boolean): number {
  return skb.family === 4 ? portIpv4(skb, source) : portIpv6(skb, source)
}

function portIpv4(skb: Skb, source: boolean): number {
  const { protocol } = skb
  if (protocol <= 0) return NO_PORT
  if (skb.fragmentOffset !== 0)
    return isProtocolWithPorts(protocol) || protocol === IPPROTO_ICMP ? NO_PORT : protocol << 16
  return readPort(skb, protocol, skb.transportOffset, source)
}

/** The walk is `ipv6_skip_exthdr`'s. */
function portIpv6(skb: Skb, source: boolean): number {
  const { bytes } = skb
  let protocol = bytes[6]!
  let offset = 40
  while (isExtensionHeader(protocol)) {
    if (protocol === NEXTHDR_NONE || offset + 2 > bytes.length) return NO_PORT
    let length = (bytes[offset + 1]! + 1) * 8
    if (protocol === NEXTHDR_FRAGMENT) {
      if (offset + 4 > bytes.length || (skb.u16(offset + 2) & 0xfff8) !== 0) return NO_PORT
      length = 8
    } else if (protocol === NEXTHDR_AUTH) length = (bytes[offset + 1]! + 2) * 4
    protocol = bytes[offset]!
    offset += length
  }
  return readPort(skb, protocol, offset, source)
}

/** TCP, UDP, UDPLite and SCTP (`ip_set_proto_with_ports`). */
export function isProtocolWithPorts(protocol: number): boolean {
  return (
    protocol === IPPROTO_TCP ||
    protocol === IPPROTO_UDP ||
    protocol === IPPROTO_UDPLITE ||
    protocol === IPPROTO_SCTP
  )
}

/** How much of the header must be there: the kernel asks for the whole of it. */
function headerLength(protocol: number): number {
  if (protocol === IPPROTO_TCP) return 20
  return protocol === IPPROTO_SCTP ? 12 : 8
}

function readPort(skb: Skb, protocol: number, offset: number, source: boolean): number {
  const isIcmp = protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6
  if (!isIcmp && !isProtocolWithPorts(protocol)) return protocol << 16
  if (offset + headerLength(protocol) > skb.length) return NO_PORT
  return (protocol << 16) | skb.u16(isIcmp || source ? offset : offset + 2)
}
