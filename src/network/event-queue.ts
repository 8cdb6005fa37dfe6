import type { Packet } from '../packet/packet.ts'

/** What a network's clock brings. */
export type EventKind =
  /** A packet reaches a device of a node. */
  | 'arrival'
  /** A node's own packet goes into its OUTPUT. */
  | 'local'
  /** Nobody answered for the next hop of a packet: its sender is told. */
  | 'unreachable'
  /** A TCP connection may have something to do. */
  | 'socket-timer'
  | 'process-timer'

/** Something that will happen. Immutable. */
export class NetworkEvent {
  readonly atMs: number
  /** Order among what happens at the same time, and the identity of a timer. */
  readonly sequence: number
  readonly kind: EventKind
  /** Index of the node. */
  readonly node: number
  readonly device: string
  readonly packet: Packet | undefined
  /** Which packet on its way through the network this is; 0 for timers. */
  readonly journey: number
  /** The log entry that it comes from, or −1. */
  readonly cause: number
  /** Id of the socket or process whose timer it is. */
  readonly owner: number
  readonly timer: string

  constructor(
    atMs: number,
    sequence: number,
    kind: EventKind,
    node: number,
    device: string,
    packet: Packet | undefined,
    journey: number,
    cause: number,
    owner: number,
    timer: string,
  ) {
    this.atMs = atMs
    this.sequence = sequence
    this.kind = kind
    this.node = node
    this.device = device
    this.packet = packet
    this.journey = journey
    this.cause = cause
    this.owner = owner
    this.timer = timer
  }
}

/**
 * Events by time, then by the order in which they were added. Immutable: every version stays good. `undefined` is the
 * empty queue.
 *
 * A leftist heap, in which adding or taking costs O(log n), of whole moments: in a network nearly everything happens at
 * the same time as much else, so that there are far fewer moments than events.
 */
export type EventQueue = HeapNode | undefined

class HeapNode {
  /** Length of the right spine. */
  readonly rank: number
  readonly moment: Moment
  readonly left: HeapNode | undefined
  readonly right: HeapNode | undefined

  constructor(rank: number, moment: Moment, left: HeapNode | undefined, right: HeapNode | undefined) {
    this.rank = rank
    this.moment = moment
    this.left = left
    this.right = right
  }
}

/** What happens at one time, by sequence, from `from` on: what stands before has happened. Never empty. */
class Moment {
  readonly events: readonly NetworkEvent[]
  readonly from: number

  constructor(events: readonly NetworkEvent[], from: number) {
    this.events = events
    this.from = from
  }

  get first(): NetworkEvent {
    return this.events[this.from]!
  }
}

/** All events, the next one first. */
export function* eventsOf(queue: EventQueue): Generator<NetworkEvent> {
  const draft = new EventDraft(queue)
  while (draft.first !== undefined) yield draft.takeFirst()
}

/**
 * A queue while things happen: events are added to moments of its own, which nobody else sees before `commit`, so that
 * most of them never go through the heap.
 */
export class EventDraft {
  private heap: EventQueue
  /** Moments to which it may still add, by their time. */
  private readonly open = new Map<number, NetworkEvent[]>()
  /** The moment that is under way, and how much of it has happened. It is not in the heap. */
  private current: readonly NetworkEvent[] = []
  private taken = 0

  constructor(queue: EventQueue) {
    this.heap = queue
  }

  add(event: NetworkEvent): void {
    const moment = this.open.get(event.atMs)
    if (moment !== undefined) moment.push(event)
    else this.begin([event])
  }

  get first(): NetworkEvent | undefined {
    const here = this.current[this.taken]
    const queued = this.heap?.moment.first
    return here === undefined || (queued !== undefined && isBefore(queued, here)) ? queued : here
  }

  /** @throws RangeError when there is nothing */
  takeFirst(): NetworkEvent {
    const { first } = this
    if (first === undefined) throw new RangeError('nothing is going to happen')
    if (first !== this.current[this.taken]) this.turn()
    this.taken++
    return first
  }

  /** The queue with everything in it. From here on it belongs to everybody: what is added later makes new moments. */
  commit(): EventQueue {
    this.open.clear()
    return this.taken < this.current.length
      ? withMoment(this.heap, new Moment(this.current, this.taken))
      : this.heap
  }

  private begin(events: NetworkEvent[]): void {
    this.open.set(events[0]!.atMs, events)
    this.heap = withMoment(this.heap, new Moment(events, 0))
  }

  /** The heap's first moment is under way from now on. */
  private turn(): void {
    const { current, taken } = this
    const { moment, left, right } = this.heap!
    this.heap = merge(left, right)
    this.current = moment.events
    this.taken = moment.from
    if (taken < current.length) this.heap = withMoment(this.heap, new Moment(current, taken))
    else if (current.length > 0 && this.open.get(current[0]!.atMs) === current)
      this.open.delete(current[0]!.atMs)
  }
}

function withMoment(queue: EventQueue, moment: Moment): EventQueue {
  return merge(new HeapNode(1, moment, undefined, undefined), queue)
}

function merge(a: EventQueue, b: EventQueue): EventQueue {
  if (a === undefined) return b
  if (b === undefined) return a
  const first = isBefore(a.moment.first, b.moment.first) ? a : b
  const other = first === a ? b : a
  const merged = merge(first.right, other)!
  const { left } = first
  if (left === undefined) return new HeapNode(1, first.moment, merged, undefined)
  return left.rank >= merged.rank
    ? new HeapNode(merged.rank + 1, first.moment, left, merged)
    : new HeapNode(left.rank + 1, first.moment, merged, left)
}

function isBefore(a: NetworkEvent, b: NetworkEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}
