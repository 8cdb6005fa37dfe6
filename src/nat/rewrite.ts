/**
 * The bytes of NAT: one half (source or destination) of an IP header and its transport header made to look like an
 * address and a port (or ICMP id, or GRE call id), as in net/netfilter/nf_nat_proto.c. Works on a whole packet (offset 0) and on the packet that an ICMP error
 * quotes. Checksums are only ever updated by the difference, so a wrong one stays equally wrong.
 */
import { Address, type Family, readWord, writeWord } from '../address.ts'
import {
  CSUM_MANGLED_0,
  patchWord16,
  patchWord32,
  replaceAddress,
  replaceWord32,
  sctpChecksum,
} from '../packet/checksum.ts'
import { findTransport, NEXTHDR_NONE } from '../packet/extension-headers.ts'
import {
  IPPROTO_GRE,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from '../packet/protocols.ts'
import type { Manip } from './manip.ts'

/**
 * Rewrites the IP packet that begins at `offset`. The caller owns `bytes` and refreshes the skb afterwards.
 * @returns false when a header that has to be changed is cut off: the packet is dropped
 */
export function rewritePacket(
  family: Family,
  bytes: Uint8Array,
  offset: number,
  protocol: number,
  manip: Manip,
  address: Address,
  port: number,
): boolean {
  return family === 4
    ? rewriteIpv4(bytes, offset, protocol, manip, address, port)
    : rewriteIpv6(bytes, offset, protocol, manip, address, port)
}

function rewriteIpv4(
  bytes: Uint8Array,
  offset: number,
  protocol: number,
  manip: Manip,
  address: Address,
  port: number,
): boolean {
  if (bytes.length < offset + 20) return false
  const transport = transportAt(4, bytes, offset)
  const addressAt = offset + (manip === 'source' ? 12 : 16)
  if (!rewriteTransport(bytes, addressAt, transport, protocol, manip, address, port)) return false
  patchWord32(bytes, offset + 10, addressAt, address.w0)
  return true
}

function rewriteIpv6(
  bytes: Uint8Array,
  offset: number,
  protocol: number,
  manip: Manip,
  address: Address,
  port: number,
): boolean {
  if (bytes.length < offset + 40) return false
  const addressAt = offset + (manip === 'source' ? 8 : 24)
  const transport = transportAt(6, bytes, offset)
  if (transport >= 0)
    if (!rewriteTransport(bytes, addressAt, transport, protocol, manip, address, port)) return false
  address.write(bytes, addressAt)
  return true
}

/**
 * Where the transport header of the IP packet at `offset` begins; -1 for IPv6 without one (chain cut off, no next header,
 * later fragment).
 */
export function transportAt(family: Family, bytes: Uint8Array, offset: number): number {
  if (family === 4) return offset + (bytes[offset]! & 15) * 4
  const found = findTransport(offset === 0 ? bytes : bytes.subarray(offset))
  const { protocol, fragmentOffset } = found
  return protocol < 0 || protocol === NEXTHDR_NONE || fragmentOffset !== 0 ? -1 : offset + found.offset
}

/** `addressAt` still holds the old address: its difference goes into the checksums with a pseudo-header. */
function rewriteTransport(
  bytes: Uint8Array,
  addressAt: number,
  at: number,
  protocol: number,
  manip: Manip,
  address: Address,
  port: number,
): boolean {
  switch (protocol) {
    case IPPROTO_TCP:
      return rewriteTcp(bytes, addressAt, at, manip, address, port)
    case IPPROTO_UDP:
      return rewriteUdp(bytes, addressAt, at, manip, address, port, readPort(bytes, at + 6) !== 0)
    case IPPROTO_UDPLITE:
      return rewriteUdp(bytes, addressAt, at, manip, address, port, true)
    case IPPROTO_SCTP:
      return rewriteSctp(bytes, at, manip, port)
    case IPPROTO_ICMP:
      return rewriteIcmp(bytes, at, port)
    case IPPROTO_ICMPV6:
      return rewriteIcmpv6(bytes, addressAt, at, address, port)
    case IPPROTO_GRE:
      return rewriteGre(bytes, at, manip, port)
    default:
      return true
  }
}

/** A quote may hold only the first 8 bytes of a TCP header: then the ports change and the checksum is out of reach. */
function rewriteTcp(
  bytes: Uint8Array,
  addressAt: number,
  at: number,
  manip: Manip,
  address: Address,
  port: number,
): boolean {
  if (bytes.length < at + 8) return false
  const portAt = manip === 'source' ? at : at + 2
  if (bytes.length < at + 20) {
    writePort(bytes, portAt, port)
    return true
  }
  updateForAddress(bytes, at + 16, addressAt, address)
  patchWord16(bytes, at + 16, portAt, port)
  return true
}

/** UDP without a checksum keeps none; UDPLite has no such case. A sum that comes out as 0 is written 0xffff. */
function rewriteUdp(
  bytes: Uint8Array,
  addressAt: number,
  at: number,
  manip: Manip,
  address: Address,
  port: number,
  hasChecksum: boolean,
): boolean {
  if (bytes.length < at + 8) return false
  const portAt = manip === 'source' ? at : at + 2
  if (!hasChecksum) {
    writePort(bytes, portAt, port)
    return true
  }
  updateForAddress(bytes, at + 6, addressAt, address)
  patchWord16(bytes, at + 6, portAt, port)
  if (readPort(bytes, at + 6) === 0) writePort(bytes, at + 6, CSUM_MANGLED_0)
  return true
}

/** SCTP's CRC has no pseudo-header and cannot be patched: it is computed anew, over whatever follows. */
function rewriteSctp(bytes: Uint8Array, at: number, manip: Manip, port: number): boolean {
  if (bytes.length < at + 8) return false
  writePort(bytes, manip === 'source' ? at : at + 2, port)
  if (bytes.length < at + 12) return true
  writeWord(bytes, at + 8, sctpChecksum(bytes, at, bytes.length))
  return true
}

/** Only the queries and their answers carry an id; an error has other things in that place. */
function rewriteIcmp(bytes: Uint8Array, at: number, id: number): boolean {
  if (bytes.length < at + 8) return false
  const type = bytes[at]!
  if (type !== 0 && type !== 8 && !(type >= 13 && type <= 18)) return true
  patchWord16(bytes, at + 2, at + 4, id)
  return true
}

function rewriteIcmpv6(
  bytes: Uint8Array,
  addressAt: number,
  at: number,
  address: Address,
  id: number,
): boolean {
  if (bytes.length < at + 8) return false
  updateForAddress(bytes, at + 2, addressAt, address)
  const type = bytes[at]!
  if (type !== 128 && type !== 129) return true
  patchWord16(bytes, at + 2, at + 4, id)
  return true
}

/** Version 1 (PPTP) carries the receiver's call id, so only a destination can be rewritten. */
function rewriteGre(bytes: Uint8Array, at: number, manip: Manip, callId: number): boolean {
  if (bytes.length < at + 8) return false
  if (manip === 'source') return true
  const version = bytes[at + 1]! & 7
  if (version === 1) writePort(bytes, at + 6, callId)
  return version <= 1
}

/** The pseudo-header's share of a change of address: `nf_csum_update`. */
function updateForAddress(bytes: Uint8Array, checksumAt: number, addressAt: number, address: Address): void {
  const checksum = readPort(bytes, checksumAt)
  const updated =
    address.family === 4
      ? replaceWord32(checksum, readWord(bytes, addressAt), address.w0)
      : replaceAddress(checksum, Address.read(6, bytes, addressAt), address)
  writePort(bytes, checksumAt, updated)
}

function readPort(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!
}

function writePort(bytes: Uint8Array, offset: number, port: number): void {
  bytes[offset] = port >>> 8
  bytes[offset + 1] = port
}
