/**
 * The TCP state machine, as seen by somebody in the middle: who hears both sides, but cannot know which packets arrive.
 * A state is what both ends together are in, as far as the packets seen so far allow to tell.
 *
 *     SYN_SENT     a SYN was seen in the original direction
 *     SYN_SENT2    and one in the other: both ends open at once
 *     SYN_RECV     a SYN was answered by SYN/ACK
 *     ESTABLISHED  and that by an ACK
 *     FIN_WAIT     a FIN was seen
 *     CLOSE_WAIT   and acknowledged
 *     LAST_ACK     a FIN from the other side too
 *     TIME_WAIT    and the last ACK
 *     CLOSE        a RST
 *
 * One row for each direction and kind of segment, one column for each state, in the order of TCP_STATES. A cell names
 * the next state:
 *
 *     no  NONE         ss  SYN_SENT     sr  SYN_RECV     es  ESTABLISHED  fw  FIN_WAIT
 *     cw  CLOSE_WAIT   la  LAST_ACK     tw  TIME_WAIT    cl  CLOSE        s2  SYN_SENT2
 *     --  the packet is invalid: it does not belong to the connection
 *     ig  ignored: it passes, but nothing is concluded from it, since the connection may be out of step with its ends
 *
 * Source: `tcp_conntracks` in net/netfilter/nf_conntrack_proto_tcp.c (Linux 6.18); segments: RFC 9293.
 */
export const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const

/** Kinds of segments, by the first flag that is set of RST, SYN, FIN, ACK (`get_conntrack_index`). */
export const TCP_SEGMENTS = ['SYN', 'SYN/ACK', 'FIN', 'ACK', 'RST', 'none'] as const

export const TcpState = {
  NONE: 0,
  SYN_SENT: 1,
  SYN_RECV: 2,
  ESTABLISHED: 3,
  FIN_WAIT: 4,
  CLOSE_WAIT: 5,
  LAST_ACK: 6,
  TIME_WAIT: 7,
  CLOSE: 8,
  SYN_SENT2: 9,
  INVALID: 10,
  IGNORE: 11,
} as const

export const Segment = { SYN: 0, SYN_ACK: 1, FIN: 2, ACK: 3, RST: 4, NONE: 5 } as const

const TABLE: readonly (readonly [segment: (typeof TCP_SEGMENTS)[number], original: string, reply: string])[] =
  [
    // A SYN opens, or opens again what is closed. Between the two it is ignored from the client, since the client may
    // know better; from the server it is simultaneous open, or invalid.
    //          original: no ss sr es fw cw la tw cl s2       reply: no ss sr es fw cw la tw cl s2
    ['SYN', /*         */ 'ss ss ig ig ig ig ig ss ss s2', /*    */ '-- s2 -- -- -- -- -- ss -- s2'],
    // The server answers with SYN/ACK; a later one is ignored, as it may answer a SYN that was ignored. From the client
    // only in simultaneous open.
    ['SYN/ACK', /*     */ '-- -- sr -- -- -- -- -- -- sr', /*    */ '-- sr ig ig ig ig ig ig ig sr'],
    // A FIN half closes. One before the connection is up cannot be.
    ['FIN', /*         */ '-- -- fw fw la la la tw cl --', /*    */ '-- -- fw fw la la la tw cl --'],
    // An ACK moves on. The first one of all may be a connection older than this box (tcp_loose). In reply to a SYN it
    // may be a challenge ACK of a half-open connection.
    ['ACK', /*         */ 'es -- es es cw cw tw tw cl --', /*    */ '-- ig sr es cw cw tw tw cl ig'],
    // A RST closes, whatever there was.
    ['RST', /*         */ '-- cl cl cl cl cl cl cl cl cl', /*    */ '-- cl cl cl cl cl cl cl cl cl'],
    ['none', /*        */ '-- -- -- -- -- -- -- -- -- --', /*    */ '-- -- -- -- -- -- -- -- -- --'],
  ]

const CODES = ['no', 'ss', 'sr', 'es', 'fw', 'cw', 'la', 'tw', 'cl', 's2', '--', 'ig']

/** One byte for each direction (60 apart), segment (10 apart) and state. */
const CELLS = Int8Array.from(
  [1, 2].flatMap(column => TABLE.flatMap(row => row[column]!.split(' ').map(code => CODES.indexOf(code)))),
)

/** @returns a `TcpState`, INVALID and IGNORE included */
export function nextTcpState(direction: number, segment: number, state: number): number {
  return CELLS[direction * 60 + segment * 10 + state]!
}
