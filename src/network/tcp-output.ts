import { after, before } from '../conntrack/sequence.ts'
import { ACK, FIN, NO_DATA, PSH, RST, type Segment, SYN } from './segment.ts'
import { INITIAL_RTO_MS, maySend, NEVER, RECEIVE_WINDOW, type TcpConnection } from './tcp-connection.ts'

/** What an end does besides changing itself. */
export interface TcpOutput {
  readonly nowMs: number
  send(segment: Segment): void
  /** Something its program wants to know. */
  event(connection: TcpConnection, event: TcpEvent): void
}

export type TcpEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'data'; readonly data: Uint8Array }
  /** The other end has sent its FIN. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'timeout' }

const MIN_RTO_MS = 200
const MAX_RTO_MS = 120_000

/** One segment of a connection, from sequence number `seq` on. */
export function emit(
  connection: TcpConnection,
  flags: number,
  seq: number,
  data: Uint8Array,
  out: TcpOutput,
): void {
  const { tuple } = connection
  if ((flags & ACK) !== 0) connection.acknowledge = false
  out.send({
    source: tuple.source,
    destination: tuple.destination,
    sourcePort: tuple.sport,
    destinationPort: tuple.dport,
    seq,
    ack: (flags & ACK) === 0 ? 0 : connection.receiveNext,
    flags,
    window: (flags & RST) === 0 ? RECEIVE_WINDOW : 0,
    mss: (flags & SYN) === 0 ? 0 : connection.mss,
    data,
  })
}

/** Sends the SYN or the SYN/ACK. */
export function sendSyn(connection: TcpConnection, out: TcpOutput): void {
  const flags = connection.state === 'SYN-SENT' ? SYN : SYN | ACK
  emit(connection, flags, connection.initialSequence, NO_DATA, out)
  connection.sendNext = (connection.initialSequence + 1) | 0
  if (connection.retries === 0) startTiming(connection, out.nowMs)
  armRetransmit(connection, out.nowMs)
}

/** Sends what the window allows: data, then the FIN. */
export function sendPending(connection: TcpConnection, out: TcpOutput): void {
  if (!maySend(connection.state)) return
  while (connection.unsent > 0) {
    const inFlight = (connection.sendNext - connection.sendUnacknowledged) | 0
    const room = connection.sendWindow - inFlight
    if (room <= 0) {
      if (connection.retransmitAtMs === NEVER) armRetransmit(connection, out.nowMs)
      return
    }
    const size = Math.min(connection.mss, connection.unsent, room)
    const data = connection.buffer.subarray(inFlight, inFlight + size)
    const seq = connection.sendNext
    connection.sendNext = (seq + size) | 0
    startTiming(connection, out.nowMs)
    emit(connection, connection.unsent === 0 ? ACK | PSH : ACK, seq, data, out)
    if (connection.retransmitAtMs === NEVER) armRetransmit(connection, out.nowMs)
  }
  if (connection.finishing && !connection.finSent) sendFin(connection, out)
}

function sendFin(connection: TcpConnection, out: TcpOutput): void {
  const seq = connection.sendNext
  connection.finSent = true
  connection.sendNext = (seq + 1) | 0
  connection.state = connection.state === 'ESTAB' ? 'FIN-WAIT-1' : 'LAST-ACK'
  emit(connection, ACK | FIN, seq, NO_DATA, out)
  if (connection.retransmitAtMs === NEVER) armRetransmit(connection, out.nowMs)
}

/** Sends the first unacknowledged segment once more. */
export function resendFirst(connection: TcpConnection, out: TcpOutput): void {
  if (connection.state === 'SYN-SENT' || connection.state === 'SYN-RECV') {
    sendSyn(connection, out)
    return
  }
  const seq = connection.sendUnacknowledged
  const sent = (connection.sendNext - seq - (connection.finSent ? 1 : 0)) | 0
  if (sent > 0)
    emit(connection, ACK | PSH, seq, connection.buffer.subarray(0, Math.min(sent, connection.mss)), out)
  else if (connection.finSent) emit(connection, ACK | FIN, seq, NO_DATA, out)
  else if (connection.buffer.length > 0) {
    // The window is shut: a byte into it, to hear whether it still is (RFC 9293 3.8.6.1).
    connection.sendNext = (seq + 1) | 0
    emit(connection, ACK | PSH, seq, connection.buffer.subarray(0, 1), out)
  }
}

/** An acknowledgment, or whatever carries one, if one is due. */
export function flushAcknowledgment(connection: TcpConnection, out: TcpOutput): void {
  if (connection.acknowledge) emit(connection, ACK, connection.sendNext, NO_DATA, out)
}

function armRetransmit(connection: TcpConnection, nowMs: number): void {
  connection.retransmitAtMs = nowMs + connection.rtoMs
}

function startTiming(connection: TcpConnection, nowMs: number): void {
  if (connection.timedSinceMs >= 0) return
  connection.timedSequence = connection.sendNext
  connection.timedSinceMs = nowMs
}

/** A new acknowledgment: the timers start again, and the round trip may have been timed (RFC 6298). */
export function acknowledged(connection: TcpConnection, ack: number, out: TcpOutput): void {
  const { nowMs } = out
  if (connection.timedSinceMs >= 0 && !before(ack, connection.timedSequence)) {
    measure(connection, nowMs - connection.timedSinceMs)
    connection.timedSinceMs = -1
  }
  if (connection.retries > 0) connection.rtoMs = rtoOf(connection)
  connection.retries = 0
  connection.retransmitAtMs = NEVER
  if (after(connection.sendNext, ack)) armRetransmit(connection, nowMs)
  if (!connection.recovering) return
  connection.recovering = before(ack, connection.recoverUntil)
  if (connection.recovering) resendFirst(connection, out)
}

/** Linux's floor: the variation counts for at least 200 ms. */
function measure(connection: TcpConnection, rttMs: number): void {
  if (connection.smoothedRttMs < 0) {
    connection.smoothedRttMs = rttMs
    connection.rttVariationMs = rttMs / 2
  } else {
    const error = Math.abs(connection.smoothedRttMs - rttMs)
    connection.rttVariationMs = (3 * connection.rttVariationMs + error) / 4
    connection.smoothedRttMs = (7 * connection.smoothedRttMs + rttMs) / 8
  }
  connection.rtoMs = rtoOf(connection)
}

function rtoOf({ smoothedRttMs, rttVariationMs }: TcpConnection): number {
  if (smoothedRttMs < 0) return INITIAL_RTO_MS
  return Math.ceil(Math.min(MAX_RTO_MS, smoothedRttMs + Math.max(MIN_RTO_MS, 4 * rttVariationMs)))
}

/** What has to be done since its time has come. */
export function onTimer(connection: TcpConnection, out: TcpOutput): TcpConnection {
  const { nowMs } = out
  const next = connection.clone()
  if (next.goneAtMs <= nowMs) return closed(next)
  if (next.retransmitAtMs <= nowMs) retransmit(next, out)
  else if (next.probeAtMs <= nowMs) probe(next, out)
  return next
}

function retransmit(connection: TcpConnection, out: TcpOutput): void {
  const { state, settings } = connection
  const limit =
    state === 'SYN-SENT'
      ? settings.synRetries
      : state === 'SYN-RECV'
        ? settings.synAckRetries
        : settings.dataRetries
  if (connection.retries >= limit) {
    out.event(connection, { kind: 'timeout' })
    closed(connection)
    return
  }
  connection.retries++
  connection.rtoMs = Math.min(MAX_RTO_MS, connection.rtoMs * 2)
  // A segment that was sent twice says nothing about the round trip (Karn).
  connection.timedSinceMs = -1
  connection.recovering = true
  connection.recoverUntil = connection.sendNext
  resendFirst(connection, out)
  armRetransmit(connection, out.nowMs)
}

/** A keep-alive: an old sequence number, so that the other end has to answer. */
function probe(connection: TcpConnection, out: TcpOutput): void {
  const { keepAlive } = connection
  if (keepAlive === undefined) return
  if (connection.probesSent >= keepAlive.probes) {
    emit(connection, RST | ACK, connection.sendNext, NO_DATA, out)
    out.event(connection, { kind: 'timeout' })
    closed(connection)
    return
  }
  connection.probesSent++
  connection.probeAtMs = out.nowMs + keepAlive.intervalMs
  emit(connection, ACK, (connection.sendNext - 1) | 0, NO_DATA, out)
}

/** The end of a connection; nothing is due any more. */
export function closed(connection: TcpConnection): TcpConnection {
  connection.state = 'CLOSED'
  connection.retransmitAtMs = NEVER
  connection.goneAtMs = NEVER
  connection.probeAtMs = NEVER
  connection.acknowledge = false
  return connection
}
