import { writeIpv4Checksum } from './checksum.ts'
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

const DF = 0x40
const MF = 0x20

/** `net.ipv4.ipfrag_max_dist`: a datagram is begun anew after so many fragments of others of its source. */
const MAX_DISTANCE = 64

/** `ip_defrag` (net/ipv4/ip_fragment.c). The header was checked before: its lengths are right. */
export function reassembleIpv4(
  queue: FragmentQueue,
  packet: Uint8Array,
  nowMs: number,
  user: DefragUser,
  device: string,
): Reassembly {
  const fragmentField = ((packet[6]! & 0x3f) << 8) | packet[7]!
  if (fragmentField === 0) return { status: 'not-a-fragment', queue }
  const source = packet.subarray(12, 16).join('.')
  const key = `4 ${user} ${source} ${packet.subarray(16, 20).join('.')} ${packet[4]!} ${packet[5]!} ${packet[9]!}`
  const arrival = (queue.arrivals.get(source) ?? 0) + 1
  const found = findPending(queue, key, nowMs)
  const datagram =
    found === undefined || (found.runs.length > 0 && arrival - found.arrival > MAX_DISTANCE)
      ? begin(key, source, user, device, nowMs, arrival, found)
      : { ...found, arrival, device }
  return addFragment(withPending(queue, datagram), datagram, packet, (fragmentField & 0x1fff) * 8)
}

/** A new queue, or an old one emptied (`ip_frag_reinit` forgets everything but the sizes seen). */
function begin(
  key: string,
  source: string,
  user: DefragUser,
  device: string,
  nowMs: number,
  arrival: number,
  old: PendingDatagram | undefined,
): PendingDatagram {
  return {
    key,
    family: 4,
    user,
    source,
    device,
    deadlineMs: nowMs + FRAGMENT_TIMEOUT_MS[4],
    runs: [],
    length: 0,
    meat: 0,
    firstIn: false,
    lastIn: false,
    ecn: 0,
    maxSize: old?.maxSize ?? 0,
    maxDfSize: old?.maxDfSize ?? 0,
    nextHeaderAt: 0,
    arrival,
  }
}

/** `ip_frag_queue` */
function addFragment(
  queue: FragmentQueue,
  datagram: PendingDatagram,
  packet: Uint8Array,
  offset: number,
): Reassembly {
  const headerLength = (packet[0]! & 15) * 4
  const more = (packet[6]! & MF) !== 0
  let { length, lastIn } = datagram
  let end = offset + packet.length - headerLength
  if (!more) {
    if (end < length || (lastIn && end !== length)) return discard(queue, datagram, 'inconsistent length')
    lastIn = true
    length = end
  } else {
    end &= ~7
    if (end > length) {
      if (lastIn) return discard(queue, datagram, 'inconsistent length')
      length = end
    }
  }
  if (end === offset) return discard(queue, datagram, 'empty')

  const fragment: Fragment = { packet, payload: packet.subarray(headerLength, headerLength + end - offset) }
  const runs = insertFragment(datagram.runs, fragment, offset, end)
  if (runs === 'overlap') return discard(queue, datagram, 'overlap')
  if (runs === 'duplicate') {
    return {
      status: 'dropped',
      queue: withPending(queue, { ...datagram, length, lastIn }),
      reason: 'duplicate',
    }
  }
  const size = fragment.payload.length + headerLength
  const next: PendingDatagram = {
    ...datagram,
    runs,
    length,
    lastIn,
    meat: datagram.meat + fragment.payload.length,
    firstIn: datagram.firstIn || offset === 0,
    ecn: datagram.ecn | (1 << (packet[1]! & 3)),
    maxSize: Math.max(datagram.maxSize, size),
    maxDfSize: (packet[6]! & DF) !== 0 ? Math.max(datagram.maxDfSize, size) : datagram.maxDfSize,
  }
  if (next.firstIn && lastIn && next.meat === length) return finish(queue, next)
  return { status: 'queued', queue: withPending(queue, next) }
}

/** Anything that contradicts what is already there takes the whole datagram with it. */
function discard(queue: FragmentQueue, datagram: PendingDatagram, reason: FragmentDropReason): Reassembly {
  return { status: 'dropped', queue: withoutPending(queue, datagram.key), reason }
}

/** `ip_frag_reasm`: the first fragment's header, with the length of all. */
function finish(queue: FragmentQueue, datagram: PendingDatagram): Reassembly {
  const ecn = mergedEcn(datagram.ecn)
  if (ecn === undefined) return discard(queue, datagram, 'mixed ECN')
  const first = datagram.runs[0]!.fragments[0]!
  const headerLength = (first.packet[0]! & 15) * 4
  const total = headerLength + datagram.length
  if (total > 65535) return discard(queue, datagram, 'oversize')

  const bytes = joinFragments(first.packet.subarray(0, headerLength), datagram.runs)
  const largestHadDf = datagram.maxDfSize === datagram.maxSize
  bytes[1] = bytes[1]! | ecn
  bytes[2] = total >>> 8
  bytes[3] = total
  bytes[6] = largestHadDf ? DF : 0
  bytes[7] = 0
  writeIpv4Checksum(bytes)
  return {
    status: 'whole',
    queue: withoutPending(queue, datagram.key),
    bytes,
    fragmentMaxSize: Math.max(datagram.maxDfSize, datagram.maxSize),
    fragmentSizes: fragmentSizesOf(headerLength, datagram.runs),
    largestHadDf,
  }
}
