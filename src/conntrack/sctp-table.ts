/**
 * The SCTP state machine from the middle. After `sctp_conntracks` in net/netfilter/nf_conntrack_proto_sctp.c
 * (Linux 6.18); chunks: RFC 9260.
 *
 *     COOKIE_WAIT        INIT was seen, or also INIT ACK          SHUTDOWN_SENT      SHUTDOWN from the opener
 *     COOKIE_ECHOED      and COOKIE ECHO                          SHUTDOWN_RECD      SHUTDOWN from the other side
 *     ESTABLISHED        and COOKIE ACK                           SHUTDOWN_ACK_SENT  and its acknowledgment
 *     HEARTBEAT_SENT     a second path of an association          CLOSED             the end, or a doubtful beginning
 */
export const SCTP_STATES = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
] as const

export const SctpState = {
  NONE: 0,
  CLOSED: 1,
  COOKIE_WAIT: 2,
  COOKIE_ECHOED: 3,
  ESTABLISHED: 4,
  SHUTDOWN_SENT: 5,
  SHUTDOWN_RECD: 6,
  SHUTDOWN_ACK_SENT: 7,
  HEARTBEAT_SENT: 8,
  INVALID: 9,
} as const

export const Chunk = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
} as const

const TABLE: readonly (readonly [chunk: number, original: string, reply: string])[] = [
  //                                       no cl cw ce es ss sr sa hs    no cl cw ce es ss sr sa hs
  [Chunk.INIT, /*               original */ 'cl cl cw ce es cl cl sa cw', '-- cl cw ce es ss sr sa --'],
  [Chunk.INIT_ACK, /*                    */ 'cl cl cw ce es ss sr sa cl', '-- cw cw ce es ss sr sa --'],
  [Chunk.ABORT, /*                       */ 'cl cl cl cl cl cl cl cl cl', '-- cl cl cl cl cl cl cl --'],
  [Chunk.SHUTDOWN, /*                    */ 'cl cl cw ce ss ss sr sa cl', '-- cl cw ce sr ss sr sa --'],
  [Chunk.SHUTDOWN_ACK, /*                */ 'sa cl cw ce es sa sa sa sa', '-- cl cw ce es sa sa sa --'],
  [Chunk.ERROR, /*                       */ 'cl cl cw ce es ss sr sa cl', '-- cl cw cl es ss sr sa --'],
  [Chunk.COOKIE_ECHO, /*                 */ 'cl cl ce ce es ss sr sa cl', '-- cl ce ce es ss sr sa --'],
  [Chunk.COOKIE_ACK, /*                  */ 'cl cl cw es es ss sr sa cl', '-- cl cw es es ss sr sa --'],
  [Chunk.SHUTDOWN_COMPLETE, /*           */ 'cl cl cw ce es ss sr cl cl', '-- cl cw ce es ss sr cl --'],
  [Chunk.HEARTBEAT, /*                   */ 'hs cl cw ce es ss sr sa hs', '-- cl cw ce es ss sr sa hs'],
  [Chunk.HEARTBEAT_ACK, /*               */ 'cl cl cw ce es ss sr sa hs', '-- cl cw ce es ss sr sa es'],
]

const CODES = ['no', 'cl', 'cw', 'ce', 'es', 'ss', 'sr', 'sa', 'hs', '--']
const ROWS: ReadonlyMap<number, readonly [readonly number[], readonly number[]]> = new Map(
  TABLE.map(([chunk, original, reply]) => [chunk, [cells(original), cells(reply)]]),
)

/** @returns a `SctpState`, INVALID included. Chunks such as DATA and SACK change nothing. */
export function nextSctpState(direction: 0 | 1, chunk: number, state: number): number {
  return ROWS.get(chunk)?.[direction][state] ?? state
}

function cells(row: string): number[] {
  return row.split(' ').map(code => CODES.indexOf(code))
}
