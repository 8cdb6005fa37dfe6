/** Replaces a part of a payload by a text of any length: `nf_nat_mangle_tcp_packet` and `…_udp_packet`, net/netfilter/nf_nat_helper.c. */
import { readWord } from '../address.ts'
import type { Connection, Direction } from '../conntrack/connection.ts'
import { foldSum, pseudoHeaderSum, writeIpv4Checksum } from '../packet/checksum.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from '../packet/protocols.ts'
import type { Skb } from '../packet/skb.ts'
import { setSequenceAdjustment } from './sequence-adjust.ts'

const MAX_PACKET = 65535

/**
 * In a TCP segment. A change of length is remembered in the connection (which must be the step's own copy), so that
 * later segments are shifted. The checksum is made anew, even if it was wrong before.
 *
 * @param matchOffset counted from the first byte of the payload
 * @returns false when the packet would get too long
 */
export function mangleTcpPayload(
  skb: Skb,
  connection: Connection,
  direction: Direction,
  matchOffset: number,
  matchLength: number,
  replacement: string,
): boolean {
  const sequence = readWord(skb.bytes, skb.transportOffset + 4)
  if (!replaceTcpPayload(skb, matchOffset, matchLength, replacement)) return false
  setSequenceAdjustment(connection, direction, sequence, replacement.length - matchLength)
  return true
}

/** The same, but nothing is remembered: whoever changes one segment in several places sums up the differences. */
export function replaceTcpPayload(
  skb: Skb,
  matchOffset: number,
  matchLength: number,
  replacement: string,
): boolean {
  const at = skb.transportOffset
  const payload = at + (skb.bytes[at + 12]! >> 4) * 4
  if (!replaceBytes(skb, payload + matchOffset, matchLength, replacement)) return false
  leavePartial(skb, IPPROTO_TCP, at)
  return true
}

/** In a UDP datagram: its length field follows, and its checksum unless it has none. */
export function mangleUdpPayload(
  skb: Skb,
  matchOffset: number,
  matchLength: number,
  replacement: string,
): boolean {
  const at = skb.transportOffset
  if (!replaceBytes(skb, at + 8 + matchOffset, matchLength, replacement)) return false
  const { bytes } = skb
  const length = bytes.length - at
  bytes[at + 4] = length >>> 8
  bytes[at + 5] = length
  if (skb.u16(at + 6) !== 0) leavePartial(skb, IPPROTO_UDP, at)
  return true
}

/**
 * `nf_nat_csum_recalc`: only the pseudo-header's sum is written; the rest is added when the packet leaves on a device.
 * Who receives it locally sees the incomplete one.
 */
function leavePartial(skb: Skb, protocol: number, transportOffset: number): void {
  const { bytes, family } = skb
  const at = transportOffset + (protocol === IPPROTO_TCP ? 16 : 6)
  const sum = foldSum(pseudoHeaderSum(family, bytes, protocol, bytes.length - transportOffset))
  bytes[at] = sum >>> 8
  bytes[at + 1] = sum
  skb.checksumPartial = protocol
}

/** Puts an ASCII text in the place of some bytes and corrects the IP header. */
function replaceBytes(skb: Skb, start: number, length: number, replacement: string): boolean {
  const old = skb.bytes
  const size = old.length - length + replacement.length
  if (size > MAX_PACKET) return false
  const bytes = new Uint8Array(size)
  bytes.set(old.subarray(0, start))
  for (let i = 0; i < replacement.length; i++) bytes[start + i] = replacement.charCodeAt(i)
  bytes.set(old.subarray(start + length), start + replacement.length)
  if (skb.family === 4) {
    bytes[2] = size >>> 8
    bytes[3] = size
    writeIpv4Checksum(bytes)
  } else {
    bytes[4] = (size - 40) >>> 8
    bytes[5] = size - 40
  }
  skb.replace(bytes)
  // it was linearised for this: one piece of the new length
  if (skb.fragmentSizes !== undefined) skb.fragmentSizes = [size]
  return true
}
