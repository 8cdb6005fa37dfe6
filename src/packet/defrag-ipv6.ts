import { isExtensionHeader, NEXTHDR_AUTH, NEXTHDR_FRAGMENT, NEXTHDR_NONE } from './extension-headers.ts'
import {
  type DefragUser,
  FRAGMENT_TIMEOUT_MS,
  type Fragment,
  type FragmentDropReason,
  type FragmentQueue,
  findPending,
  fragmentSizesOf,
  insertFragment,
  joinFragments,
  mergedEcn,
  type PendingDatagram,
  type Reassembly,
  withoutPending,
  withPending,
} from './fragment-queue.ts'
import { IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP } from './protocols.ts'

const FRAGMENT_HEADER_LENGTH = 8
const MAX_PAYLOAD = 65535

/**
 * `nf_ct_frag6_gather` (net/ipv6/netfilter/nf_conntrack_reasm.c). An atomic fragment comes back whole at once, without
 * its fragment header.
 *
 * @param device where it came in; as part of the identity it only counts for link-local and multicast destinations
 */
export function reassembleIpv6(
  queue: FragmentQueue,
  packet: Uint8Array,
  nowMs: number,
  user: DefragUser,
  device: string,
): Reassembly {
  const asItIs: Reassembly = { status: 'not-a-fragment', queue }
  if (u16(packet, 4) === 0) return asItIs
  const place = findFragmentHeader(packet)
  if (place === undefined || headersIncomplete(packet, place.headerAt)) return asItIs
  if (place.headerAt + FRAGMENT_HEADER_LENGTH > packet.length) {
    return { status: 'dropped', queue, reason: 'malformed' }
  }
  const source = packet.subarray(8, 24).join('.')
  const identification = packet.subarray(place.headerAt + 4, place.headerAt + 8).join('.')
  const scope = isLinkLocalOrMulticast(packet) ? device : ''
  const key = `6 ${user} ${source} ${packet.subarray(24, 40).join('.')} ${identification} ${scope}`
  const found = findPending(queue, key, nowMs)
  const datagram = found === undefined ? begin(key, source, user, device, nowMs) : { ...found, device }
  return addFragment(withPending(queue, datagram), datagram, packet, place)
}

interface FragmentPlace {
  /** The byte that announces the fragment header. */
  readonly nextHeaderAt: number
  readonly headerAt: number
}

/** `find_prev_fhdr`. The kernel keeps `nextHeaderAt` in a byte, so behind 255 bytes of headers it is a wrong one. */
function findFragmentHeader(packet: Uint8Array): FragmentPlace | undefined {
  let nextHeader = packet[6]!
  let nextHeaderAt = 6
  let headerAt = 40
  while (nextHeader !== NEXTHDR_FRAGMENT) {
    if (!isExtensionHeader(nextHeader) || nextHeader === NEXTHDR_NONE) return undefined
    if (headerAt + 2 > packet.length) return undefined
    const length = extensionLength(packet, nextHeader, headerAt)
    nextHeader = packet[headerAt]!
    nextHeaderAt = headerAt & 0xff
    headerAt += length
  }
  return headerAt <= packet.length ? { nextHeaderAt, headerAt } : undefined
}

function extensionLength(packet: Uint8Array, header: number, at: number): number {
  return header === NEXTHDR_AUTH ? (packet[at + 1]! + 2) * 4 : (packet[at + 1]! + 1) * 8
}

/** `ipv6frag_thdr_truncated`: a first fragment must hold all headers (RFC 8200 4.5); else it passes unassembled. */
function headersIncomplete(packet: Uint8Array, headerAt: number): boolean {
  let nextHeader = NEXTHDR_FRAGMENT
  let at = headerAt
  let fragmentOffset = 0
  while (isExtensionHeader(nextHeader)) {
    if (nextHeader === NEXTHDR_NONE || at + 2 > packet.length) return false
    let length = 8
    if (nextHeader === NEXTHDR_FRAGMENT) {
      if (at + 4 > packet.length) return false
      fragmentOffset = u16(packet, at + 2) & 0xfff8
      if (fragmentOffset !== 0) return false
    } else {
      length = extensionLength(packet, nextHeader, at)
    }
    nextHeader = packet[at]!
    at += length
  }
  return at + transportHeaderLength(nextHeader) > packet.length
}

function transportHeaderLength(protocol: number): number {
  if (protocol === IPPROTO_TCP) return 20
  return protocol === IPPROTO_UDP || protocol === IPPROTO_ICMPV6 ? 8 : 1
}

function isLinkLocalOrMulticast(packet: Uint8Array): boolean {
  return packet[24] === 0xff || (packet[24] === 0xfe && (packet[25]! & 0xc0) === 0x80)
}

function begin(
  key: string,
  source: string,
  user: DefragUser,
  device: string,
  nowMs: number,
): PendingDatagram {
  return {
    key,
    family: 6,
    user,
    source,
    device,
    deadlineMs: nowMs + FRAGMENT_TIMEOUT_MS[6],
    runs: [],
    length: 0,
    meat: 0,
    firstIn: false,
    lastIn: false,
    ecn: 0,
    maxSize: 0,
    maxDfSize: 0,
    nextHeaderAt: 0,
    arrival: 0,
  }
}

/** `nf_ct_frag6_queue`. Unlike IPv4's, most contradictions cost only the fragment that brought them. */
function addFragment(
  queue: FragmentQueue,
  datagram: PendingDatagram,
  packet: Uint8Array,
  { headerAt, nextHeaderAt }: FragmentPlace,
): Reassembly {
  const payloadLength = u16(packet, 4)
  const dataAt = headerAt + FRAGMENT_HEADER_LENGTH
  const offset = u16(packet, headerAt + 2) & 0xfff8
  const more = (packet[headerAt + 3]! & 1) !== 0
  const end = offset + payloadLength - (dataAt - 40)
  if (end < 0 || end > MAX_PAYLOAD) return drop(queue, 'oversize')

  let { length, lastIn } = datagram
  if (!more) {
    if (end < length || (lastIn && end !== length)) return drop(queue, 'inconsistent length')
    lastIn = true
    length = end
  } else {
    if ((end & 7) !== 0) return { status: 'not-a-fragment', queue: withoutPending(queue, datagram.key) }
    if (end > length) {
      if (lastIn) return drop(queue, 'inconsistent length')
      length = end
    }
  }
  const noted: PendingDatagram = { ...datagram, length, lastIn }
  if (end === offset) return drop(withPending(queue, noted), 'empty')

  const fragment: Fragment = { packet, payload: packet.subarray(dataAt, dataAt + Math.max(0, end - offset)) }
  const runs = insertFragment(datagram.runs, fragment, offset, end)
  if (runs === 'duplicate') return { status: 'queued', queue: withPending(queue, noted) }
  if (runs === 'overlap') return drop(withoutPending(queue, datagram.key), 'overlap')
  const isFirst = offset === 0
  const next: PendingDatagram = {
    ...noted,
    runs,
    meat: datagram.meat + fragment.payload.length,
    firstIn: datagram.firstIn || isFirst,
    ecn: datagram.ecn | (1 << ((packet[1]! >> 4) & 3)),
    maxSize: Math.max(datagram.maxSize, payloadLength),
    nextHeaderAt: isFirst ? nextHeaderAt : datagram.nextHeaderAt,
  }
  if (next.firstIn && lastIn && next.meat === length) return finish(queue, next)
  return { status: 'queued', queue: withPending(queue, next) }
}

function drop(queue: FragmentQueue, reason: FragmentDropReason): Reassembly {
  return { status: 'dropped', queue, reason }
}

/** `nf_ct_frag6_reasm`: the first fragment's headers without the fragment header. A failure says nothing. */
function finish(queue: FragmentQueue, datagram: PendingDatagram): Reassembly {
  const without = withoutPending(queue, datagram.key)
  const ecn = mergedEcn(datagram.ecn)
  const first = datagram.runs[0]!.fragments[0]!
  const dataAt = first.payload.byteOffset - first.packet.byteOffset
  const headerAt = dataAt - FRAGMENT_HEADER_LENGTH
  const payloadLength = headerAt - 40 + datagram.length
  if (ecn === undefined || payloadLength > MAX_PAYLOAD) return { status: 'queued', queue: without }

  const header = first.packet.slice(0, headerAt)
  if (datagram.nextHeaderAt < headerAt) header[datagram.nextHeaderAt] = first.packet[headerAt]!
  header[4] = payloadLength >>> 8
  header[5] = payloadLength
  header[1] = header[1]! | (ecn << 4)
  return {
    status: 'whole',
    queue: without,
    bytes: joinFragments(header, datagram.runs),
    fragmentMaxSize: 40 + datagram.maxSize,
    fragmentSizes: fragmentSizesOf(headerAt, datagram.runs),
    largestHadDf: false,
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}
