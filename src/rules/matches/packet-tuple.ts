import { Tuple } from '../../conntrack/tuple.ts'
import type { Skb } from '../../packet/skb.ts'

/** Protocols whose header begins with two ports: TCP, UDP, DCCP, SCTP, UDPLite. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136])
const ICMP = 1
const ICMP6 = 58

/**
 * `nf_ct_get_tuplepr` for a packet that has no connection: undefined for a later fragment and where the header is cut
 * off. ICMP gives id, type and code.
 */
export function packetTuple(skb: Skb): Tuple | undefined {
  const { source, destination, protocol, transportOffset: at, bytes } = skb
  if (skb.fragmentOffset !== 0 || protocol < 0) return undefined
  if (WITH_PORTS.has(protocol)) {
    if (at + 4 > bytes.length) return undefined
    return new Tuple(source, destination, protocol, skb.u16(at), skb.u16(at + 2))
  }
  if (protocol === ICMP || protocol === ICMP6) {
    if (at + 8 > bytes.length) return undefined
    return new Tuple(source, destination, protocol, skb.u16(at + 4), skb.u16(at))
  }
  return new Tuple(source, destination, protocol, 0, 0)
}
