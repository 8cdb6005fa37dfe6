import { NEXTHDR_DEST, NEXTHDR_FRAGMENT, NEXTHDR_HOP, NEXTHDR_ROUTING } from './extension-headers.ts'
import { asTheyCame, evenly, type FragmentMemory } from './refragment-ipv4.ts'

const FRAGMENT_HEADER_LENGTH = 8
const MIN_MTU = 1280
const OPTION_PAD1 = 0
const OPTION_HOME_ADDRESS = 201

/**
 * Cuts a packet as `ip6_fragment` does: hop-by-hop, routing and destination options up to the routing header are
 * repeated, then comes the fragment header.
 *
 * @returns new packets; `no-room` if its headers leave none for data (packet too big goes back), `malformed` if they
 * cannot be read in the packet's first fragment (it is dropped without a word)
 */
export function fragmentIpv6(
  bytes: Uint8Array,
  mtu: number,
  identification: number,
  memory: FragmentMemory = {},
): Uint8Array[] | 'no-room' | 'malformed' {
  const { fragmentMaxSize = 0, fragmentSizes } = memory
  const linearLength = fragmentSizes === undefined ? bytes.length : fragmentSizes[0]!
  const place = unfragmentablePart(bytes, linearLength)
  if (place === undefined) return 'malformed'
  const { headerLength, nextHeaderAt } = place
  const limit = fragmentMaxSize === 0 ? mtu : Math.max(fragmentMaxSize, MIN_MTU)
  const room = limit - headerLength - FRAGMENT_HEADER_LENGTH
  if (room < 8) return 'no-room'

  const list =
    fragmentSizes === undefined ? undefined : asTheyCame(bytes.length, fragmentSizes, headerLength, room)
  const lengths = list ?? evenly(bytes.length - headerLength, room)
  const fragments: Uint8Array[] = []
  let at = headerLength
  for (const length of lengths) {
    const dataAt = headerLength + FRAGMENT_HEADER_LENGTH
    const fragment = new Uint8Array(dataAt + length)
    fragment.set(bytes.subarray(0, headerLength))
    fragment.set(bytes.subarray(at, at + length), dataAt)
    const view = new DataView(fragment.buffer)
    view.setUint16(4, fragment.length - 40)
    fragment[nextHeaderAt] = NEXTHDR_FRAGMENT
    fragment[headerLength] = bytes[nextHeaderAt]!
    view.setUint16(headerLength + 2, (at - headerLength) | (at + length < bytes.length ? 1 : 0))
    view.setUint32(headerLength + 4, identification)
    at += length
    fragments.push(fragment)
  }
  return fragments
}

/** `ip6_find_1stfragopt`: what every fragment repeats, and where its last "next header" byte is. */
function unfragmentablePart(
  bytes: Uint8Array,
  end: number,
): { readonly headerLength: number; readonly nextHeaderAt: number } | undefined {
  let headerLength = 40
  let nextHeaderAt = 6
  let routed = false
  while (headerLength <= end) {
    const nextHeader = bytes[nextHeaderAt]
    const isOption =
      nextHeader === NEXTHDR_HOP || nextHeader === NEXTHDR_ROUTING || nextHeader === NEXTHDR_DEST
    if (!isOption) return { headerLength, nextHeaderAt }
    if (nextHeader === NEXTHDR_ROUTING) routed = true
    if (nextHeader === NEXTHDR_DEST && routed && !hasHomeAddress(bytes, headerLength, end))
      return { headerLength, nextHeaderAt }
    if (headerLength + 2 > end) return undefined
    nextHeaderAt = headerLength
    headerLength += (bytes[headerLength + 1]! + 1) * 8
  }
  return undefined
}

/** Mobile IPv6's option keeps destination options in the unfragmentable part (`ipv6_find_tlv`). */
function hasHomeAddress(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 8 > end) return false
  const stop = at + (bytes[at + 1]! + 1) * 8
  if (stop > end) return false
  for (let option = at + 2; option < stop; ) {
    if (bytes[option] === OPTION_HOME_ADDRESS) return true
    option += bytes[option] === OPTION_PAD1 ? 1 : (bytes[option + 1] ?? 0) + 2
  }
  return false
}
