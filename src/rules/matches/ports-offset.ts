import { NEXTHDR_NONE } from '../../packet/extension-headers.ts'
import type { Skb } from '../../packet/skb.ts'

/** TCP, UDP, DCCP, ESP, SCTP, UDPLite begin with what counts as ports. */
export const AT_ONCE: ReadonlySet<number> = new Set([6, 17, 33, 50, 132, 136])
const AH = 51

/**
 * Where a packet has what the kernel's `proto_ports_offset` calls ports: -1 for a protocol without, undefined for a
 * packet that ends before them. In IPv4 nobody looks whether it is a later fragment.
 */
export function portsOffset(skb: Skb): number | undefined {
  if (skb.family === 6) {
    // ipv6_skip_exthdr stops at a later fragment's header, and has no answer for "no next header"
    if (skb.fragmentOffset !== 0) return -1
    if (skb.protocol < 0 || skb.protocol === NEXTHDR_NONE) return undefined
  }
  const extra = AT_ONCE.has(skb.protocol) ? 0 : skb.protocol === AH ? 4 : -1
  if (extra < 0) return -1
  const offset = skb.transportOffset + extra
  return offset + 4 <= skb.bytes.length ? offset : undefined
}
