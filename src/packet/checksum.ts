import { type Address, type Family, readWord } from '../address.ts'
import { crc32c } from './crc32c.ts'
import {
  IPPROTO_DCCP,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from './protocols.ts'
import { ChecksumState, type Skb } from './skb.ts'

/**
 * The Internet checksum (RFC 1071) as the kernel computes and, when an address or port changes, patches it.
 *
 * A *sum* is an unfolded one's complement sum: a number >= 0 that only its value modulo 0xffff, and whether it is 0,
 * say something about. A *checksum* is what stands in a header: the folded sum's complement.
 */

/** The value UDP sends for a computed checksum of 0, since 0 means "none" (`CSUM_MANGLED_0`). */
export const CSUM_MANGLED_0 = 0xffff

/** Adds the bytes [start, end) as big-endian 16-bit words to `initial`; an odd last byte is padded with 0. */
function internetSum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  let sum = initial
  const even = start + ((end - start) & ~1)
  for (let i = start; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!
  if (even < end) sum += bytes[even]! << 8
  return sum
}

/** A sum in 16 bits; 0 only for a sum of zeros, as `csum_fold` has it. */
export function foldSum(sum: number): number {
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000)
  return sum
}

/**
 * The Internet checksum of [start, end): 0 over bytes that contain their own right checksum.
 *
 * @param initial a sum to add, e.g. a {@link pseudoHeaderSum}
 */
export function internetChecksum(bytes: Uint8Array, start: number, end: number, initial = 0): number {
  return ~foldSum(internetSum(bytes, start, end, initial)) & 0xffff
}

/** The sum of the pseudo-header, read from a packet (RFC 9293 3.1, RFC 8200 8.1). `length`: transport header and data. */
export function pseudoHeaderSum(
  family: Family,
  packet: Uint8Array,
  protocol: number,
  length: number,
): number {
  const sum = protocol + (length >>> 16) + (length & 0xffff)
  return family === 4 ? internetSum(packet, 12, 20, sum) : internetSum(packet, 8, 40, sum)
}

/** The same from two addresses. */
export function pseudoHeaderSumOf(
  source: Address,
  destination: Address,
  protocol: number,
  length: number,
): number {
  const sum = protocol + (length >>> 16) + (length & 0xffff)
  return addressSum(source) + addressSum(destination) + sum
}

function addressSum(address: Address): number {
  const { w0, w1, w2, w3 } = address
  return halves(w0) + halves(w1) + halves(w2) + halves(w3)
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff)
}

/** Sets an IPv4 header's checksum (`ip_send_check`). */
export function writeIpv4Checksum(bytes: Uint8Array): void {
  bytes[10] = 0
  bytes[11] = 0
  write16(bytes, 10, internetChecksum(bytes, 0, Math.min((bytes[0]! & 15) * 4, bytes.length)))
}

/** Where the checksum stands in the transport header, or -1 for a protocol that has none of this kind. */
function checksumFieldOffset(family: Family, protocol: number): number {
  if (protocol === IPPROTO_TCP) return 16
  if (protocol === IPPROTO_UDP || protocol === IPPROTO_UDPLITE || protocol === IPPROTO_DCCP) return 6
  return protocol === (family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ? 2 : -1
}

/**
 * What the checksum field of a packet's transport header ought to hold, whatever it holds now; 0xffff instead of 0 for
 * UDP and UDP-Lite. Undefined if the protocol has no such field ({@link sctpChecksum} is SCTP's), or it is cut off.
 *
 * @param offset where the transport header begins
 * @param end where the datagram ends
 */
export function transportChecksum(
  bytes: Uint8Array,
  family: Family,
  protocol: number,
  offset: number,
  end: number = bytes.length,
): number | undefined {
  const field = checksumFieldOffset(family, protocol)
  if (field < 0 || offset + field + 2 > end) return undefined
  const covered = protocol === IPPROTO_UDPLITE ? udpliteCoverage(bytes, offset, end) : end - offset
  const pseudo = protocol === IPPROTO_ICMP ? 0 : pseudoHeaderSum(family, bytes, protocol, end - offset)
  const before = internetSum(bytes, offset, offset + field, pseudo)
  const checksum = internetChecksum(bytes, offset + field + 2, offset + covered, before)
  return checksum === 0 && (protocol === IPPROTO_UDP || protocol === IPPROTO_UDPLITE)
    ? CSUM_MANGLED_0
    : checksum
}

/** A coverage of 0 or out of range means everything. */
function udpliteCoverage(bytes: Uint8Array, offset: number, end: number): number {
  const coverage = (bytes[offset + 4]! << 8) | bytes[offset + 5]!
  return coverage < 8 || coverage > end - offset ? end - offset : coverage
}

/**
 * Computes and writes the transport checksum of a packet that the kernel sends with `CHECKSUM_PARTIAL`: what
 * `skb_checksum_help` does when it leaves. A result of 0 becomes 0xffff for every protocol. SCTP gets its CRC.
 */
export function writeTransportChecksum(
  bytes: Uint8Array,
  family: Family,
  protocol: number,
  offset: number,
): void {
  if (protocol === IPPROTO_SCTP) {
    if (offset + 12 > bytes.length) return
    const crc = sctpChecksum(bytes, offset, bytes.length)
    write16(bytes, offset + 8, crc >>> 16)
    write16(bytes, offset + 10, crc & 0xffff)
    return
  }
  const checksum = transportChecksum(bytes, family, protocol, offset)
  if (checksum === undefined) return
  write16(bytes, offset + checksumFieldOffset(family, protocol), checksum === 0 ? CSUM_MANGLED_0 : checksum)
}

/** What stands in TCP's checksum field until the packet leaves by a device: CHECKSUM_PARTIAL. */
export function writePartialChecksum(bytes: Uint8Array, family: Family, offset: number): void {
  write16(bytes, offset + 16, foldSum(pseudoHeaderSum(family, bytes, IPPROTO_TCP, bytes.length - offset)))
}

/** SCTP's CRC32c with its own field taken as 0 (RFC 9260 appendix A), as the 32 bits read from the wire. */
export function sctpChecksum(bytes: Uint8Array, start: number, end: number): number {
  const zero = new Uint8Array(4)
  const crc = crc32c(bytes, start + 12, end, crc32c(zero, 0, 4, crc32c(bytes, start, start + 8)))
  return (((crc & 0xff) << 24) | ((crc & 0xff00) << 8) | ((crc >>> 8) & 0xff00) | (crc >>> 24)) >>> 0
}

/**
 * Whether `nf_ip_checksum` or `nf_ip6_checksum` (net/netfilter/utils.c) would return 0. It sums *everything* behind the
 * IP header, whatever the transport header says about its length. IPv4 takes a pseudo-header for TCP and UDP only, so
 * for an unknown protocol it asks that the payload sums to 0: REJECT really does that.
 *
 * The sum is kept (`__skb_checksum_complete`). A right one is still right for whoever asks next, though options or an
 * address may have changed since without their checksum (TCPOPTSTRIP, SNPT and DNPT); behind INPUT nobody looks at it
 * again, be it right or wrong, which shows in copies made by TEE.
 */
export function netfilterChecksumValid(skb: Skb, hook: string, protocol: number = skb.protocol): boolean {
  if (skb.checksumState === ChecksumState.UNNECESSARY) return true
  if (skb.checksumState === ChecksumState.SUMMED) {
    if (hook !== 'PREROUTING' && hook !== 'INPUT') return true
    if (skb.checksumWasRight) {
      skb.checksumState = ChecksumState.UNNECESSARY
      return true
    }
  }
  skb.checksumState = ChecksumState.SUMMED
  skb.checksumWasRight = sumsToZero(skb, protocol)
  return skb.checksumWasRight
}

function sumsToZero({ bytes, family, transportOffset }: Skb, protocol: number): boolean {
  const length = bytes.length - transportOffset
  if (family === 4) {
    const hasPseudo = protocol === IPPROTO_TCP || protocol === IPPROTO_UDP
    const pseudo = hasPseudo ? pseudoHeaderSum(4, bytes, protocol, length) : 0
    return internetChecksum(bytes, 0, bytes.length, pseudo) === 0
  }
  return (
    internetChecksum(bytes, transportOffset, bytes.length, pseudoHeaderSum(6, bytes, protocol, length)) === 0
  )
}

/**
 * Whether the transport checksum lets conntrack take the packet (`nf_conntrack_checksum`, only asked in PREROUTING):
 * TCP, UDP (0 is "none", in IPv6 too), ICMP and ICMPv6 by {@link netfilterChecksumValid}, UDP-Lite over its coverage,
 * SCTP by CRC32c. Anything else is valid. A header too short to hold the checksum is invalid.
 */
export function transportChecksumValid(skb: Skb): boolean {
  if (skb.checksumState === ChecksumState.UNNECESSARY) return true
  const { bytes, family, protocol, transportOffset: offset } = skb
  if (protocol === IPPROTO_SCTP) {
    return offset + 12 <= bytes.length && skb.u32(offset + 8) === sctpChecksum(bytes, offset, bytes.length)
  }
  const field = checksumFieldOffset(family, protocol)
  if (field < 0 || protocol === IPPROTO_DCCP) return true
  if (offset + field + 2 > bytes.length) return false
  if (protocol === IPPROTO_UDPLITE) return udpliteChecksumValid(skb)
  if (protocol === IPPROTO_UDP && skb.u16(offset + 6) === 0) return true
  return netfilterChecksumValid(skb, 'PREROUTING')
}

/**
 * `udplite_error` and `nf_checksum_partial`: a checksum of 0 or a coverage out of range is wrong. The kernel checks
 * with UDP's protocol number in the pseudo-header, and (IPv4) with only the low byte of the length.
 */
function udpliteChecksumValid(skb: Skb): boolean {
  const { bytes, family, transportOffset: offset } = skb
  const length = bytes.length - offset
  const coverage = skb.u16(offset + 4) || length
  if (coverage < 8 || coverage > length || skb.u16(offset + 6) === 0) return false
  const pseudoLength = family === 4 ? length & 0xff : length
  const pseudo = pseudoHeaderSum(family, bytes, IPPROTO_UDP, pseudoLength)
  return internetChecksum(bytes, family === 4 ? 0 : offset, offset + coverage, pseudo) === 0
}

/** `csum_replace2`: the checksum after a 16-bit word changed. A wrong checksum stays wrong by as much. */
export function replaceWord16(checksum: number, from: number, to: number): number {
  return ~add16(add16(~checksum & 0xffff, ~from & 0xffff), to) & 0xffff
}

function add16(a: number, b: number): number {
  const sum = a + b
  return (sum + (sum >>> 16)) & 0xffff
}

/** `csum_replace4`, and `inet_proto_csum_replace4`/`2` on a packet with its checksum done. Never gives 0xffff. */
export function replaceWord32(checksum: number, from: number, to: number): number {
  return ~foldSum(0xffff + (~checksum & 0xffff) + halves(~from) + halves(to)) & 0xffff
}

/** `inet_proto_csum_replace16` for two addresses of IPv6, {@link replaceWord32} for two of IPv4. */
export function replaceAddress(checksum: number, from: Address, to: Address): number {
  if (from.family === 4) return replaceWord32(checksum, from.w0, to.w0)
  const removed = halves(~from.w0) + halves(~from.w1) + halves(~from.w2) + halves(~from.w3)
  return ~foldSum(0xffff + (~checksum & 0xffff) + removed + addressSum(to)) & 0xffff
}

/** Patches the 16 bits of a packet at `offset` and the checksum at `checksumAt` that covers them. */
export function patchWord16(bytes: Uint8Array, checksumAt: number, offset: number, to: number): void {
  const from = (bytes[offset]! << 8) | bytes[offset + 1]!
  write16(bytes, checksumAt, replaceWord32((bytes[checksumAt]! << 8) | bytes[checksumAt + 1]!, from, to))
  write16(bytes, offset, to)
}

/** The same for 32 bits, e.g. an IPv4 address or a sequence number. */
export function patchWord32(bytes: Uint8Array, checksumAt: number, offset: number, to: number): void {
  const from = readWord(bytes, offset)
  write16(bytes, checksumAt, replaceWord32((bytes[checksumAt]! << 8) | bytes[checksumAt + 1]!, from, to))
  write16(bytes, offset, to >>> 16)
  write16(bytes, offset + 2, to & 0xffff)
}

function write16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8
  bytes[offset + 1] = value
}
