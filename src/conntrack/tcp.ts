import { transportChecksumValid } from '../packet/checksum.ts'
import { type Connection, Status, TcpPeer, TcpTracking } from './connection.ts'
import { killConnection } from './destroy.ts'
import { Change } from './events.ts'
import { before } from './sequence.ts'
import { readSynOptions, TcpFlag } from './tcp-options.ts'
import { areFlagsValid, TCP_RST, TcpSegment } from './tcp-segment.ts'
import { nextTcpState, Segment, TCP_SEGMENTS, TCP_STATES, TcpState } from './tcp-table.ts'
import { tcpTimeout } from './tcp-timeout.ts'
import { checkWindow, Window } from './tcp-window.ts'
import { type ProtocolTracker, Tracked, type TrackedPacket } from './tracker.ts'

/**
 * TCP. The state table says what a segment would lead to; then come the cases in which the table is wrong because this
 * box may be out of step with the ends; then the windows; then the timer. After `nf_conntrack_tcp_packet` in
 * net/netfilter/nf_conntrack_proto_tcp.c.
 */
export const TCP_TRACKER: ProtocolTracker = {
  track,
  stateName: connection => TCP_STATES[(connection.protocolState as TcpTracking).state],
}

function track(packet: TrackedPacket): Tracked {
  const { connection, skb, dataOffset } = packet
  if (skb.bytes.length < dataOffset + 20) return packet.invalid('the packet is too short for a TCP header')
  const segment = new TcpSegment(skb, dataOffset)
  const error = segmentError(packet, segment)
  if (error !== '') return packet.invalid(error)

  const kind = segment.kind
  if ((connection.status & Status.CONFIRMED) === 0 && !open(packet, segment, kind)) return Tracked.INVALID
  const tcp = connection.protocolState as TcpTracking
  const old = tcp.state
  const next = nextTcpState(packet.direction, kind, old)
  switch (next) {
    case TcpState.SYN_SENT:
      if (old < TcpState.TIME_WAIT) return inWindow(packet, segment, kind, old, next)
      if (mayReopen(tcp, packet.direction)) {
        killConnection(connection, packet.context, 'a SYN opens the closed connection again')
        return Tracked.REPEAT
      }
      return ignoreSegment(packet, segment, kind)
    case TcpState.IGNORE:
      return ignoreSegment(packet, segment, kind)
    case TcpState.INVALID:
      if (isKeepaliveForProxy(packet, segment, kind, old))
        return packet.ignore(
          'a keepalive of a client whom SYNPROXY has answered for a server that has not yet',
        )
      return packet.invalid(`${TCP_SEGMENTS[kind]} in state ${TCP_STATES[old]} is invalid`)
    case TcpState.TIME_WAIT:
      if (isChallengeAck(tcp, packet.direction, kind)) {
        tcp.lastFlags &= ~TcpFlag.EXPECT_CHALLENGE_ACK
        return packet.ignore('challenge ACK in answer to an ignored SYN (RFC 5961)')
      }
      break
    case TcpState.SYN_SENT2:
      tcp.lastFlags |= TcpFlag.SIMULTANEOUS_OPEN
      break
    case TcpState.SYN_RECV:
      if (packet.direction === 1 && kind === Segment.ACK && (tcp.lastFlags & TcpFlag.SIMULTANEOUS_OPEN) !== 0)
        return inWindow(packet, segment, kind, old, TcpState.ESTABLISHED)
      break
    case TcpState.CLOSE:
      if (kind === Segment.RST) return reset(packet, segment)
      break
  }
  return inWindow(packet, segment, kind, old, next)
}

/**
 * The SYN to the server or the answer to it was lost, and the client asks whether anybody is there: SYNPROXY needs to
 * know which connection that is.
 */
function isKeepaliveForProxy(packet: TrackedPacket, segment: TcpSegment, kind: number, old: number): boolean {
  const { connection, direction } = packet
  const tcp = connection.protocolState as TcpTracking
  return (
    connection.synproxy !== undefined &&
    old === TcpState.SYN_SENT &&
    kind === Segment.ACK &&
    direction === 0 &&
    tcp.lastDirection === 0 &&
    ((tcp.peers[0].end - 1) | 0) === segment.sequence
  )
}

/** `tcp_error`: what is wrong with the segment itself; '' if nothing. */
function segmentError(packet: TrackedPacket, segment: TcpSegment): string {
  if (segment.headerLength < 20 || packet.skb.bytes.length - packet.dataOffset < segment.headerLength)
    return 'the TCP header is cut off or says an impossible length'
  if (packet.verifiesChecksum && !transportChecksumValid(packet.skb)) return 'bad TCP checksum'
  if (!areFlagsValid(segment.flags)) return 'invalid combination of TCP flags'
  return ''
}

/** `tcp_new`: the first packet of a connection. A SYN, or with tcp_loose an ACK from the middle of one. */
function open(packet: TrackedPacket, segment: TcpSegment, kind: number): boolean {
  const state = nextTcpState(0, kind, TcpState.NONE)
  if (state >= TcpState.INVALID) {
    packet.reason = `${TCP_SEGMENTS[kind]} cannot open a connection`
    return false
  }
  const picksUp = state !== TcpState.SYN_SENT
  if (picksUp && !packet.context.sysctls.tcpLoose) {
    packet.reason = 'an ACK without connection, and tcp_loose is off'
    return false
  }
  const tcp = new TcpTracking()
  const [client, server] = tcp.peers
  client.end = segment.end
  client.maxWindow = segment.window === 0 ? 1 : segment.window
  client.maxEnd = picksUp ? (client.end + client.maxWindow) | 0 : client.end
  if (picksUp) {
    // Its scale is unknown: take SACK to be permitted, and do not check windows.
    client.flags = TcpFlag.SACK_PERMITTED | TcpFlag.BE_LIBERAL
    server.flags = client.flags
  } else readSynOptions(segment.bytes, segment.optionsOffset, segment.optionsLength, client)
  tcp.lastIndex = Segment.NONE
  packet.connection.protocolState = tcp
  return true
}

/** A closed connection is opened again if it ended by FINs, or the one who opens it is the one who reset it. */
function mayReopen(tcp: TcpTracking, direction: number): boolean {
  return (
    ((tcp.peers[0].flags | tcp.peers[1].flags) & TcpFlag.CLOSE_INIT) !== 0 ||
    (tcp.lastDirection === direction && tcp.lastIndex === Segment.RST)
  )
}

function isChallengeAck(tcp: TcpTracking, direction: number, kind: number): boolean {
  return (
    tcp.state === TcpState.LAST_ACK &&
    kind === Segment.ACK &&
    tcp.lastDirection !== direction &&
    tcp.lastIndex === Segment.SYN &&
    (tcp.lastFlags & TcpFlag.EXPECT_CHALLENGE_ACK) !== 0
  )
}

/**
 * The ends may know of a connection that this box does not: the segment passes and is remembered, for the answer will
 * tell. A SYN/ACK that acknowledges a remembered SYN proves the ends right: their connection takes over the entry.
 */
function ignoreSegment(packet: TrackedPacket, segment: TcpSegment, kind: number): Tracked {
  const { direction } = packet
  const tcp = packet.connection.protocolState as TcpTracking
  if (
    kind === Segment.SYN_ACK &&
    tcp.lastIndex === Segment.SYN &&
    tcp.lastDirection !== direction &&
    segment.acknowledgment === tcp.lastEnd
  ) {
    const opener = tcp.peers[tcp.lastDirection]
    opener.end = tcp.lastEnd
    opener.maxEnd = tcp.lastEnd
    opener.maxWindow = tcp.lastWindow === 0 ? 1 : tcp.lastWindow
    opener.scale = tcp.lastScale
    tcp.lastFlags &= ~TcpFlag.EXPECT_CHALLENGE_ACK
    opener.flags = tcp.lastFlags
    const answerer = new TcpPeer()
    answerer.flags = tcp.peers[direction].flags & TcpFlag.BE_LIBERAL
    tcp.peers[direction] = answerer
    return inWindow(packet, segment, kind, TcpState.SYN_SENT, TcpState.SYN_RECV)
  }
  tcp.lastIndex = kind
  tcp.lastDirection = direction
  tcp.lastSequence = segment.sequence
  tcp.lastEnd = segment.end
  tcp.lastWindow = segment.window
  if (kind === Segment.SYN && direction === 0) rememberOptions(tcp, segment)
  // Possibly the challenge ACK that answers a SYN.
  if (tcp.state === TcpState.SYN_SENT && kind === Segment.ACK && direction === 1)
    tcp.lastAck = segment.acknowledgment
  packet.ignored = true
  if (packet.context.recorder !== undefined)
    packet.reason = `${TCP_SEGMENTS[kind]} in state ${TCP_STATES[tcp.state]} is ignored: the ends may be ahead of this box`
  return Tracked.ACCEPT
}

function rememberOptions(tcp: TcpTracking, segment: TcpSegment): void {
  const seen = new TcpPeer()
  readSynOptions(segment.bytes, segment.optionsOffset, segment.optionsLength, seen)
  tcp.lastFlags = seen.flags & (TcpFlag.WINDOW_SCALE | TcpFlag.SACK_PERMITTED)
  tcp.lastScale = seen.scale
  // An ACK after a SYN in LAST_ACK may be a challenge, and not the ACK of the last FIN.
  if (tcp.state === TcpState.LAST_ACK) tcp.lastFlags |= TcpFlag.EXPECT_CHALLENGE_ACK
}

/** A RST must be exact, or it could be forged: see RFC 5961 3.2 for the challenge that a merely possible one meets. */
function reset(packet: TrackedPacket, segment: TcpSegment): Tracked {
  const { connection, direction } = packet
  const tcp = connection.protocolState as TcpTracking
  const old = tcp.state
  const close = TcpState.CLOSE
  // The tuple may have been used again already: nothing that is remembered about a closing connection is good for checks.
  if (isClosing(connection)) return settle(packet, segment, Segment.RST, old, close)
  const peer = tcp.peers[direction === 0 ? 1 : 0]
  let next: number = close
  // What the peer has acknowledged is out of date once a SYN was let through.
  if ((peer.flags & TcpFlag.MAX_ACK_SET) !== 0 && tcp.lastIndex !== Segment.SYN) {
    const { sequence } = segment
    const established = old === TcpState.ESTABLISHED && connection.has(Status.ASSURED)
    // Sequence 0 outside of ESTABLISHED: most likely the answer to a SYN that was let through.
    if (sequence === 0 && !established) return inWindow(packet, segment, Segment.RST, old, close)
    if (before(sequence, peer.maxAck) && !packet.context.sysctls.tcpIgnoreInvalidRst)
      return packet.invalid('RST below the highest acknowledged sequence number')
    if (!established || sequence === peer.maxAck) return inWindow(packet, segment, Segment.RST, old, close)
    // Right behind data of its own.
    if (tcp.lastIndex === Segment.ACK && tcp.lastDirection === direction && sequence === tcp.lastEnd)
      return inWindow(packet, segment, Segment.RST, old, close)
    // Possible but not exact: the receiver answers with a challenge ACK, so the state stays.
    next = old
  }
  const answersIgnored =
    (connection.has(Status.SEEN_REPLY) && tcp.lastIndex === Segment.SYN && tcp.lastDirection !== direction) ||
    (!connection.has(Status.ASSURED) && tcp.lastIndex === Segment.ACK)
  if (answersIgnored && segment.acknowledgment === tcp.lastEnd)
    return settle(packet, segment, Segment.RST, old, next)
  // In answer to a challenge ACK that was let through.
  if (
    old === TcpState.SYN_SENT &&
    tcp.lastIndex === Segment.ACK &&
    tcp.lastDirection === 1 &&
    segment.sequence === tcp.lastAck
  )
    return settle(packet, segment, Segment.RST, old, next)
  return inWindow(packet, segment, Segment.RST, old, next)
}

/** The table is content: are the windows? */
function inWindow(
  packet: TrackedPacket,
  segment: TcpSegment,
  kind: number,
  old: number,
  next: number,
): Tracked {
  switch (checkWindow(packet, segment, kind)) {
    case Window.ACCEPT:
      return settle(packet, segment, kind, old, next)
    case Window.IGNORE:
      packet.ignored = true
      return Tracked.ACCEPT
    case Window.INVALID:
      hastenEnd(packet, kind)
      return Tracked.INVALID
  }
}

/** The segment is good: the connection is in its next state, and lives on. */
function settle(
  packet: TrackedPacket,
  segment: TcpSegment,
  kind: number,
  old: number,
  next: number,
): Tracked {
  const { connection, direction } = packet
  const tcp = connection.protocolState as TcpTracking
  tcp.lastIndex = kind
  tcp.lastDirection = direction
  tcp.state = next
  if (old !== next && next === TcpState.FIN_WAIT) tcp.peers[direction].flags |= TcpFlag.CLOSE_INIT
  const { tcp: timeouts } = packet.timeouts
  let timeoutMs = tcpTimeout(tcp, kind, next, packet.context.sysctls.tcpMaxRetrans, timeouts)
  if (old !== next) connection.pendingChanges |= Change.PROTOCOL

  if (!connection.has(Status.SEEN_REPLY)) {
    if (segment.has(TCP_RST)) {
      packet.count()
      killConnection(connection, packet.context, 'the only answer was a RST')
      return Tracked.ACCEPT
    }
    // A SYN sent again does not keep a connection alive that nobody answers.
    if (kind === Segment.SYN && old === TcpState.SYN_SENT) return Tracked.ACCEPT
    if (next === TcpState.ESTABLISHED && timeoutMs > timeouts.unacknowledgedMs)
      timeoutMs = timeouts.unacknowledgedMs
  } else if (next === TcpState.ESTABLISHED && (old === TcpState.SYN_RECV || old === TcpState.ESTABLISHED)) {
    packet.setAssured(Change.ASSURED)
  }
  packet.refresh(timeoutMs)
  return Tracked.ACCEPT
}

/**
 * FINs and RSTs out of window from both sides: the connection is over even if this box has lost track of it, so it
 * should not linger for days (`nf_tcp_handle_invalid`).
 */
function hastenEnd(packet: TrackedPacket, kind: number): void {
  const { connection, direction, context } = packet
  if (!connection.has(Status.ASSURED) || connection.has(Status.FIXED_TIMEOUT)) return
  if (kind !== Segment.RST && kind !== Segment.FIN) return
  const tcp = connection.protocolState as TcpTracking
  const answersEnd = tcp.lastIndex === Segment.FIN || tcp.lastIndex === Segment.RST
  if (tcp.lastDirection === direction || !answersEnd) {
    tcp.lastIndex = kind
    tcp.lastDirection = direction
    return
  }
  const remainingMs = connection.expiresAtMs - context.nowMs
  if (remainingMs < 120_000) return
  const { unacknowledgedMs } = packet.timeouts.tcp
  if (remainingMs > unacknowledgedMs) connection.expiresAtMs = context.nowMs + unacknowledgedMs
}

/** At least one side is done. */
function isClosing(connection: Connection): boolean {
  const { state } = connection.protocolState as TcpTracking
  return state >= TcpState.FIN_WAIT && state <= TcpState.CLOSE
}
