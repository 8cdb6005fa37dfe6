import { readWord } from '../address.ts'
import type { Skb } from '../packet/skb.ts'
import { Segment } from './tcp-table.ts'

export const TCP_FIN = 0x01
export const TCP_SYN = 0x02
export const TCP_RST = 0x04
export const TCP_PSH = 0x08
export const TCP_ACK = 0x10
export const TCP_URG = 0x20
export const TCP_ECE = 0x40
export const TCP_CWR = 0x80

/** The parts of a TCP header that tracking looks at. Sequence numbers are signed 32-bit. */
export class TcpSegment {
  readonly bytes: Uint8Array
  readonly offset: number
  readonly flags: number
  readonly sequence: number
  readonly acknowledgment: number
  readonly window: number
  readonly headerLength: number

  /** The caller has checked that 20 bytes are there. */
  constructor(skb: Skb, offset: number) {
    const { bytes } = skb
    this.bytes = bytes
    this.offset = offset
    this.sequence = readWord(bytes, offset + 4)
    this.acknowledgment = readWord(bytes, offset + 8)
    this.headerLength = (bytes[offset + 12]! >> 4) * 4
    this.flags = bytes[offset + 13]!
    this.window = (bytes[offset + 14]! << 8) | bytes[offset + 15]!
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0
  }

  /** Which row of the TCP table it is: the first of RST, SYN, FIN, ACK decides. */
  get kind(): number {
    const { flags } = this
    if ((flags & TCP_RST) !== 0) return Segment.RST
    if ((flags & TCP_SYN) !== 0) return (flags & TCP_ACK) !== 0 ? Segment.SYN_ACK : Segment.SYN
    if ((flags & TCP_FIN) !== 0) return Segment.FIN
    return (flags & TCP_ACK) !== 0 ? Segment.ACK : Segment.NONE
  }

  /** The sequence number behind its last byte; SYN and FIN count as one (`segment_seq_plus_len`). */
  get end(): number {
    const { flags } = this
    const data = this.bytes.length - this.offset - this.headerLength
    return (this.sequence + data + ((flags & TCP_SYN) >> 1) + (flags & TCP_FIN)) | 0
  }

  get optionsOffset(): number {
    return this.offset + 20
  }

  get optionsLength(): number {
    return this.headerLength - 20
  }
}

/** `tcp_valid_flags`: without PSH, ECE and CWR, these may stand together (from Paul Starzetz' and others' OS fingerprinting). */
const VALID_FLAGS: readonly number[] = [
  TCP_SYN,
  TCP_SYN | TCP_URG,
  TCP_SYN | TCP_ACK,
  TCP_RST,
  TCP_RST | TCP_ACK,
  TCP_FIN | TCP_ACK,
  TCP_FIN | TCP_ACK | TCP_URG,
  TCP_ACK,
  TCP_ACK | TCP_URG,
]
const IS_VALID: readonly boolean[] = Array.from({ length: 256 }, (_, flags) =>
  VALID_FLAGS.includes(flags & ~(TCP_PSH | TCP_ECE | TCP_CWR)),
)

export function areFlagsValid(flags: number): boolean {
  return IS_VALID[flags]!
}
