import {
  isExtensionHeader,
  NEXTHDR_AUTH,
  NEXTHDR_FRAGMENT,
  NEXTHDR_NONE,
} from '../packet/extension-headers.ts'

/** Where the walk over a packet's extension headers ended. */
export interface SkippedHeaders {
  /** NEXTHDR_FRAGMENT for a later fragment. */
  readonly protocol: number
  readonly offset: number
  /** There was a fragment header that says anything. */
  readonly fragment: boolean
}

/**
 * `ipv6_skip_exthdr` (net/ipv6/exthdrs_core.c), which is not `ipv6_find_hdr`: it stops *at* the header of a later
 * fragment, and fails (undefined) at "no next header" and at a header that is cut off.
 */
export function skipExtensionHeaders(bytes: Uint8Array): SkippedHeaders | undefined {
  let protocol = bytes[6]!
  let offset = 40
  let fragment = false
  while (isExtensionHeader(protocol)) {
    if (protocol === NEXTHDR_NONE || offset + 2 > bytes.length) return undefined
    let length = (bytes[offset + 1]! + 1) * 8
    if (protocol === NEXTHDR_FRAGMENT) {
      if (offset + 4 > bytes.length) return undefined
      const field = (bytes[offset + 2]! << 8) | bytes[offset + 3]!
      fragment = field !== 0
      if ((field & 0xfff8) !== 0) break
      length = 8
    } else if (protocol === NEXTHDR_AUTH) length = (bytes[offset + 1]! + 2) * 4
    protocol = bytes[offset]!
    offset += length
  }
  return { protocol, offset, fragment }
}
