import { after, before } from '../conntrack/sequence.ts'
import { concat } from './bytes.ts'
import { ACK, FIN, NO_DATA, RST, type Segment, SYN } from './segment.ts'
import {
  type EarlyPiece,
  type KeepAlive,
  mayReceive,
  maySend,
  NEVER,
  RECEIVE_WINDOW,
  type TcpConnection,
} from './tcp-connection.ts'
import {
  acknowledged,
  closed,
  emit,
  resendFirst,
  sendPending,
  sendSyn,
  type TcpOutput,
} from './tcp-output.ts'

/*
 * One end of TCP (RFC 9293 3.10) as a pure function: a connection and a segment in, the next connection out; segments
 * to send and news for the program go to `out`. Left out, since no firewall cares: congestion control, window scaling,
 * SACK, timestamps, urgent data and Nagle's algorithm.
 *
 *     CLOSED → SYN-SENT ──────────────→ ESTAB → FIN-WAIT-1 → FIN-WAIT-2 → TIME-WAIT → CLOSED
 *     LISTEN → SYN-RECV ──────────────↗   │          ╰→ CLOSING ──────────↗
 *                                         ╰→ CLOSE-WAIT → LAST-ACK → CLOSED
 */

/** What the connection makes of a segment that belongs to it. */
export function onSegment(connection: TcpConnection, segment: Segment, out: TcpOutput): TcpConnection {
  const next = connection.clone()
  next.lastHeardMs = out.nowMs
  next.probesSent = 0
  if (next.keepAlive !== undefined) next.probeAtMs = out.nowMs + next.keepAlive.idleMs
  if (next.state === 'SYN-SENT') inSynSent(next, segment, out)
  else if (isAcceptable(next, segment)) inWindow(next, segment, out)
  else outsideWindow(next, segment, out)
  return next
}

/** A connection in SYN-RECV, made by a listening socket for a SYN. */
export function onListenedSyn(connection: TcpConnection, segment: Segment, out: TcpOutput): TcpConnection {
  const next = connection.clone()
  takePeerSyn(next, segment, out)
  sendSyn(next, out)
  return next
}

function inSynSent(connection: TcpConnection, segment: Segment, out: TcpOutput): void {
  const { flags } = segment
  const acks = (flags & ACK) !== 0
  if (acks && segment.ack !== connection.sendNext) {
    if ((flags & RST) === 0) emit(connection, RST, segment.ack, NO_DATA, out)
    return
  }
  if ((flags & RST) !== 0) {
    if (!acks) return
    out.event(connection, { kind: 'refused' })
    closed(connection)
    return
  }
  if ((flags & SYN) === 0) return
  takePeerSyn(connection, segment, out)
  if (!acks) {
    connection.state = 'SYN-RECV'
    sendSyn(connection, out)
    return
  }
  connection.sendUnacknowledged = segment.ack
  connection.state = 'ESTAB'
  acknowledged(connection, segment.ack, out)
  // The third packet of the handshake does not wait for data to travel with.
  emit(connection, ACK, connection.sendNext, NO_DATA, out)
  sendPending(connection, out)
  out.event(connection, { kind: 'connected' })
}

function takePeerSyn(connection: TcpConnection, segment: Segment, out: TcpOutput): void {
  connection.peerInitialSequence = segment.seq
  connection.receiveNext = (segment.seq + 1) | 0
  connection.sendWindow = segment.window
  connection.lastHeardMs = out.nowMs
  connection.mss = Math.min(connection.mss, segment.mss === 0 ? 536 : segment.mss)
}

/** Linux's `tcp_sequence`: anything that touches the window. */
function isAcceptable(connection: TcpConnection, segment: Segment): boolean {
  const { receiveNext } = connection
  const end = segmentEnd(segment)
  return !before(end, receiveNext) && !after(segment.seq, (receiveNext + RECEIVE_WINDOW) | 0)
}

function segmentEnd({ seq, data, flags }: Segment): number {
  return (seq + data.length + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0)) | 0
}

function outsideWindow(connection: TcpConnection, segment: Segment, out: TcpOutput): void {
  if ((segment.flags & RST) !== 0) return
  const sameSyn = (segment.flags & SYN) !== 0 && segment.seq === connection.peerInitialSequence
  if (connection.state === 'SYN-RECV' && sameSyn) {
    resendFirst(connection, out)
    return
  }
  connection.acknowledge = true
  if (connection.state === 'TIME-WAIT') connection.goneAtMs = out.nowMs + connection.settings.timeWaitMs
}

function inWindow(connection: TcpConnection, segment: Segment, out: TcpOutput): void {
  const { flags } = segment
  if ((flags & RST) !== 0) {
    onReset(connection, segment, out)
    return
  }
  if ((flags & SYN) !== 0) {
    // RFC 5961 section 4: a SYN within a connection is only ever answered by an acknowledgment.
    connection.acknowledge = true
    return
  }
  if ((flags & ACK) === 0 || !onAcknowledgment(connection, segment, out)) return
  onData(connection, segment, out)
  sendPending(connection, out)
}

/** RFC 5961 section 3: only the exact sequence number resets; otherwise the sender is asked. */
function onReset(connection: TcpConnection, segment: Segment, out: TcpOutput): void {
  if (segment.seq !== connection.receiveNext) {
    connection.acknowledge = true
    return
  }
  const { state } = connection
  if (state === 'SYN-RECV' && connection.active) out.event(connection, { kind: 'refused' })
  else if (state !== 'SYN-RECV' && state !== 'TIME-WAIT') out.event(connection, { kind: 'reset' })
  closed(connection)
}

/** False: the segment is of no further use. */
function onAcknowledgment(connection: TcpConnection, segment: Segment, out: TcpOutput): boolean {
  const { ack } = segment
  if (connection.state === 'SYN-RECV') {
    if (ack !== connection.sendNext) {
      emit(connection, RST, ack, NO_DATA, out)
      return false
    }
    connection.state = 'ESTAB'
    connection.sendUnacknowledged = ack
    connection.sendWindow = segment.window
    acknowledged(connection, ack, out)
    out.event(connection, { kind: connection.active ? 'connected' : 'accepted' })
    return true
  }
  if (after(ack, connection.sendNext)) {
    connection.acknowledge = true
    return false
  }
  connection.sendWindow = segment.window
  if (after(ack, connection.sendUnacknowledged)) {
    const count = (ack - connection.sendUnacknowledged) | 0
    connection.buffer = connection.buffer.subarray(Math.min(count, connection.buffer.length))
    connection.sendUnacknowledged = ack
    acknowledged(connection, ack, out)
  }
  if (connection.finSent && ack === connection.sendNext) onFinAcknowledged(connection, out)
  return connection.state !== 'CLOSED'
}

function onFinAcknowledged(connection: TcpConnection, out: TcpOutput): void {
  if (connection.state === 'FIN-WAIT-1') {
    connection.state = 'FIN-WAIT-2'
    if (connection.orphaned) connection.goneAtMs = out.nowMs + connection.settings.finTimeoutMs
  } else if (connection.state === 'CLOSING') enterTimeWait(connection, out)
  else if (connection.state === 'LAST-ACK') {
    out.event(connection, { kind: 'closed' })
    closed(connection)
  }
}

function enterTimeWait(connection: TcpConnection, out: TcpOutput): void {
  connection.state = 'TIME-WAIT'
  connection.retransmitAtMs = NEVER
  connection.probeAtMs = NEVER
  connection.goneAtMs = out.nowMs + connection.settings.timeWaitMs
  out.event(connection, { kind: 'closed' })
}

function onData(connection: TcpConnection, segment: Segment, out: TcpOutput): void {
  const fin = (segment.flags & FIN) !== 0
  if (segment.data.length === 0 && !fin) {
    // An old sequence number without data is a keep-alive.
    if (before(segment.seq, connection.receiveNext)) connection.acknowledge = true
    return
  }
  connection.acknowledge = true
  if (connection.state === 'TIME-WAIT') {
    connection.goneAtMs = out.nowMs + connection.settings.timeWaitMs
    return
  }
  if (!mayReceive(connection.state)) return
  if (connection.orphaned && segment.data.length > 0) {
    emit(connection, RST, segment.ack, NO_DATA, out)
    closed(connection)
    return
  }
  take(connection, { seq: segment.seq, data: segment.data, fin }, out)
  for (let next = takeEarly(connection); next !== undefined; next = takeEarly(connection))
    take(connection, next, out)
}

/** Takes a piece if it is the next one, else keeps it for later. */
function take(connection: TcpConnection, piece: EarlyPiece, out: TcpOutput): void {
  const overlap = (connection.receiveNext - piece.seq) | 0
  if (overlap < 0) {
    if (!connection.early.some(({ seq }) => seq === piece.seq))
      connection.early = [...connection.early, piece]
    return
  }
  if (overlap > piece.data.length) return
  const data = piece.data.subarray(overlap)
  if (data.length > 0) {
    connection.receiveNext = (connection.receiveNext + data.length) | 0
    out.event(connection, { kind: 'data', data })
  }
  if (piece.fin) onFin(connection, out)
}

function takeEarly(connection: TcpConnection): EarlyPiece | undefined {
  const found = connection.early.find(({ seq }) => !after(seq, connection.receiveNext))
  if (found !== undefined) connection.early = connection.early.filter(piece => piece !== found)
  return found
}

function onFin(connection: TcpConnection, out: TcpOutput): void {
  connection.receiveNext = (connection.receiveNext + 1) | 0
  if (connection.state === 'ESTAB') connection.state = 'CLOSE-WAIT'
  else if (connection.state === 'FIN-WAIT-1') connection.state = 'CLOSING'
  out.event(connection, { kind: 'ended' })
  if (connection.state === 'FIN-WAIT-2') enterTimeWait(connection, out)
}

/** The program writes. */
export function write(connection: TcpConnection, data: Uint8Array, out: TcpOutput): TcpConnection {
  if (connection.finishing || data.length === 0 || connection.state === 'CLOSED') return connection
  const next = connection.clone()
  next.buffer = concat(next.buffer, data)
  if (maySend(next.state)) sendPending(next, out)
  return next
}

/** The program has nothing more to say: a FIN follows what is still to be sent, also what waits for the connection. */
export function finish(connection: TcpConnection, out: TcpOutput): TcpConnection {
  if (connection.finishing || connection.state === 'CLOSED') return connection
  const next = connection.clone()
  next.finishing = true
  if (next.state === 'SYN-SENT' && next.buffer.length === 0) return closed(next)
  sendPending(next, out)
  return next
}

/** The program breaks it off: a RST, and nothing remains. */
export function abort(connection: TcpConnection, out: TcpOutput): TcpConnection {
  const next = connection.clone()
  const { state } = next
  if (state !== 'SYN-SENT' && state !== 'TIME-WAIT' && state !== 'CLOSED')
    emit(next, RST | ACK, next.sendNext, NO_DATA, out)
  return closed(next)
}

/** Its program has gone: nobody reads any more. */
export function orphan(connection: TcpConnection, out: TcpOutput): TcpConnection {
  if (connection.state === 'SYN-SENT') return closed(connection.clone())
  const next = finish(connection, out).clone()
  next.orphaned = true
  next.pid = 0
  if (next.state === 'FIN-WAIT-2') next.goneAtMs = out.nowMs + next.settings.finTimeoutMs
  return next
}

export function setKeepAlive(
  connection: TcpConnection,
  keepAlive: KeepAlive | undefined,
  out: TcpOutput,
): TcpConnection {
  const next = connection.clone()
  next.keepAlive = keepAlive
  next.probeAtMs = keepAlive === undefined ? NEVER : out.nowMs + keepAlive.idleMs
  return next
}

/** A router says that segments are too big: what is unacknowledged is sent again in smaller ones. */
export function onTooBig(connection: TcpConnection, mtu: number, out: TcpOutput): TcpConnection {
  const mss = mtu - (connection.tuple.family === 4 ? 40 : 60)
  if (mss < 1 || mss >= connection.mss) return connection
  const next = connection.clone()
  next.mss = mss
  next.recovering = true
  next.recoverUntil = next.sendNext
  resendFirst(next, out)
  return next
}
