import { transportChecksumValid } from '../packet/checksum.ts'
import { pullFragments } from '../packet/fragments.ts'
import type { Skb } from '../packet/skb.ts'
import { SctpTracking, Status } from './connection.ts'
import { Change } from './events.ts'
import { Chunk, nextSctpState, SCTP_STATES, SctpState } from './sctp-table.ts'
import type { SctpTimeouts } from './sysctls.ts'
import { type ProtocolTracker, Tracked, type TrackedPacket } from './tracker.ts'

/** SCTP: chunk by chunk through the state table, with the checks of verification tags of RFC 9260 8.5. */
export const SCTP_TRACKER: ProtocolTracker = {
  track,
  stateName: connection => SCTP_STATES[(connection.protocolState as SctpTracking).state],
}

const HEADER_LENGTH = 12
const INIT_HEADER_LENGTH = 16
const CHUNK_FLAG_T = 1
/** `SctpTracking.flags`: a HEARTBEAT had another tag than known; the HEARTBEAT ACK will tell which is right. */
const HEARTBEAT_TAG_FAILED = 1

/** Chunks whose tags have rules of their own. */
const TAG_EXEMPT = [
  Chunk.INIT,
  Chunk.SHUTDOWN_COMPLETE,
  Chunk.COOKIE_ECHO,
  Chunk.ABORT,
  Chunk.SHUTDOWN_ACK,
  Chunk.HEARTBEAT,
  Chunk.HEARTBEAT_ACK,
]

interface ChunkHeader {
  readonly type: number
  readonly flags: number
  readonly offset: number
}

function track(packet: TrackedPacket): Tracked {
  const { skb, dataOffset, connection, direction } = packet
  if (skb.bytes.length < dataOffset + HEADER_LENGTH)
    return packet.invalid('the packet is too short for an SCTP header')
  // `skb_ensure_writable` before it is verified
  if (packet.verifiesChecksum) pullFragments(skb, dataOffset + HEADER_LENGTH)
  if (packet.verifiesChecksum && !transportChecksumValid(skb)) return packet.invalid('bad SCTP checksum')
  const chunks = readChunks(skb, dataOffset)
  if (chunks === undefined) return packet.invalid('SCTP chunks that may not stand together, or none')
  const types = new Set(chunks.map(({ type }) => type))
  const tag = skb.u32(dataOffset + 4) | 0

  if (!connection.has(Status.CONFIRMED)) {
    if (types.has(Chunk.ABORT) || types.has(Chunk.SHUTDOWN_COMPLETE) || types.has(Chunk.COOKIE_ACK))
      return packet.invalid('an SCTP chunk out of the blue')
    const tracking = open(skb, chunks, tag)
    if (tracking === undefined) return packet.invalid('this SCTP chunk opens no association')
    connection.protocolState = tracking
  }
  const sctp = connection.protocolState as SctpTracking
  if (!TAG_EXEMPT.some(type => types.has(type)) && tag !== sctp.vtags[direction])
    return packet.invalid('wrong SCTP verification tag')

  let next: number = SctpState.NONE
  let unrefreshed = false
  for (const chunk of chunks) {
    switch (checkTag(sctp, chunk, direction, tag, unrefreshed || types.has(Chunk.DATA))) {
      case 'wrong':
        return packet.invalid('wrong SCTP verification tag')
      case 'skip':
        unrefreshed = true
        continue
    }
    const old = sctp.state
    next = nextSctpState(direction, chunk.type, old)
    if (next === SctpState.INVALID)
      return packet.invalid(`SCTP chunk type ${chunk.type} is invalid in state ${SCTP_STATES[old]}`)
    if (!noteTags(sctp, skb, chunk, direction)) return packet.invalid('bad SCTP INIT or INIT ACK')
    // An INIT sent again does not keep alive an association that nobody answers.
    if (
      chunk.type === Chunk.INIT &&
      old === SctpState.CLOSED &&
      next === SctpState.CLOSED &&
      connection.has(Status.CONFIRMED)
    )
      unrefreshed = true
    sctp.state = next
    if (old === next) continue
    connection.pendingChanges |= Change.PROTOCOL
    if (next === SctpState.ESTABLISHED) packet.setAssured(Change.ASSURED)
  }
  if (unrefreshed) return packet.ignore('passes, but does not keep the association alive')
  packet.refresh(timeoutOf(next, packet.timeouts.sctp))
  return Tracked.ACCEPT
}

/** Undefined if they are malformed: a zero length, COOKIEs not first, INIT and SHUTDOWN COMPLETE not alone, or none. */
function readChunks(skb: Skb, dataOffset: number): ChunkHeader[] | undefined {
  const { bytes } = skb
  const chunks: ChunkHeader[] = []
  let alone = false
  for (let offset = dataOffset + HEADER_LENGTH; offset + 4 <= bytes.length; ) {
    const type = bytes[offset]!
    const length = skb.u16(offset + 2)
    if (type === Chunk.INIT || type === Chunk.INIT_ACK || type === Chunk.SHUTDOWN_COMPLETE) alone = true
    const mustBeFirst = alone || type === Chunk.COOKIE_ACK || type === Chunk.COOKIE_ECHO
    if ((mustBeFirst && chunks.length !== 0) || length === 0) return undefined
    chunks.push({ type, flags: bytes[offset + 1]!, offset })
    offset += (length + 3) & ~3
  }
  return chunks.length === 0 ? undefined : chunks
}

/** `sctp_new`: the verification tags that the first packet shows. */
function open(skb: Skb, chunks: readonly ChunkHeader[], tag: number): SctpTracking | undefined {
  const sctp = new SctpTracking()
  for (const chunk of chunks) {
    const state = nextSctpState(0, chunk.type, SctpState.NONE)
    if (state === SctpState.NONE || state === SctpState.INVALID) return undefined
    if (chunk.type === Chunk.INIT) {
      const initTag = readInitTag(skb, chunk)
      if (tag !== 0 || initTag === undefined) return undefined
      sctp.vtags[1] = initTag
    } else if (chunk.type === Chunk.HEARTBEAT) sctp.vtags[0] = tag
    else if (chunk.type === Chunk.SHUTDOWN_ACK) sctp.vtags[1] = tag
  }
  return sctp
}

/** RFC 9260 8.5.1, chunk by chunk. `doubtful`: no second chance for a tag that does not fit. */
function checkTag(
  sctp: SctpTracking,
  chunk: ChunkHeader,
  direction: 0 | 1,
  tag: number,
  doubtful: boolean,
): 'right' | 'wrong' | 'skip' {
  const own = sctp.vtags[direction]
  const other = direction === 0 ? 1 : 0
  switch (chunk.type) {
    case Chunk.INIT:
      return tag === 0 ? 'right' : 'wrong'
    case Chunk.ABORT:
    case Chunk.SHUTDOWN_COMPLETE:
      return tag === ((chunk.flags & CHUNK_FLAG_T) === 0 ? own : sctp.vtags[other]) ? 'right' : 'wrong'
    case Chunk.COOKIE_ECHO:
      return tag === own ? 'right' : 'wrong'
    case Chunk.COOKIE_ACK:
      sctp.initTags = [0, 0]
      return 'right'
    case Chunk.HEARTBEAT:
      if (own === 0) sctp.vtags[direction] = tag
      else if (tag === own) sctp.flags &= ~HEARTBEAT_TAG_FAILED
      else {
        if (doubtful) return 'wrong'
        sctp.flags |= HEARTBEAT_TAG_FAILED
        sctp.lastDirection = direction
        return 'skip'
      }
      return 'right'
    case Chunk.HEARTBEAT_ACK:
      if (own === 0) sctp.vtags[direction] = tag
      else if (tag === own) sctp.flags &= ~HEARTBEAT_TAG_FAILED
      else {
        if (doubtful) return 'wrong'
        if ((sctp.flags & HEARTBEAT_TAG_FAILED) === 0 || sctp.lastDirection === direction) return 'wrong'
        sctp.flags &= ~HEARTBEAT_TAG_FAILED
        sctp.vtags[direction] = tag
        sctp.vtags[other] = 0
      }
      return 'right'
    default:
      return 'right'
  }
}

/**
 * INIT and INIT ACK say which tag the other side must use. `initTags` are 1 for sides that have sent an INIT; one that
 * only repeats the tag that is known already, stale or sent again, is none.
 */
function noteTags(sctp: SctpTracking, skb: Skb, chunk: ChunkHeader, direction: 0 | 1): boolean {
  if (chunk.type !== Chunk.INIT && chunk.type !== Chunk.INIT_ACK) return true
  const initTag = readInitTag(skb, chunk)
  if (initTag === undefined) return false
  const other = direction === 0 ? 1 : 0
  const known = sctp.vtags[other]
  const differs = known !== initTag
  if (chunk.type === Chunk.INIT) {
    if (differs || sctp.state === SctpState.NONE) {
      if (sctp.initTags[direction] !== 0 && sctp.initTags[other] !== 0) sctp.initTags[other] = 0
      sctp.initTags[direction] = 1
    }
  } else {
    if (sctp.initTags[other] === 0 && known !== 0 && differs) return false
    if (sctp.initTags[direction] !== 0 && sctp.initTags[other] !== 0 && differs) return false
  }
  sctp.vtags[other] = initTag
  return true
}

function readInitTag(skb: Skb, chunk: ChunkHeader): number | undefined {
  const at = chunk.offset + 4
  return at + INIT_HEADER_LENGTH > skb.bytes.length ? undefined : skb.u32(at) | 0
}

function timeoutOf(state: number, timeouts: SctpTimeouts): number {
  switch (state) {
    case SctpState.COOKIE_WAIT:
      return timeouts.cookieWaitMs
    case SctpState.COOKIE_ECHOED:
      return timeouts.cookieEchoedMs
    case SctpState.ESTABLISHED:
      return timeouts.establishedMs
    case SctpState.SHUTDOWN_SENT:
      return timeouts.shutdownSentMs
    case SctpState.SHUTDOWN_RECD:
      return timeouts.shutdownRecdMs
    case SctpState.SHUTDOWN_ACK_SENT:
      return timeouts.shutdownAckSentMs
    case SctpState.HEARTBEAT_SENT:
      return timeouts.heartbeatSentMs
    default:
      return timeouts.closedMs
  }
}
