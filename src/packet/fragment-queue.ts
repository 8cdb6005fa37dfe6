import type { Family } from '../address.ts'

/**
 * Who collects fragments (`enum ip_defrag_users`): conntrack before PREROUTING or OUTPUT, or the local delivery of
 * IPv4, which does it before INPUT when conntrack is off. Fragments of different users never meet.
 */
export type DefragUser = 'prerouting' | 'output' | 'local-delivery'

/** One fragment as it came in. `payload` is a view into `packet`, already trimmed. */
export interface Fragment {
  readonly packet: Uint8Array
  readonly payload: Uint8Array
}

/** Fragments that follow one another without a gap, in the order in which they came: the kernel's `fragrun`. */
export interface FragmentRun {
  readonly offset: number
  readonly end: number
  readonly fragments: readonly Fragment[]
}

/** A datagram of which not all fragments are there yet: `struct ipq`, `struct frag_queue`. Immutable. */
export interface PendingDatagram {
  readonly key: string
  readonly family: Family
  readonly user: DefragUser
  readonly source: string
  /** Where the latest fragment came in. */
  readonly device: string
  readonly deadlineMs: number
  /** Sorted by offset, disjoint; the last one ends with the kernel's `fragments_tail`. */
  readonly runs: readonly FragmentRun[]
  /** Total payload length so far known; exact once `lastIn`. */
  readonly length: number
  /** Payload bytes collected. */
  readonly meat: number
  readonly firstIn: boolean
  readonly lastIn: boolean
  /** A bit per ECN codepoint seen. */
  readonly ecn: number
  /** Largest fragment; IPv4: with its header, IPv6: without. */
  readonly maxSize: number
  /** The same of those with DF. */
  readonly maxDfSize: number
  /** IPv6: where the byte stands that says "a fragment header follows". */
  readonly nextHeaderAt: number
  /** The source's fragment count when this datagram last got one. */
  readonly arrival: number
}

/**
 * All datagrams being put together: an immutable value. Those past their time are invisible to lookups; call
 * {@link expireFragments} to forget them and to learn which of them the kernel complains about.
 */
export interface FragmentQueue {
  readonly pending: readonly PendingDatagram[]
  /** Fragments ever seen of each IPv4 source with something pending (`inet_peer.rid`). */
  readonly arrivals: ReadonlyMap<string, number>
}

export const EMPTY_FRAGMENT_QUEUE: FragmentQueue = Object.freeze({ pending: [], arrivals: new Map() })

/** `net.ipv4.ipfrag_time` and `net.netfilter.nf_conntrack_frag6_timeout`, from the first fragment on. */
export const FRAGMENT_TIMEOUT_MS: Readonly<Record<Family, number>> = { 4: 30_000, 6: 60_000 }

/** What became of a fragment. */
export type Reassembly =
  /** No fragment, or one that the kernel lets pass as it is (some malformed ones of IPv6). */
  | { readonly status: 'not-a-fragment'; readonly queue: FragmentQueue }
  /** Held back: it reaches no chain. */
  | { readonly status: 'queued'; readonly queue: FragmentQueue }
  | { readonly status: 'dropped'; readonly queue: FragmentQueue; readonly reason: FragmentDropReason }
  | ({ readonly status: 'whole'; readonly queue: FragmentQueue } & WholeDatagram)

export type FragmentDropReason =
  | 'duplicate'
  | 'overlap'
  | 'inconsistent length'
  | 'empty'
  | 'mixed ECN'
  | 'oversize'
  | 'malformed'

/** A datagram put together, and what is needed to cut it again as it came. */
export interface WholeDatagram {
  readonly bytes: Uint8Array
  /** `frag_max_size`: the largest fragment in bytes, with its IP header. */
  readonly fragmentMaxSize: number
  /** The kernel keeps the fragments as a list: how many bytes each holds, the first with the IP header. */
  readonly fragmentSizes: readonly number[]
  /** `IPSKB_FRAG_PMTU`: the largest fragment had DF, so the whole has it. IPv4 only. */
  readonly largestHadDf: boolean
}

export function findPending(queue: FragmentQueue, key: string, nowMs: number): PendingDatagram | undefined {
  return queue.pending.find(datagram => datagram.key === key && nowMs < datagram.deadlineMs)
}

/** Puts `datagram` in the place of the one with its key (a new one in that of an expired one: at the end). */
export function withPending(queue: FragmentQueue, datagram: PendingDatagram): FragmentQueue {
  const pending = [...queue.pending]
  const at = pending.findIndex(
    ({ key, deadlineMs }) => key === datagram.key && deadlineMs === datagram.deadlineMs,
  )
  if (at >= 0) pending[at] = datagram
  else pending.push(datagram)
  const arrivals = new Map(queue.arrivals)
  if (datagram.family === 4) arrivals.set(datagram.source, datagram.arrival)
  return { pending, arrivals }
}

export function withoutPending(queue: FragmentQueue, key: string): FragmentQueue {
  return keepPending(queue, datagram => datagram.key !== key)
}

function keepPending(queue: FragmentQueue, keep: (datagram: PendingDatagram) => boolean): FragmentQueue {
  const pending = queue.pending.filter(keep)
  if (pending.length === queue.pending.length) return queue
  const arrivals = new Map<string, number>()
  for (const { family, source } of pending)
    if (family === 4) arrivals.set(source, queue.arrivals.get(source) ?? 0)
  return { pending, arrivals }
}

/**
 * Inserts [offset, end) (`inet_frag_queue_insert`, RFC 5722): a fragment wholly within one run is a duplicate, any
 * other overlap is an error.
 */
export function insertFragment(
  runs: readonly FragmentRun[],
  fragment: Fragment,
  offset: number,
  end: number,
): readonly FragmentRun[] | 'duplicate' | 'overlap' {
  const stop = offset + fragment.payload.length
  const last = runs.at(-1)
  if (last !== undefined && last.end < end) {
    if (offset < last.end) return 'overlap'
    if (offset === last.end) {
      return [...runs.slice(0, -1), { ...last, end: stop, fragments: [...last.fragments, fragment] }]
    }
    return [...runs, { offset, end: stop, fragments: [fragment] }]
  }
  for (const run of runs) {
    if (end <= run.offset || offset >= run.end) continue
    return offset >= run.offset && end <= run.end ? 'duplicate' : 'overlap'
  }
  const run: FragmentRun = { offset, end: stop, fragments: [fragment] }
  const at = runs.findIndex(other => end <= other.offset)
  return at < 0 ? [...runs, run] : [...runs.slice(0, at), run, ...runs.slice(at)]
}

/**
 * The ECN bits that a whole datagram's header gets or-ed in (`ip_frag_ecn_table`, RFC 3168 5.3), or undefined where
 * ECN-capable and other fragments are mixed and the datagram is dropped.
 *
 * @param seen a bit per codepoint: 1 not-ECT, 2 ECT(1), 4 ECT(0), 8 CE
 */
export function mergedEcn(seen: number): number | undefined {
  if ((seen & 1) !== 0 && seen !== 1) return undefined
  return (seen & 8) !== 0 && seen !== 8 ? 3 : 0
}

/** The header and all payloads behind each other. */
export function joinFragments(header: Uint8Array, runs: readonly FragmentRun[]): Uint8Array {
  let length = header.length
  for (const run of runs) for (const { payload } of run.fragments) length += payload.length
  const bytes = new Uint8Array(length)
  bytes.set(header)
  let at = header.length
  for (const run of runs) {
    for (const { payload } of run.fragments) {
      bytes.set(payload, at)
      at += payload.length
    }
  }
  return bytes
}

export function fragmentSizesOf(headerLength: number, runs: readonly FragmentRun[]): number[] {
  const sizes = runs.flatMap(run => run.fragments.map(fragment => fragment.payload.length))
  sizes[0] = headerLength + (sizes[0] ?? 0)
  return sizes
}

/** A datagram that was given up. */
export interface ExpiredDatagram {
  readonly family: Family
  readonly user: DefragUser
  /** Where its latest fragment came in. */
  readonly device: string
  /** The fragment at offset 0, if it had come: what the "fragment reassembly time exceeded" message quotes. */
  readonly first: Uint8Array | undefined
}

/**
 * Forgets what ran out of time. For an expired datagram whose first fragment is there the kernel sends ICMP 11/1 or
 * ICMPv6 3/1 to its source; for IPv4 and `prerouting` only if the destination is local (`ip_expire`). In the order in
 * which the kernel's timers fire: of those begun at the same instant the latest first.
 */
export function expireFragments(
  queue: FragmentQueue,
  nowMs: number,
): { readonly queue: FragmentQueue; readonly expired: readonly ExpiredDatagram[] } {
  const due = queue.pending.filter(({ deadlineMs }) => deadlineMs <= nowMs).reverse()
  due.sort((a, b) => a.deadlineMs - b.deadlineMs)
  const expired = due.map(({ family, user, device, firstIn, runs }) => ({
    family,
    user,
    device,
    first: firstIn ? runs[0]?.fragments[0]?.packet : undefined,
  }))
  return { queue: keepPending(queue, ({ deadlineMs }) => nowMs < deadlineMs), expired }
}
