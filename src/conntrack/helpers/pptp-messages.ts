/** PPTP's control messages (RFC 2637) as include/linux/netfilter/nf_conntrack_pptp.h has them. */
import { readWord } from '../../address.ts'

/** `PptpControlMessageType` */
export const Message = {
  START_SESSION_REQUEST: 1,
  START_SESSION_REPLY: 2,
  STOP_SESSION_REQUEST: 3,
  STOP_SESSION_REPLY: 4,
  ECHO_REQUEST: 5,
  ECHO_REPLY: 6,
  OUT_CALL_REQUEST: 7,
  OUT_CALL_REPLY: 8,
  IN_CALL_REQUEST: 9,
  IN_CALL_REPLY: 10,
  IN_CALL_CONNECT: 11,
  CALL_CLEAR_REQUEST: 12,
  CALL_DISCONNECT_NOTIFY: 13,
  WAN_ERROR_NOTIFY: 14,
  SET_LINK_INFO: 15,
} as const

/** How many bytes of a message must be there, by its type (`pptp_msg_size`); shorter ones are not read. */
const SIZES = [0, 144, 144, 4, 4, 0, 0, 156, 20, 208, 12, 16, 4, 136, 28, 12]

const CONTROL = 1
const MAGIC_COOKIE = 0x1a2b3c4d
const PACKET_HEADER = 8
const CONTROL_HEADER = 4
/** From the start of the TCP payload to the message. */
export const MESSAGE_OFFSET = PACKET_HEADER + CONTROL_HEADER

/** A control message in the bytes of a packet. */
export interface PptpMessage {
  readonly type: number
  /** The byte, or the 16 bits, at an offset of the message. */
  u8(offset: number): number
  u16(offset: number): number
}

/**
 * The one message that is looked at: the first of the segment.
 *
 * @param payload where the TCP payload begins
 * @returns undefined for anything but a whole control message
 */
export function readMessage(bytes: Uint8Array, payload: number): PptpMessage | undefined {
  const start = payload + MESSAGE_OFFSET
  if (bytes.length < start) return undefined
  const u16 = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
  if (u16(payload + 2) !== CONTROL || readWord(bytes, payload + 4) !== MAGIC_COOKIE) return undefined
  const type = u16(payload + PACKET_HEADER)
  if (bytes.length - start < (SIZES[type] ?? 0)) return undefined
  return { type, u8: offset => bytes[start + offset]!, u16: offset => u16(start + offset) }
}
