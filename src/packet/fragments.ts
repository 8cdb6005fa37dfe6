import type { Family } from '../address.ts'
import { writeIpv4Checksum } from './checksum.ts'
import { reassembleIpv4 } from './defrag-ipv4.ts'
import { reassembleIpv6 } from './defrag-ipv6.ts'
import type { DefragUser, FragmentQueue, Reassembly } from './fragment-queue.ts'
import { fragmentIpv4 } from './refragment-ipv4.ts'
import { fragmentIpv6 } from './refragment-ipv6.ts'
import type { Skb } from './skb.ts'

export {
  type DefragUser,
  EMPTY_FRAGMENT_QUEUE,
  expireFragments,
  type FragmentQueue,
  type Reassembly,
} from './fragment-queue.ts'
export { fragmentIpv4 } from './refragment-ipv4.ts'
export { fragmentIpv6 } from './refragment-ipv6.ts'

/**
 * Collects fragments as conntrack's defragmentation does: a function from a queue and a packet to the next queue and
 * what becomes of the packet. `bytes` must have passed the checks of ip_rcv (lengths right, trailing bytes cut off)
 * and is kept: do not change it afterwards.
 *
 * The whole datagram has the mark, the connection and the input device of the fragment that completed it.
 *
 * @param device the input device: remembered for the message that a datagram's time ran out, and part of an IPv6
 *   datagram's identity if its destination is link-local or multicast
 */
export function reassemble(
  queue: FragmentQueue,
  bytes: Uint8Array,
  family: Family,
  nowMs: number,
  user: DefragUser,
  device = '',
): Reassembly {
  return family === 4
    ? reassembleIpv4(queue, bytes, nowMs, user, device)
    : reassembleIpv6(queue, bytes, nowMs, user, device)
}

/** Gives an skb the bytes of a datagram put together, and what it must remember to be cut again. */
export function takeWhole(skb: Skb, whole: Extract<Reassembly, { status: 'whole' }>): void {
  skb.replace(whole.bytes)
  skb.fragmentMaxSize = whole.fragmentMaxSize
  skb.fragmentSizes = whole.fragmentSizes
  skb.largestFragmentHadDf = whole.largestHadDf
}

/**
 * `pskb_may_pull`/`skb_ensure_writable`: whoever writes into the first `length` bytes of a reassembled packet merges
 * the fragments they lie in, which shows in how the packet is cut again. Helpers and targets that linearise the whole
 * packet (FTP, TCPMSS …) pass its length. Does nothing for a packet that was whole.
 */
export function pullFragments(skb: Skb, length: number): void {
  const sizes = skb.fragmentSizes
  if (sizes === undefined || length <= sizes[0]!) return
  let missing = Math.min(length, skb.bytes.length) - sizes[0]!
  const rest: number[] = []
  for (const size of sizes.slice(1)) {
    const taken = Math.min(size, missing)
    missing -= taken
    if (taken < size) rest.push(size - taken)
  }
  skb.fragmentSizes = [Math.min(length, skb.bytes.length), ...rest]
}

/**
 * What cutting an IPv4 packet and putting it together again, which `lo` does with one that had come in fragments, leaves
 * behind: the fragments, and no DF if they are those that it had come in.
 */
export function gatherAgain(skb: Skb, pieces: readonly Uint8Array[]): void {
  const df = pieces[0]![6]! & 0x40
  if ((skb.bytes[6]! & 0x40) !== df) {
    const bytes = skb.writable()
    bytes[6] = df
    writeIpv4Checksum(bytes)
  }
  const headerLength = (skb.bytes[0]! & 15) * 4
  const isWhole = pieces.length === 1
  skb.fragmentSizes = isWhole
    ? undefined
    : pieces.map(({ length }, index) => (index === 0 ? length : length - headerLength))
  skb.fragmentMaxSize = isWhole ? 0 : Math.max(...pieces.map(({ length }) => length))
  skb.largestFragmentHadDf = df !== 0
}

/** What leaves for a packet that reached its device. */
export type OutputCut =
  | { readonly kind: 'as-is' }
  | { readonly kind: 'fragments'; readonly packets: readonly Uint8Array[] }
  /** ICMP fragmentation needed or ICMPv6 packet too big, with this MTU, goes back instead. */
  | { readonly kind: 'too-big'; readonly mtu: number }
  /** Nothing leaves: its extension headers cannot be read where they must be repeated. */
  | { readonly kind: 'malformed' }

/**
 * The end of POSTROUTING (`ip_finish_output`, `ip6_finish_output`): a packet that is too big or came in fragments is
 * cut, into the fragments it came in where that is possible.
 *
 * @param identification of IPv6 fragments: the kernel's is random
 */
export function cutForOutput(skb: Skb, mtu: number, identification: number): OutputCut {
  const { bytes, fragmentMaxSize } = skb
  if (skb.family === 4) {
    if (bytes.length <= mtu && fragmentMaxSize === 0) return { kind: 'as-is' }
    const df = (bytes[6]! & 0x40) !== 0
    if (df && (fragmentMaxSize === 0 || fragmentMaxSize > mtu)) return { kind: 'too-big', mtu }
    return { kind: 'fragments', packets: fragmentIpv4(bytes, mtu, skb) }
  }
  if (bytes.length <= mtu && (fragmentMaxSize === 0 || bytes.length <= fragmentMaxSize))
    return { kind: 'as-is' }
  if ((fragmentMaxSize === 0 && bytes.length > mtu) || fragmentMaxSize > mtu) return { kind: 'too-big', mtu }
  const packets = fragmentIpv6(bytes, mtu, identification, skb)
  if (packets === 'malformed') return { kind: 'malformed' }
  return packets === 'no-room' ? { kind: 'too-big', mtu } : { kind: 'fragments', packets }
}
