import { replaceWord32 } from '../../packet/checksum.ts'
import type { Skb } from '../../packet/skb.ts'

/** What walking a packet's TCP options needs: the targets that change them all begin like this. */
export interface TcpHeader {
  /** Where the header begins. */
  readonly start: number
  /** Its length by the data offset, options included. */
  readonly length: number
}

export const TCP_HEADER_LENGTH = 20
export const TCPOPT_NOP = 1
export const TCPOPT_MSS = 2
export const TCPOLEN_MSS = 4

/** Undefined: the header is cut off, or shorter than one can be; such packets are dropped. */
export function tcpHeader(skb: Skb): TcpHeader | undefined {
  const start = skb.transportOffset
  const available = skb.bytes.length - start
  if (available < TCP_HEADER_LENGTH) return undefined
  const length = (skb.bytes[start + 12]! >> 4) * 4
  return length < TCP_HEADER_LENGTH || available < length ? undefined : { start, length }
}

/** How far to the next option; one of length 0 counts as 1, so that the walk ends. */
export function optionLength(bytes: Uint8Array, at: number): number {
  return bytes[at]! <= TCPOPT_NOP || bytes[at + 1] === 0 ? 1 : (bytes[at + 1] ?? 1)
}

/**
 * A TCP checksum after a word behind the IP header has changed (`inet_proto_csum_replace4`). One that is only the
 * pseudo-header's sum so far (`skb.checksumPartial`) does not cover it.
 */
export function changedChecksum(skb: Skb, checksum: number, before: number, after: number): number {
  return skb.checksumPartial === 0 ? replaceWord32(checksum, before, after) : checksum
}
