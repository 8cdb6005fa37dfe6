import type { Tuple } from '../conntrack/tuple.ts'
import { NO_DATA } from './segment.ts'

/** RFC 9293's states, spelled as `ss` does. */
export type TcpState =
  | 'SYN-SENT'
  | 'SYN-RECV'
  | 'ESTAB'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'
  | 'CLOSED'

/** What a host's sysctls say about TCP; Linux's defaults. */
export interface TcpSettings {
  /** How often a SYN is sent again; 6 make a connect fail after 127 s. */
  readonly synRetries: number
  readonly synAckRetries: number
  /** How often data is sent again before the connection is given up. */
  readonly dataRetries: number
  readonly timeWaitMs: number
  /** How long FIN-WAIT-2 lasts when no program holds the socket any more. */
  readonly finTimeoutMs: number
}

/** How often and how long TCP tries, as Linux does by default. */
export const TCP_DEFAULTS: TcpSettings = {
  synRetries: 6,
  synAckRetries: 5,
  dataRetries: 15,
  timeWaitMs: 60_000,
  finTimeoutMs: 60_000,
}

/** `SO_KEEPALIVE`: after how long a silence a probe goes out, how far apart they are, how many may stay unanswered. */
export interface KeepAlive {
  readonly idleMs: number
  readonly intervalMs: number
  readonly probes: number
}

export const INITIAL_RTO_MS = 1000
export const NEVER = Number.POSITIVE_INFINITY
/** What every socket here offers; programs read at once, so it never shrinks. */
export const RECEIVE_WINDOW = 64240

/**
 * One end of a TCP connection. Sequence numbers are signed 32-bit integers. A value: the endpoint's functions copy it
 * and write to the copy.
 */
export class TcpConnection {
  readonly id: number
  /** From this end to the other. */
  readonly tuple: Tuple
  /** Whose it is; 0 for nobody's: a connection that was not accepted yet, or whose program has gone. */
  pid: number
  state: TcpState
  /** A program opened it, or a listening socket did. */
  readonly active: boolean
  readonly settings: TcpSettings
  /** Its program has gone: who sends data now gets a RST. */
  orphaned = false

  readonly initialSequence: number
  /** The first sequence number not acknowledged yet. */
  sendUnacknowledged: number
  sendNext: number
  sendWindow = 0
  peerInitialSequence = 0
  receiveNext = 0
  /** The largest piece of data that goes into a segment. */
  mss: number
  /** Sent but not acknowledged, and not sent yet; begins at `sendUnacknowledged` (behind the SYN). */
  buffer: Uint8Array = NO_DATA
  /** Nothing more will be written: a FIN follows the buffer. */
  finishing = false
  finSent = false
  /** Pieces that came too early. */
  early: readonly EarlyPiece[] = []
  acknowledge = false

  retries = 0
  rtoMs = INITIAL_RTO_MS
  smoothedRttMs = -1
  rttVariationMs = 0
  /** Sequence number whose acknowledgment is timed, and since when; −1 for none. */
  timedSequence = 0
  timedSinceMs = -1
  /** After a timeout: everything up to here is sent again as the acknowledgments come. */
  recoverUntil = 0
  recovering = false

  /** When something unacknowledged is sent again. */
  retransmitAtMs = NEVER
  /** When TIME-WAIT or an orphan's FIN-WAIT-2 is over. */
  goneAtMs = NEVER
  keepAlive: KeepAlive | undefined = undefined
  probeAtMs = NEVER
  probesSent = 0
  lastHeardMs = 0
  /** The earliest event that is in the network's queue for it. */
  timerQueuedAtMs = NEVER

  constructor(
    id: number,
    tuple: Tuple,
    pid: number,
    state: TcpState,
    initialSequence: number,
    mss: number,
    settings: TcpSettings,
  ) {
    this.id = id
    this.tuple = tuple
    this.pid = pid
    this.state = state
    this.active = state === 'SYN-SENT'
    this.initialSequence = initialSequence
    this.sendUnacknowledged = initialSequence
    this.sendNext = initialSequence
    this.mss = mss
    this.settings = settings
  }

  clone(): TcpConnection {
    const copy = new TcpConnection(
      this.id,
      this.tuple,
      this.pid,
      this.active ? 'SYN-SENT' : 'SYN-RECV',
      this.initialSequence,
      this.mss,
      this.settings,
    )
    copy.state = this.state
    copy.orphaned = this.orphaned
    copy.sendUnacknowledged = this.sendUnacknowledged
    copy.sendNext = this.sendNext
    copy.sendWindow = this.sendWindow
    copy.peerInitialSequence = this.peerInitialSequence
    copy.receiveNext = this.receiveNext
    copy.buffer = this.buffer
    copy.finishing = this.finishing
    copy.finSent = this.finSent
    copy.early = this.early
    copy.acknowledge = this.acknowledge
    copy.retries = this.retries
    copy.rtoMs = this.rtoMs
    copy.smoothedRttMs = this.smoothedRttMs
    copy.rttVariationMs = this.rttVariationMs
    copy.timedSequence = this.timedSequence
    copy.timedSinceMs = this.timedSinceMs
    copy.recoverUntil = this.recoverUntil
    copy.recovering = this.recovering
    copy.retransmitAtMs = this.retransmitAtMs
    copy.goneAtMs = this.goneAtMs
    copy.keepAlive = this.keepAlive
    copy.probeAtMs = this.probeAtMs
    copy.probesSent = this.probesSent
    copy.lastHeardMs = this.lastHeardMs
    copy.timerQueuedAtMs = this.timerQueuedAtMs
    return copy
  }

  /** Bytes that are in the buffer and were never sent. */
  get unsent(): number {
    const inFlight = (this.sendNext - this.sendUnacknowledged) | 0
    return Math.max(0, this.buffer.length - (inFlight - (this.finSent ? 1 : 0)))
  }

  /** When it has to be looked at again at the latest. */
  get deadlineMs(): number {
    return Math.min(this.retransmitAtMs, this.goneAtMs, this.probeAtMs)
  }
}

export interface EarlyPiece {
  readonly seq: number
  readonly data: Uint8Array
  readonly fin: boolean
}

/** The states in which both ends know each other's sequence numbers and data may still be sent. */
export function maySend(state: TcpState): boolean {
  return state === 'ESTAB' || state === 'CLOSE-WAIT'
}

/** The states in which data may still come. */
export function mayReceive(state: TcpState): boolean {
  return state === 'ESTAB' || state === 'FIN-WAIT-1' || state === 'FIN-WAIT-2'
}
