import type { Tuple } from './tuple.ts'

/** Direction of a packet within its connection. */
export const ORIGINAL = 0
export const REPLY = 1
/** 0: packets of whoever opened the connection; 1: those that answer. */
export type Direction = typeof ORIGINAL | typeof REPLY

/** What conntrack thinks of a packet: the kernel's `enum ip_conntrack_info`. No connection at all is INVALID. */
export const CtInfo = {
  ESTABLISHED: 0,
  RELATED: 1,
  NEW: 2,
  ESTABLISHED_REPLY: 3,
  RELATED_REPLY: 4,
  UNTRACKED: 7,
} as const
export type CtInfo = (typeof CtInfo)[keyof typeof CtInfo]

/** The kernel's `IPS_*` bits (include/uapi/linux/netfilter/nf_conntrack_common.h). */
export const Status = {
  EXPECTED: 1 << 0,
  SEEN_REPLY: 1 << 1,
  ASSURED: 1 << 2,
  CONFIRMED: 1 << 3,
  SRC_NAT: 1 << 4,
  DST_NAT: 1 << 5,
  SEQ_ADJUST: 1 << 6,
  SRC_NAT_DONE: 1 << 7,
  DST_NAT_DONE: 1 << 8,
  DYING: 1 << 9,
  FIXED_TIMEOUT: 1 << 10,
  TEMPLATE: 1 << 11,
  UNTRACKED: 1 << 12,
  HELPER: 1 << 13,
  OFFLOAD: 1 << 14,
  HW_OFFLOAD: 1 << 15,
} as const

/** A conntrack zone (`CT --zone`): `id` counts only in the directions that are set. Zone 0 in both is the default. */
export interface Zone {
  readonly id: number
  readonly original: boolean
  readonly reply: boolean
}
export const DEFAULT_ZONE: Zone = Object.freeze({ id: 0, original: true, reply: true })

/** The zone's number as it counts in a direction: 0 where the zone does not apply (`nf_ct_zone_id`). */
export function zoneId(zone: Zone, direction: Direction): number {
  return (direction === ORIGINAL ? zone.original : zone.reply) ? zone.id : 0
}

/** `nf_ct_zone_equal` */
export function zoneEquals(a: Zone, b: Zone, direction: Direction): boolean {
  return zoneId(a, direction) === zoneId(b, direction)
}

/** One side of a TCP connection as window tracking sees it: the kernel's `struct ip_ct_tcp_state`. Signed 32-bit, as sequence.ts computes. */
export class TcpPeer {
  end = 0
  maxEnd = 0
  maxWindow = 0
  maxAck = 0
  scale = 0
  /** `IP_CT_TCP_FLAG_*` */
  flags = 0

  clone(): TcpPeer {
    const copy = new TcpPeer()
    copy.end = this.end
    copy.maxEnd = this.maxEnd
    copy.maxWindow = this.maxWindow
    copy.maxAck = this.maxAck
    copy.scale = this.scale
    copy.flags = this.flags
    return copy
  }
}

/** The kernel's `struct ip_ct_tcp`. */
export class TcpTracking {
  readonly kind = 'tcp'
  readonly peers: [TcpPeer, TcpPeer]
  /** an index into the states of tcp-table.ts */
  state = 0
  lastDirection: Direction = ORIGINAL
  retransmissions = 0
  lastIndex = 0
  lastSequence = 0
  lastAck = 0
  lastEnd = 0
  lastWindow = 0
  lastScale = 0
  lastFlags = 0

  constructor(original = new TcpPeer(), reply = new TcpPeer()) {
    this.peers = [original, reply]
  }

  clone(): TcpTracking {
    const copy = new TcpTracking(this.peers[0].clone(), this.peers[1].clone())
    copy.state = this.state
    copy.lastDirection = this.lastDirection
    copy.retransmissions = this.retransmissions
    copy.lastIndex = this.lastIndex
    copy.lastSequence = this.lastSequence
    copy.lastAck = this.lastAck
    copy.lastEnd = this.lastEnd
    copy.lastWindow = this.lastWindow
    copy.lastScale = this.lastScale
    copy.lastFlags = this.lastFlags
    return copy
  }
}

/** The kernel's `struct ip_ct_sctp`. */
export class SctpTracking {
  readonly kind = 'sctp'
  state = 0
  vtags: [number, number] = [0, 0]
  initTags: [number, number] = [0, 0]
  lastDirection: Direction = ORIGINAL
  flags = 0

  clone(): SctpTracking {
    const copy = new SctpTracking()
    copy.state = this.state
    copy.vtags = [this.vtags[0], this.vtags[1]]
    copy.initTags = [this.initTags[0], this.initTags[1]]
    copy.lastDirection = this.lastDirection
    copy.flags = this.flags
    return copy
  }
}

/** The kernel's `struct nf_ct_gre`: how long it lasts was settled when it began, whatever the sysctls say later. */
export class GreTracking {
  readonly kind = 'gre'
  readonly timeoutMs: number
  readonly streamTimeoutMs: number

  constructor(timeoutMs: number, streamTimeoutMs: number) {
    this.timeoutMs = timeoutMs
    this.streamTimeoutMs = streamTimeoutMs
  }

  clone(): GreTracking {
    return this
  }
}

export type ProtocolTracking = TcpTracking | SctpTracking | GreTracking

/** How sequence numbers of one direction are shifted once a helper has changed a payload's length (`nf_ct_seqadj`). */
export interface SequenceAdjustment {
  readonly correctionPosition: number
  readonly offsetBefore: number
  readonly offsetAfter: number
}

/** What SYNPROXY knows of a connection that it opened (`nf_conn_synproxy`). Unsigned; replaced as a whole. */
export interface SynproxyState {
  /** The cookie: where the client has the server's sequence numbers begin. */
  readonly isn: number
  /** The timestamp that went with it. */
  readonly initialTimestamp: number
  /** How far the server's clock is ahead of that. */
  readonly timestampOffset: number
}

export type SequenceAdjustments = readonly [SequenceAdjustment | undefined, SequenceAdjustment | undefined]
const NOT_ADJUSTED: SequenceAdjustments = [undefined, undefined]

/**
 * A connection: two tuples and what is known of them (the kernel's `struct nf_conn`). NAT is nothing but a reply tuple
 * that is not the inverse of the original one.
 *
 * A connection inside a state never changes. While a packet is under way the step owns private copies (see
 * `Transaction.own`) and writes to those, as the kernel does; they become part of the next state at its commit.
 */
export class Connection {
  /** Dense, unique within a firewall's live connections; the slot in the session table. -1 until confirmed. */
  id = -1
  original: Tuple
  reply: Tuple
  /** `Status` bits */
  status = 0
  zone: Zone = DEFAULT_ZONE
  mark = 0
  /** Virtual time at which the entry dies. Before it is confirmed: the timeout itself, in ms (as in the kernel). */
  expiresAtMs = 0
  createdAtMs = 0
  /** Whether its packets are counted: accounting was on when it began (`nf_ct_acct_ext_add`). */
  isAccounted = false
  // Four numbers, not two arrays: a connection is copied for every packet of it.
  private originalPackets = 0
  private originalBytes = 0
  private replyPackets = 0
  private replyBytes = 0
  protocolState: ProtocolTracking | undefined = undefined
  /** Name of the assigned helper (`CT --helper ftp`). */
  helper: string | undefined = undefined
  /** Whatever the helper remembers; immutable, replaced as a whole. */
  helperState: unknown = undefined
  /** The connection whose expectation made this one. */
  masterId: number | undefined = undefined
  masterOriginal: Tuple | undefined = undefined
  /** By direction; replaced as a whole, so that copies of a connection may share it. */
  sequenceAdjustments: SequenceAdjustments = NOT_ADJUSTED
  /** Only of connections that SYNPROXY opened. */
  synproxy: SynproxyState | undefined = undefined
  /** Index of the interface whose address MASQUERADE took: entries go when that address goes. */
  masqueradeDevice: string | undefined = undefined
  labels: bigint = 0n
  /** Timeout policy or per-connection event mask names, when `CT` set them. */
  timeoutPolicy: string | undefined = undefined
  eventMask: readonly string[] | undefined = undefined
  /** `Change` bits of events.ts that were not told yet: they are when a packet of the connection leaves the box. */
  pendingChanges = 0
  /** The device the first packet came in on and left by, for session listings. */
  inDevice: string | undefined = undefined
  outDevice: string | undefined = undefined
  /** Which step owns this copy; undefined once committed. */
  owner: object | undefined = undefined

  constructor(original: Tuple, reply: Tuple) {
    this.original = original
    this.reply = reply
  }

  /** A private copy that may be written to. */
  clone(owner: object): Connection {
    const copy = new Connection(this.original, this.reply)
    copy.id = this.id
    copy.status = this.status
    copy.zone = this.zone
    copy.mark = this.mark
    copy.expiresAtMs = this.expiresAtMs
    copy.createdAtMs = this.createdAtMs
    copy.isAccounted = this.isAccounted
    copy.originalPackets = this.originalPackets
    copy.originalBytes = this.originalBytes
    copy.replyPackets = this.replyPackets
    copy.replyBytes = this.replyBytes
    copy.protocolState = this.protocolState?.clone()
    copy.helper = this.helper
    copy.helperState = this.helperState
    copy.masterId = this.masterId
    copy.masterOriginal = this.masterOriginal
    copy.sequenceAdjustments = this.sequenceAdjustments
    copy.synproxy = this.synproxy
    copy.masqueradeDevice = this.masqueradeDevice
    copy.labels = this.labels
    copy.timeoutPolicy = this.timeoutPolicy
    copy.eventMask = this.eventMask
    copy.pendingChanges = this.pendingChanges
    copy.inDevice = this.inDevice
    copy.outDevice = this.outDevice
    copy.owner = owner
    return copy
  }

  /** How many packets were counted: original, reply (`nf_conntrack_acct`). */
  get packets(): readonly [number, number] {
    return [this.originalPackets, this.replyPackets]
  }

  /** The sum of their IP lengths: original, reply. */
  get bytes(): readonly [number, number] {
    return [this.originalBytes, this.replyBytes]
  }

  /** Adds to the counters of a direction. */
  count(direction: Direction, packets: number, bytes: number): void {
    if (direction === ORIGINAL) {
      this.originalPackets += packets
      this.originalBytes += bytes
    } else {
      this.replyPackets += packets
      this.replyBytes += bytes
    }
  }

  /** The tuple of a direction. */
  tuple(direction: Direction): Tuple {
    return direction === ORIGINAL ? this.original : this.reply
  }

  has(bits: number): boolean {
    return (this.status & bits) !== 0
  }
}
