/** What the port dimension reads from a packet: net/netfilter/ipset/ip_set_getport.c. */
import { skipExtensionHeaders } from '../ip/skip-headers.ts'
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import type { ElementKey } from './element.ts'

/** Protocols whose port counts (`ip_set_proto_with_ports`). */
export function hasPorts(protocol: number): boolean {
  return (
    protocol === IPPROTO_TCP ||
    protocol === IPPROTO_UDP ||
    protocol === IPPROTO_SCTP ||
    protocol === IPPROTO_UDPLITE
  )
}

/**
 * Writes protocol and port (ICMP: type and code; others: 0) into the key.
 *
 * @returns false for later fragments and headers that are cut off: then the packet is in no such set
 */
export function readPort(key: ElementKey, skb: Skb, isSource: boolean): boolean {
  let { protocol, transportOffset: offset } = skb
  if (skb.family === 4) {
    if (protocol === 0) return false
    if (skb.fragmentOffset !== 0) {
      key.protocol = protocol
      key.port = 0
      return !hasPorts(protocol) && protocol !== IPPROTO_ICMP
    }
  } else {
    const end = skipExtensionHeaders(skb.bytes)
    if (end === undefined || skb.fragmentOffset !== 0) return false
    protocol = end.protocol
    offset = end.offset
  }
  key.protocol = protocol
  key.port = 0
  const needed = headerBytes(protocol)
  if (needed === 0) return true
  if (skb.bytes.length < offset + needed) return false
  const isIcmp = protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6
  key.port = skb.u16(isIcmp || isSource ? offset : offset + 2)
  return true
}

/** How much of the header must be there before the kernel looks at it. */
function headerBytes(protocol: number): number {
  switch (protocol) {
    case IPPROTO_TCP:
      return 20
    case IPPROTO_SCTP:
      return 12
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return 8
    default:
      return 0
  }
}
