/** From bytes to tuples: `get_l4proto` and `nf_ct_get_tuple` of net/netfilter/nf_conntrack_core.c. */
import { Address, type Family } from '../address.ts'
import {
  isExtensionHeader,
  NEXTHDR_AUTH,
  NEXTHDR_FRAGMENT,
  NEXTHDR_NONE,
} from '../packet/extension-headers.ts'
import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import type { GreKeys } from './gre-keys.ts'
import { Tuple } from './tuple.ts'

/**
 * Where the transport header of the IP packet at `start` begins, and of which protocol it is, as
 * `offset << 8 | protocol`. −1 when there is none to be tracked: a later fragment, an IPv6 packet whose extension
 * headers are cut off or end in "no next header".
 */
export function transportAt(family: Family, bytes: Uint8Array, start: number): number {
  return family === 4 ? ipv4Transport(bytes, start) : ipv6Transport(bytes, start)
}

function ipv4Transport(bytes: Uint8Array, start: number): number {
  if (start + 20 > bytes.length) return -1
  // Whole packets only get here, but what ICMP errors quote may be a fragment.
  if ((bytes[start + 6]! & 0x1f) !== 0 || bytes[start + 7] !== 0) return -1
  const offset = start + (bytes[start]! & 15) * 4
  return offset > bytes.length ? -1 : (offset << 8) | bytes[start + 9]!
}

/** `ipv6_skip_exthdr`; what follows a later fragment's header is data and not tracked. */
function ipv6Transport(bytes: Uint8Array, start: number): number {
  if (start + 40 > bytes.length) return -1
  let protocol = bytes[start + 6]!
  let offset = start + 40
  while (isExtensionHeader(protocol)) {
    if (protocol === NEXTHDR_NONE || offset + 2 > bytes.length) return -1
    let length = (bytes[offset + 1]! + 1) * 8
    if (protocol === NEXTHDR_FRAGMENT) {
      if (offset + 4 > bytes.length) return -1
      if (bytes[offset + 2] !== 0 || (bytes[offset + 3]! & 0xf8) !== 0) return -1
      length = 8
    } else if (protocol === NEXTHDR_AUTH) length = (bytes[offset + 1]! + 2) * 4
    protocol = bytes[offset]!
    offset += length
  }
  return (offset << 8) | protocol
}

/**
 * The tuple of the IP packet at `start`. Undefined when the part of its transport header that belongs to the tuple is
 * cut off.
 *
 * @param greKeys where the source keys of PPTP's data packets are known from; without, they are 0
 */
export function tupleAt(
  family: Family,
  bytes: Uint8Array,
  start: number,
  protocol: number,
  offset: number,
  greKeys?: GreKeys,
): Tuple | undefined {
  const addresses = start + (family === 4 ? 12 : 8)
  const source = Address.read(family, bytes, addresses)
  const destination = Address.read(family, bytes, addresses + (family === 4 ? 4 : 16))
  return tupleOf(source, destination, bytes, protocol, offset, greKeys)
}

/** The same for addresses that were read already. */
export function tupleOf(
  source: Address,
  destination: Address,
  bytes: Uint8Array,
  protocol: number,
  offset: number,
  greKeys?: GreKeys,
): Tuple | undefined {
  switch (protocol) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_SCTP:
      if (offset + 4 > bytes.length) return undefined
      return new Tuple(source, destination, protocol, u16(bytes, offset), u16(bytes, offset + 2))
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      if (offset + 8 > bytes.length) return undefined
      return new Tuple(source, destination, protocol, u16(bytes, offset + 4), u16(bytes, offset))
    case IPPROTO_GRE:
      return greTuple(source, destination, bytes, offset, greKeys)
    default:
      return new Tuple(source, destination, protocol, 0, 0)
  }
}

const GRE_VERSION_PPTP = 1
const GRE_PROTOCOL_PPP = 0x880b

/** Only PPTP's GRE has call ids; the sender's is known from the control connection alone, else it stays 0. */
function greTuple(
  source: Address,
  destination: Address,
  bytes: Uint8Array,
  offset: number,
  keys: GreKeys | undefined,
): Tuple | undefined {
  if (offset + 4 > bytes.length || (bytes[offset + 1]! & 7) !== GRE_VERSION_PPTP || offset + 8 > bytes.length)
    return new Tuple(source, destination, IPPROTO_GRE, 0, 0)
  if (u16(bytes, offset + 2) !== GRE_PROTOCOL_PPP) return undefined
  const shown = new Tuple(source, destination, IPPROTO_GRE, 0, u16(bytes, offset + 6))
  return keys === undefined ? shown : keys.complete(shown)
}

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!
}
