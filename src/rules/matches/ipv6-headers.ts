import {
  isExtensionHeader,
  NEXTHDR_AUTH,
  NEXTHDR_FRAGMENT,
  NEXTHDR_NONE,
} from '../../packet/extension-headers.ts'
import type { Skb } from '../../packet/skb.ts'
import type { MatchEnvironment } from '../extension.ts'

const NOT_THERE = -1
const TRUNCATED = -2

/**
 * `ipv6_find_hdr` (net/ipv6/exthdrs_core.c) for one extension header.
 *
 * @returns where it begins, -1 if the packet has none, -2 if the chain is cut off before
 */
export function findExtensionHeader({ bytes }: Skb, target: number): number {
  let next = bytes[6]!
  let offset = 40
  for (;;) {
    const found = next === target
    if (!isExtensionHeader(next) || next === NEXTHDR_NONE) return found ? offset : NOT_THERE
    if (offset + 2 > bytes.length) return TRUNCATED
    let length = (bytes[offset + 1]! + 1) * 8
    if (next === NEXTHDR_FRAGMENT) {
      if (offset + 4 > bytes.length) return TRUNCATED
      const later = ((bytes[offset + 2]! << 8) | bytes[offset + 3]!) >> 3 !== 0
      if (later) return found ? offset : NOT_THERE
      length = 8
    } else if (next === NEXTHDR_AUTH) {
      length = (bytes[offset + 1]! + 2) * 4
    }
    if (found) return offset
    next = bytes[offset]!
    offset += length
  }
}

/** As {@link findExtensionHeader}, with room for `size` bytes: -1 if not; a chain that is cut off drops the packet. */
export function requireExtensionHeader(
  skb: Skb,
  target: number,
  size: number,
  environment: MatchEnvironment,
): number {
  const offset = findExtensionHeader(skb, target)
  if (offset === NOT_THERE) return NOT_THERE
  if (offset >= 0 && offset + size <= skb.bytes.length) return offset
  environment.hotdrop = true
  return NOT_THERE
}
