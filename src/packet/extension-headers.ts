import { readWord } from '../address.ts'

/** Where an IPv6 packet's transport header is, and which fragment it is. */
export interface Transport {
  readonly protocol: number
  readonly offset: number
  readonly fragmentOffset: number
  readonly moreFragments: boolean
}

export const NEXTHDR_HOP = 0
export const NEXTHDR_ROUTING = 43
export const NEXTHDR_FRAGMENT = 44
export const NEXTHDR_AUTH = 51
export const NEXTHDR_NONE = 59
export const NEXTHDR_DEST = 60

/** What may stand between the IPv6 header and the transport header (`ipv6_ext_hdr` in net/ipv6/exthdrs_core.c). */
export function isExtensionHeader(nextHeader: number): boolean {
  return (
    nextHeader === NEXTHDR_HOP ||
    nextHeader === NEXTHDR_ROUTING ||
    nextHeader === NEXTHDR_FRAGMENT ||
    nextHeader === NEXTHDR_AUTH ||
    nextHeader === NEXTHDR_NONE ||
    nextHeader === NEXTHDR_DEST
  )
}

/**
 * Walks the extension headers as `ipv6_find_hdr(…, -1, …)` does: a later fragment ends the walk, since what follows
 * its fragment header is data (`offset` then stays where the fragment header began). A chain that is cut off, or a
 * later fragment that begins with another extension header, has no transport: protocol -1.
 */
export function findTransport(bytes: Uint8Array): Transport {
  let protocol = bytes[6]!
  let offset = 40
  let moreFragments = false
  while (isExtensionHeader(protocol) && protocol !== NEXTHDR_NONE) {
    if (offset + 2 > bytes.length) return { protocol: -1, offset, fragmentOffset: 0, moreFragments }
    const next = bytes[offset]!
    let length = (bytes[offset + 1]! + 1) * 8
    if (protocol === NEXTHDR_FRAGMENT) {
      if (offset + 4 > bytes.length) return { protocol: -1, offset, fragmentOffset: 0, moreFragments }
      const field = readWord(bytes, offset) & 0xffff
      const fragmentOffset = field & 0xfff8
      moreFragments = (field & 1) !== 0
      length = 8
      if (fragmentOffset !== 0) {
        const data = !isExtensionHeader(next) || next === NEXTHDR_NONE
        return {
          protocol: data ? next : -1,
          offset,
          fragmentOffset: data ? fragmentOffset : 0,
          moreFragments,
        }
      }
    } else if (protocol === NEXTHDR_AUTH) {
      length = (bytes[offset + 1]! + 2) * 4
    }
    protocol = next
    offset += length
  }
  return { protocol, offset, fragmentOffset: 0, moreFragments }
}
