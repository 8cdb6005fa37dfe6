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
 * Events by time, then by the order in which they were added: a leftist heap, so that every version stays good and
 * adding or taking one costs O(log n). `undefined` is the empty queue.
 */
export type EventQueue = HeapNode | undefined

class HeapNode {
  /** Length of the right spine. */
  readonly rank: number
  readonly event: NetworkEvent
  readonly left: HeapNode | undefined
  readonly right: HeapNode | undefined

  constructor(rank: number, event: NetworkEvent, left: HeapNode | undefined, right: HeapNode | undefined) {
    this.rank = rank
    this.event = event
    this.left = left
    this.right = right
  }
}

export function addEvent(queue: EventQueue, event: NetworkEvent): EventQueue {
  return merge(new HeapNode(1, event, undefined, undefined), queue)
}

export function firstEvent(queue: EventQueue): NetworkEvent | undefined {
  return queue?.event
}

export function withoutFirst(queue: EventQueue): EventQueue {
  return queue === undefined ? undefined : merge(queue.left, queue.right)
}

/**
 * A queue while things happen: what is added for the present moment waits in a line of its own, since nearly everything
 * that happens makes something else happen at once, and a heap would be turned over twice for each.
 */
export class EventDraft {
  private heap: EventQueue
  /** For `nowMs`, by sequence. Taken ones stay in front of `taken` until all are gone. */
  private line: NetworkEvent[] = []
  private taken = 0

  constructor(queue: EventQueue) {
    this.heap = queue
  }

  /** @param nowMs the time at which everything in the line happens: it only changes when the line is empty */
  add(event: NetworkEvent, nowMs: number): void {
    if (event.atMs === nowMs) this.line.push(event)
    else this.heap = addEvent(this.heap, event)
  }

  get first(): NetworkEvent | undefined {
    const waiting = this.line[this.taken]
    const queued = firstEvent(this.heap)
    if (waiting === undefined || queued === undefined) return waiting ?? queued
    return isBefore(queued, waiting) ? queued : waiting
  }

  /** @throws RangeError when there is nothing */
  takeFirst(): NetworkEvent {
    const { first } = this
    if (first === undefined) throw new RangeError('nothing is going to happen')
    if (first !== this.line[this.taken]) {
      this.heap = withoutFirst(this.heap)
      return first
    }
    this.taken++
    if (this.taken === this.line.length) {
      this.line = []
      this.taken = 0
    }
    return first
  }

  /** The queue with everything in it. */
  commit(): EventQueue {
    let queue = this.heap
    for (let at = this.taken; at < this.line.length; at++) queue = addEvent(queue, this.line[at]!)
    return queue
  }
}

/** All events, the next one first. */
export function* eventsOf(queue: EventQueue): Generator<NetworkEvent> {
  for (let rest = queue; rest !== undefined; rest = withoutFirst(rest)) yield rest.event
}

function merge(a: EventQueue, b: EventQueue): EventQueue {
  if (a === undefined) return b
  if (b === undefined) return a
  const first = isBefore(a.event, b.event) ? a : b
  const other = first === a ? b : a
  const merged = merge(first.right, other)!
  const { left } = first
  if (left === undefined) return new HeapNode(1, first.event, merged, undefined)
  return left.rank >= merged.rank
    ? new HeapNode(merged.rank + 1, first.event, left, merged)
    : new HeapNode(left.rank + 1, first.event, merged, left)
}

function isBefore(a: NetworkEvent, b: NetworkEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence)
}
