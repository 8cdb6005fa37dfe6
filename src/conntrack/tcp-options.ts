import type { TcpPeer } from './connection.ts'
import { after } from './sequence.ts'

/** `IP_CT_TCP_FLAG_*` of a `TcpPeer`, and the two of `TcpTracking.lastFlags`. */
export const TcpFlag = {
  WINDOW_SCALE: 0x01,
  SACK_PERMITTED: 0x02,
  /** This side sent the first FIN. */
  CLOSE_INIT: 0x04,
  /** Windows are not checked: the connection was picked up in the middle. */
  BE_LIBERAL: 0x08,
  DATA_UNACKNOWLEDGED: 0x10,
  MAX_ACK_SET: 0x20,
  /** A SYN was ignored in LAST_ACK: an ACK that follows may be a challenge (RFC 5961). */
  EXPECT_CHALLENGE_ACK: 0x40,
  SIMULTANEOUS_OPEN: 0x80,
} as const

const END = 0
const NOP = 1
const WINDOW = 3
const SACK_PERMITTED = 4
const SACK = 5
const MAX_WINDOW_SCALE = 14

/**
 * What a SYN or SYN/ACK offers: window scaling and SACK. Without any options nothing is changed, as in the kernel.
 * @param start where the options begin, just behind the 20 bytes of the header
 */
export function readSynOptions(bytes: Uint8Array, start: number, length: number, peer: TcpPeer): void {
  if (length === 0 || start + length > bytes.length) return
  peer.scale = 0
  peer.flags &= TcpFlag.BE_LIBERAL
  for (let at = start, left = length; left > 0; ) {
    const kind = bytes[at]!
    if (kind === END) return
    if (kind === NOP) {
      at++
      left--
      continue
    }
    if (left < 2) return
    const size = bytes[at + 1]!
    if (size < 2 || size > left) return
    if (kind === SACK_PERMITTED && size === 2) peer.flags |= TcpFlag.SACK_PERMITTED
    else if (kind === WINDOW && size === 3) {
      peer.scale = Math.min(bytes[at + 2]!, MAX_WINDOW_SCALE)
      peer.flags |= TcpFlag.WINDOW_SCALE
    }
    at += size
    left -= size
  }
}

/** The highest right edge of the segment's SACK blocks (RFC 2018), or `ack` if that is higher. */
export function highestSack(bytes: Uint8Array, start: number, length: number, ack: number): number {
  if (start + length > bytes.length) return ack
  for (let at = start, left = length; left > 0; ) {
    const kind = bytes[at]!
    if (kind === END) return ack
    if (kind === NOP) {
      at++
      left--
      continue
    }
    if (left < 2) return ack
    const size = bytes[at + 1]!
    if (size < 2 || size > left) return ack
    if (kind === SACK && size >= 10 && (size - 2) % 8 === 0) {
      let highest = ack
      for (let block = at + 2; block < at + size; block += 8) {
        const edge =
          (bytes[block + 4]! << 24) | (bytes[block + 5]! << 16) | (bytes[block + 6]! << 8) | bytes[block + 7]!
        if (after(edge, highest)) highest = edge
      }
      return highest
    }
    at += size
    left -= size
  }
  return ack
}
