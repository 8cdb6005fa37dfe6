/** PPTP (RFC 2637): control messages that agree on a call, and the GRE packets of the call. */
import type { Packet } from '../packet/packet.ts'
import { type Line, OPEN } from './course-lines.ts'

/** Instead of TCP's flags: a data packet of the call, which names the receiver's call id. */
export const CALL_DATA = '@call'
/** Two characters that stand for the call id that the speaker has heard from the other side. */
const HEARD = '\u{e000}\u{e001}'
/** What both take the other's call id to be until they hear of it. */
export const NO_CALL_ID = 0x2222

const MAGIC = '\x1a\x2b\x3c\x4d'
/** The fixed part of each message, by its type. */
const SIZES = [4, 144, 144, 4, 4, 4, 8, 156, 20, 208, 12, 16, 4, 136, 28, 12]

function message(type: number, body: string): string {
  const size = SIZES[type] ?? 4
  const length = 12 + size
  const header = `${String.fromCharCode(length >> 8, length & 0xff)}\0\x01${MAGIC}\0${String.fromCharCode(type)}\0\0`
  return header + body.padEnd(size, '\0')
}

const START: Line = [0, 'PA', message(1, '\x01\0')]
const STARTED: Line = [1, 'PA', message(2, '\x01\0\x01')]
const SESSION: readonly Line[] = [...OPEN, START, STARTED]
const outCall = (id: string): Line => [0, 'PA', message(7, `${id}\0\x01`)]
const outReply = (id: string, result = '\x01'): Line => [1, 'PA', message(8, `${id}${HEARD}${result}`)]
const inCall = (id: string): Line => [1, 'PA', message(9, `${id}\0\x01`)]
const inReply = (id: string, result = '\x01'): Line => [0, 'PA', message(10, `${id}${HEARD}${result}`)]
const IN_CONNECT: Line = [1, 'PA', message(11, HEARD)]
const clear = (id: string): Line => [0, 'PA', message(12, id)]
const disconnected = (id: string): Line => [1, 'PA', message(13, `${id}\x01`)]
const data = (side: 0 | 1): Line => [side, CALL_DATA, 8]

const A = '\x11\x11'
const B = '\x33\x33'

/** Calls from either side, one after the other, repeated, refused, in the wrong order. */
export const PPTP: readonly (readonly Line[])[] = [
  [
    ...SESSION,
    outCall(A),
    outReply(B),
    data(0),
    data(1),
    data(0),
    clear(A),
    disconnected(B),
    data(0),
    data(1),
  ],
  [...SESSION, outCall(A), outReply(B), data(1), data(0), data(1), [1, 'R', 0], data(0)],
  [
    ...SESSION,
    inCall(B),
    inReply(A),
    IN_CONNECT,
    data(1),
    data(0),
    [1, 'PA', message(14, HEARD)],
    disconnected(B),
  ],
  [
    ...SESSION,
    inCall(B),
    inReply(A),
    IN_CONNECT,
    data(0),
    [0, 'PA', message(15, HEARD)],
    IN_CONNECT,
    data(1),
  ],
  [
    ...SESSION,
    outCall(A),
    outReply(B),
    outReply(B),
    data(0),
    outReply(A),
    outCall('\0\x07'),
    outReply('\0\x07'),
    data(0),
    data(1),
  ],
  [
    ...OPEN,
    outCall(A),
    outReply(B),
    STARTED,
    START,
    outReply(B),
    outCall(A),
    STARTED,
    outCall(A),
    outReply(B),
    data(1),
  ],
  [...SESSION, outCall(A), outReply(B, '\x04'), inCall(B), inReply(A, '\x03'), IN_CONNECT, data(0)],
  [
    ...SESSION,
    [0, 'PA', message(5, 'id')],
    [1, 'PA', message(6, 'id')],
    outCall('\0\0'),
    outReply('\0\0'),
    data(0),
    [0, 'PA', message(3, '\x01')],
    [1, 'PA', message(4, '\x01')],
    START,
    STARTED,
    outCall(A),
    outReply(A),
    data(1),
    [0, 'FA', 0],
  ],
]

/** Puts the call id that the speaker has heard into a message. */
export function withCallId(text: string, heard: number): string {
  return text.replaceAll(HEARD, String.fromCharCode(heard >> 8, heard & 0xff))
}

/** The call id that a packet's sender names as its own; undefined in anything but a call's request or reply. */
export function callIdIn({ decoded }: Packet): number | undefined {
  if (decoded.kind !== 'tcp') return undefined
  const { payload } = decoded
  const type = payload[9] ?? 0
  return type >= 7 && type <= 10 && payload.length >= 14 ? (payload[12]! << 8) | payload[13]! : undefined
}
