import { writeIpv4Checksum } from './checksum.ts'

const DF = 0x40
const MF = 0x20

/** How a packet was put together, as an skb remembers it; all absent for one that was whole. */
export interface FragmentMemory {
  readonly fragmentMaxSize?: number
  readonly fragmentSizes?: readonly number[] | undefined
  readonly largestFragmentHadDf?: boolean
  /** Made by this machine: the kernel has not parsed its IP options, so all fragments carry all of them. */
  readonly isLocal?: boolean
}

/**
 * Cuts a packet as `ip_do_fragment` does: into the fragments it came in if they still fit, else evenly by the MTU or
 * the largest fragment seen. The identification stays; options that are not to be copied become NOPs after the first.
 *
 * @param bytes a packet with DF, or one that may be fragmented: the caller has decided
 * @returns new packets, checksums right
 */
export function fragmentIpv4(bytes: Uint8Array, mtu: number, memory: FragmentMemory = {}): Uint8Array[] {
  const { fragmentMaxSize = 0, fragmentSizes, largestFragmentHadDf = false, isLocal = false } = memory
  const headerLength = (bytes[0]! & 15) * 4
  const limit = fragmentMaxSize !== 0 && fragmentMaxSize < mtu ? fragmentMaxSize : mtu
  const room = limit - headerLength
  const wasFragment = ((bytes[6]! & 0x3f) << 8) | bytes[7]!
  const list =
    fragmentSizes !== undefined && (wasFragment & 0x3fff) === 0
      ? asTheyCame(bytes.length, fragmentSizes, headerLength, room)
      : undefined
  const lengths = list ?? evenly(bytes.length - headerLength, room)
  const df = list === undefined && largestFragmentHadDf ? DF : 0
  const laterHeader = bytes.slice(0, headerLength)
  if (!isLocal) blankUncopiedOptions(laterHeader)

  const fragments: Uint8Array[] = []
  let at = headerLength
  let offset = (wasFragment & 0x1fff) * 8
  for (const length of lengths) {
    const fragment = new Uint8Array(headerLength + length)
    fragment.set(fragments.length === 0 ? bytes.subarray(0, headerLength) : laterHeader)
    fragment.set(bytes.subarray(at, at + length), headerLength)
    at += length
    const isLast = at >= bytes.length && (wasFragment & 0x2000) === 0
    fragment[2] = fragment.length >>> 8
    fragment[3] = fragment.length
    fragment[6] = (offset >>> 11) | df | (isLast ? 0 : MF)
    fragment[7] = offset >>> 3
    offset += length
    writeIpv4Checksum(fragment)
    fragments.push(fragment)
  }
  return fragments
}

/**
 * The payload lengths of the fragments a packet was put together from, if it can be cut like that again: none larger
 * than `room`, all but the last a multiple of 8, and the packet neither grown nor pulled into one piece since.
 *
 * @param headerLength what is repeated in every fragment
 */
export function asTheyCame(
  total: number,
  sizes: readonly number[],
  headerLength: number,
  room: number,
): number[] | undefined {
  if (sizes.length < 2 || sizes.reduce((sum, size) => sum + size, 0) !== total) return undefined
  const lengths = [sizes[0]! - headerLength, ...sizes.slice(1)]
  const last = lengths.length - 1
  return lengths.every((length, i) => length <= room && ((length & 7) === 0 || i === last))
    ? lengths
    : undefined
}

/** Payload lengths of at most `room`, all but the last a multiple of 8. */
export function evenly(total: number, room: number): number[] {
  const lengths: number[] = []
  for (let left = total; left > 0; ) {
    const length = left > room ? room & ~7 : left
    if (length <= 0)
      throw new RangeError(`an MTU with ${room} bytes of room for data cannot carry a fragment`)
    lengths.push(length)
    left -= length
  }
  return lengths
}

/** `ip_options_fragment`: options without the copied bit (RFC 791 3.1) are overwritten with NOPs. */
function blankUncopiedOptions(header: Uint8Array): void {
  for (let at = 20; at < header.length; ) {
    const type = header[at]!
    if (type === 0) return
    if (type === 1) {
      at++
      continue
    }
    const length = header[at + 1] ?? 0
    if (length < 2 || at + length > header.length) return
    if ((type & 0x80) === 0) header.fill(1, at, at + length)
    at += length
  }
}
