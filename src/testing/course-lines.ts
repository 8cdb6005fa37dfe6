/** A line of a conversation: who speaks (0 the client, 1 the server), TCP's flags, and how much is said. */
export type Line = readonly [side: 0 | 1, flags: string, text: number | string]

/** TCP's handshake. */
export const OPEN: readonly Line[] = [
  [0, 'S', 0],
  [1, 'SA', 0],
  [0, 'A', 0],
]

/** Instead of data: the side opens the connection that the other one has just announced. */
export const OPEN_DATA = '@data'
