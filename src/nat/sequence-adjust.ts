/**
 * Hides from both ends that a helper made a payload longer or shorter: net/netfilter/nf_conntrack_seqadj.c. Each
 * direction remembers one position and the offsets before and behind it; a retransmission from before keeps the old one.
 */
import { readWord } from '../address.ts'
import {
  type Connection,
  type Direction,
  ORIGINAL,
  REPLY,
  type SequenceAdjustment,
  Status,
} from '../conntrack/connection.ts'
import { after } from '../conntrack/sequence.ts'
import { patchWord32 } from '../packet/checksum.ts'
import { pullFragments } from '../packet/fragments.ts'
import type { Skb } from '../packet/skb.ts'

const NONE: SequenceAdjustment = Object.freeze({ correctionPosition: 0, offsetBefore: 0, offsetAfter: 0 })

const ACK = 0x10
const OPTION_END = 0
const OPTION_NOP = 1
const OPTION_SACK = 5

/**
 * From this sequence number on, the direction's stream is longer by `difference` bytes (`nf_ct_seqadj_set`). The
 * connection must be the step's own copy.
 */
export function setSequenceAdjustment(
  connection: Connection,
  direction: Direction,
  sequence: number,
  difference: number,
): void {
  if (difference === 0) return
  connection.status |= Status.SEQ_ADJUST
  const old = connection.sequenceAdjustments[direction] ?? NONE
  // One adjustment per window: a retransmission of the packet that was changed must not count twice.
  if (old.offsetBefore !== old.offsetAfter && !after(sequence, old.correctionPosition)) return
  const adjusted = {
    correctionPosition: sequence >>> 0,
    offsetBefore: old.offsetAfter,
    offsetAfter: old.offsetAfter + difference,
  }
  const [original, reply] = connection.sequenceAdjustments
  connection.sequenceAdjustments = direction === ORIGINAL ? [adjusted, reply] : [original, adjusted]
}

/**
 * The whole stream of a direction is numbered otherwise on the far side (`nf_ct_seqadj_init`): SYNPROXY has shaken hands
 * before the server did. 0 changes nothing, not even what was there.
 */
export function initSequenceAdjustment(connection: Connection, direction: Direction, offset: number): void {
  if (offset === 0) return
  connection.status |= Status.SEQ_ADJUST
  const { correctionPosition } = connection.sequenceAdjustments[direction] ?? NONE
  const adjusted = { correctionPosition, offsetBefore: offset, offsetAfter: offset }
  const [original, reply] = connection.sequenceAdjustments
  connection.sequenceAdjustments = direction === ORIGINAL ? [adjusted, reply] : [original, adjusted]
}

/**
 * Rewrites sequence number, acknowledgement and SACK blocks of a segment, and its checksum by the difference
 * (`nf_ct_seq_adjust`). Without ACK neither acknowledges anything.
 * Like the kernel it takes on trust that what is there is a TCP header.
 *
 * @returns false when the packet must be dropped: header cut off, malformed options
 */
export function adjustSequences(skb: Skb, connection: Connection, direction: Direction): boolean {
  const at = skb.transportOffset
  if (skb.bytes.length < at + 20) return false
  pullFragments(skb, skb.transportOffset + 20)
  const bytes = skb.writable()
  const partial = skb.u16(at + 16)
  const thisWay = connection.sequenceAdjustments[direction] ?? NONE
  const otherWay = connection.sequenceAdjustments[direction === ORIGINAL ? REPLY : ORIGINAL] ?? NONE
  const sequence = readWord(bytes, at + 4)
  const offset = after(sequence, thisWay.correctionPosition) ? thisWay.offsetAfter : thisWay.offsetBefore
  patchWord32(bytes, at + 16, at + 4, (sequence + offset) | 0)
  const done = (bytes[at + 13]! & ACK) === 0 || adjustAcknowledgment(bytes, at, otherWay)
  if (skb.checksumPartial !== 0) {
    // only the pseudo-header's sum stands there, which none of this changes
    bytes[at + 16] = partial >>> 8
    bytes[at + 17] = partial
  }
  return done
}

function adjustAcknowledgment(bytes: Uint8Array, at: number, otherWay: SequenceAdjustment): boolean {
  patchWord32(bytes, at + 16, at + 8, acknowledge(readWord(bytes, at + 8), otherWay))
  return adjustSackBlocks(bytes, at, otherWay)
}

/** An acknowledgement speaks of the other direction's stream as this side sees it: take its offset off again. */
function acknowledge(number: number, otherWay: SequenceAdjustment): number {
  const behind = after(number - otherWay.offsetBefore, otherWay.correctionPosition)
  return (number - (behind ? otherWay.offsetAfter : otherWay.offsetBefore)) | 0
}

function adjustSackBlocks(bytes: Uint8Array, at: number, otherWay: SequenceAdjustment): boolean {
  let option = at + 20
  const end = at + (bytes[at + 12]! >> 4) * 4
  if (bytes.length < end) return false
  while (option < end) {
    const kind = bytes[option]!
    if (kind === OPTION_END) return true
    if (kind === OPTION_NOP) {
      option++
      continue
    }
    const length = bytes[option + 1]!
    if (option + 1 === end || option + length > end || length < 2) return false
    if (kind === OPTION_SACK && length >= 10 && (length - 2) % 8 === 0)
      for (let edge = option + 2; edge < option + length; edge += 4)
        patchWord32(bytes, at + 16, edge, acknowledge(readWord(bytes, edge), otherWay))
    option += length
  }
  return true
}
