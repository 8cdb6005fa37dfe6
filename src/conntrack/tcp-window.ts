import type { TcpPeer, TcpTracking } from './connection.ts'
import { after, before, sequenceOffset } from './sequence.ts'
import { highestSack, readSynOptions, TcpFlag } from './tcp-options.ts'
import { TCP_ACK, TCP_RST, TCP_SYN, type TcpSegment } from './tcp-segment.ts'
import { Segment, TcpState } from './tcp-table.ts'
import type { TrackedPacket } from './tracker.ts'

export const Window = { ACCEPT: 0, IGNORE: 1, INVALID: 2 } as const
export type Window = (typeof Window)[keyof typeof Window]

/** How far behind the newest data an ACK may lag. */
const MAX_ACK_WINDOW = 66000

/**
 * Does the segment fit what both sides have said? The four bounds of Guido van Rooij, "Real Stateful TCP Packet
 * Filtering in IP Filter", as `tcp_in_window` in nf_conntrack_proto_tcp.c has them:
 *
 *     I.   its end         ≤ what the receiver has allowed             (sender.maxEnd)
 *     II.  its sequence    ≥ what the receiver may still ask for again (sender.end − receiver.maxWindow)
 *     III. its ACK         ≤ what was seen from the receiver           (receiver.end)
 *     IV.  its ACK         ≥ that minus a generous window
 *
 * Above the upper bounds it is invalid (an overshoot by less than a window is not: some stacks do that); below the
 * lower ones it is an old duplicate and ignored. What fits moves the bounds.
 */
export function checkWindow(packet: TrackedPacket, segment: TcpSegment, kind: number): Window {
  const { connection, direction } = packet
  const tcp = connection.protocolState as TcpTracking
  const sender = tcp.peers[direction]
  const receiver = tcp.peers[direction === 0 ? 1 : 0]
  const { flags, window: rawWindow } = segment

  let sequence = segment.sequence
  let end = segment.end
  let ack = segment.acknowledgment
  let sack = ack
  if ((receiver.flags & TcpFlag.SACK_PERMITTED) !== 0)
    sack = highestSack(segment.bytes, segment.optionsOffset, segment.optionsLength, sack)
  // The receiver's stream may have been shifted by a helper; the sender acknowledges the shifted numbers.
  const offset = sequenceOffset(connection, direction === 0 ? 1 : 0, (ack - 1) | 0)
  ack = (ack - offset) | 0
  sack = (sack - offset) | 0

  if (sender.maxWindow === 0) {
    if ((flags & TCP_SYN) !== 0) {
      startSender(sender, receiver, segment, end, direction)
      // Simultaneous open.
      if ((flags & TCP_ACK) === 0) return Window.ACCEPT
    } else adoptSender(sender, receiver, end, rawWindow, sack)
  } else if (
    (flags & TCP_SYN) !== 0 &&
    after(end, sender.end) &&
    (tcp.state === TcpState.SYN_SENT || tcp.state === TcpState.SYN_RECV)
  ) {
    // RFC 9293: a TCP that starts over need only use higher numbers. This side's options may differ now, too.
    startSender(sender, receiver, segment, end, direction)
    if (direction === 1 && (flags & TCP_ACK) === 0) return Window.ACCEPT
  }

  if ((flags & TCP_ACK) === 0 || ((flags & TCP_RST) !== 0 && ack === 0)) {
    // No ACK, or a RST from a stack that leaves it 0: taken to be right.
    ack = receiver.end
    sack = ack
  }
  if ((flags & TCP_RST) !== 0 && sequence === 0 && tcp.state === TcpState.SYN_SENT) {
    // A RST that answers a SYN.
    sequence = sender.end
    end = sequence
  }

  const outside = checkBounds(packet, sender, receiver, sequence, end, sack)
  if (outside !== Window.ACCEPT) {
    if ((sender.flags & TcpFlag.BE_LIBERAL) === 0 && !packet.context.sysctls.tcpBeLiberal) return outside
    // Out of bounds but tolerated: accepted without moving the bounds.
    packet.reason = ''
    return Window.ACCEPT
  }

  const window = (flags & TCP_SYN) !== 0 ? rawWindow : rawWindow << sender.scale
  moveBounds(sender, receiver, flags, end, ack, sack, window)
  if (kind === Segment.ACK) noteRetransmission(tcp, direction, sequence, ack, end, rawWindow)
  return Window.ACCEPT
}

/** A SYN or SYN/ACK: where this side's numbers begin (`tcp_init_sender`). */
function startSender(
  sender: TcpPeer,
  receiver: TcpPeer,
  segment: TcpSegment,
  end: number,
  direction: number,
): void {
  sender.end = end
  sender.maxEnd = end
  sender.maxWindow = segment.window === 0 ? 1 : segment.window
  readSynOptions(segment.bytes, segment.optionsOffset, segment.optionsLength, sender)
  // RFC 7323: windows are scaled only if both sides have offered to.
  if (direction === 1 && (sender.flags & receiver.flags & TcpFlag.WINDOW_SCALE) === 0) {
    sender.scale = 0
    receiver.scale = 0
  }
}

/** In the middle of a connection whose history is lost: the packet is all there is to go by. */
function adoptSender(sender: TcpPeer, receiver: TcpPeer, end: number, rawWindow: number, sack: number): void {
  const window = rawWindow << sender.scale
  sender.end = end
  sender.maxWindow = window === 0 ? 1 : window
  sender.maxEnd = (end + sender.maxWindow) | 0
  if (receiver.maxWindow === 0) {
    // Nothing was seen from the other side yet: III and IV must hold until something is.
    receiver.end = sack
    receiver.maxEnd = sack
  } else if (sack === ((receiver.end + 1) | 0)) {
    // Likely the answer to a keepalive.
    receiver.end = sack
  }
}

function checkBounds(
  packet: TrackedPacket,
  sender: TcpPeer,
  receiver: TcpPeer,
  sequence: number,
  end: number,
  sack: number,
): Window {
  const ackWindow = Math.max(sender.maxWindow >>> 0, MAX_ACK_WINDOW)
  const lowestEnd = (sender.end - receiver.maxWindow - 1) | 0
  const lowestAck = (receiver.end - ackWindow - 1) | 0
  const records = packet.context.recorder !== undefined

  if (!before(sequence, (sender.maxEnd + 1) | 0)) {
    const overshoot = (end - sender.maxEnd + 1) >>> 0
    if (
      receiver.maxWindow !== 0 &&
      after(end, lowestEnd) &&
      after(sack, lowestAck) &&
      overshoot <= receiver.maxWindow >>> 0 &&
      before(sack, (receiver.end + 1) | 0)
    ) {
      // The data may well be accepted and acknowledged; then that ACK must be in bounds.
      sender.end = end
      sender.flags |= TcpFlag.DATA_UNACKNOWLEDGED
      if (records) packet.ignore(`${overshoot} bytes more than expected`)
      return Window.IGNORE
    }
    if (records)
      packet.invalid(
        `SEQ is over the upper bound ${(sender.maxEnd + 1) >>> 0} (over the window of the receiver)`,
      )
    return Window.INVALID
  }
  if (!before(sack, (receiver.end + 1) | 0)) {
    if (records)
      packet.invalid(`ACK is over the upper bound ${(receiver.end + 1) >>> 0} (ACKed data not seen yet)`)
    return Window.INVALID
  }
  if (receiver.maxWindow !== 0 && !after(end, lowestEnd)) {
    if (records)
      packet.ignore(`SEQ is under the lower bound ${lowestEnd >>> 0} (already ACKed data retransmitted)`)
    return Window.IGNORE
  }
  if (!after(sack, lowestAck)) {
    if (records) packet.ignore(`ACK is under the lower bound ${lowestAck >>> 0} (possibly overly delayed)`)
    return Window.IGNORE
  }
  return Window.ACCEPT
}

function moveBounds(
  sender: TcpPeer,
  receiver: TcpPeer,
  flags: number,
  end: number,
  ack: number,
  sack: number,
  window: number,
): void {
  const sackedWindow = (window + ((sack - ack) | 0)) | 0
  if (sender.maxWindow >>> 0 < sackedWindow >>> 0) sender.maxWindow = sackedWindow
  if (after(end, sender.end)) {
    sender.end = end
    sender.flags |= TcpFlag.DATA_UNACKNOWLEDGED
  }
  if ((flags & TCP_ACK) !== 0) {
    if ((sender.flags & TcpFlag.MAX_ACK_SET) === 0) {
      sender.maxAck = ack
      sender.flags |= TcpFlag.MAX_ACK_SET
    } else if (after(ack, sender.maxAck)) sender.maxAck = ack
  }
  if (receiver.maxWindow !== 0 && after(end, sender.maxEnd))
    receiver.maxWindow = (receiver.maxWindow + end - sender.maxEnd) | 0
  const allowed = (sack + window) | 0
  if (after(allowed, (receiver.maxEnd - 1) | 0)) receiver.maxEnd = window === 0 ? (allowed + 1) | 0 : allowed
  if (ack === receiver.end) receiver.flags &= ~TcpFlag.DATA_UNACKNOWLEDGED
}

function noteRetransmission(
  tcp: TcpTracking,
  direction: 0 | 1,
  sequence: number,
  ack: number,
  end: number,
  window: number,
): void {
  if (
    tcp.lastDirection === direction &&
    tcp.lastSequence === sequence &&
    tcp.lastAck === ack &&
    tcp.lastEnd === end &&
    tcp.lastWindow === window
  ) {
    tcp.retransmissions = (tcp.retransmissions + 1) & 0xff
    return
  }
  tcp.lastDirection = direction
  tcp.lastSequence = sequence
  tcp.lastAck = ack
  tcp.lastEnd = end
  tcp.lastWindow = window
  tcp.retransmissions = 0
}
