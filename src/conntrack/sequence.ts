import type { Connection, Direction } from './connection.ts'

/**
 * TCP sequence numbers: arithmetic modulo 2³² (RFC 9293 3.4). Kept as signed 32-bit integers; what is compared is only
 * ever the distance.
 */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

export function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0
}

/**
 * By how much a helper has shifted the sequence numbers of a direction at this point of the stream
 * (`nf_ct_seq_offset`).
 */
export function sequenceOffset(connection: Connection, direction: Direction, sequence: number): number {
  const adjustment = connection.sequenceAdjustments[direction]
  if (adjustment === undefined) return 0
  return after(sequence, adjustment.correctionPosition) ? adjustment.offsetAfter : adjustment.offsetBefore
}
