/**
 * SCTP as conversations say it: chunks by name, as in `COOKIE_ECHO+DATA`. `/T` sets a chunk's T bit, `/0` gives an INIT no
 * tag. Before it may stand whose verification tag the packet bears: `own:` the speaker's, `none:` 0, `odd:` nobody's;
 * without it is the one that RFC 9260 asks for. `new:` begins another association with another tag.
 */
import fc from 'fast-check'
import { Chunk } from '../conntrack/sctp-table.ts'
import type { SctpChunk } from '../packet/decoded.ts'
import type { Line } from './course-lines.ts'

/** How associations usually go, and how two of them meet. */
export const SCTP_COURSES: readonly (readonly Line[])[] = [
  // from its beginning to its end
  [
    [0, 'INIT', 0],
    [1, 'INIT_ACK', 0],
    [0, 'COOKIE_ECHO', 0],
    [1, 'COOKIE_ACK', 0],
    [0, 'DATA', 4],
    [1, 'SACK', 0],
    [0, 'SHUTDOWN', 0],
    [1, 'SHUTDOWN_ACK', 0],
    [0, 'SHUTDOWN_COMPLETE', 0],
  ],
  [
    [0, 'INIT', 0],
    [1, 'INIT_ACK', 0],
    [0, 'COOKIE_ECHO', 0],
    [1, 'COOKIE_ACK', 0],
    [1, 'HEARTBEAT', 0],
    [0, 'HEARTBEAT_ACK', 0],
    [1, 'ABORT', 0],
  ],
  [
    [0, 'INIT', 0],
    [1, 'ABORT', 0],
  ],
  // another path of an association that began elsewhere
  [
    [0, 'HEARTBEAT', 0],
    [1, 'HEARTBEAT_ACK', 0],
    [0, 'DATA', 4],
  ],
  // the same, and its end; the other side speaks first
  [
    [1, 'HEARTBEAT', 0],
    [1, 'HEARTBEAT', 0],
    [0, 'HEARTBEAT_ACK', 0],
    [0, 'HEARTBEAT', 0],
    [1, 'HEARTBEAT_ACK', 0],
    [1, 'SHUTDOWN', 0],
    [0, 'SHUTDOWN_ACK', 0],
    [1, 'SHUTDOWN_COMPLETE', 0],
  ],
  // both open at once
  [
    [0, 'INIT', 0],
    [1, 'INIT', 0],
    [1, 'INIT_ACK', 0],
    [0, 'INIT_ACK', 0],
    [0, 'COOKIE_ECHO', 0],
    [1, 'COOKIE_ECHO+DATA', 0],
    [1, 'COOKIE_ACK', 0],
    [0, 'COOKIE_ACK+DATA', 0],
    [0, 'DATA+SACK', 0],
  ],
  // one side has forgotten everything and opens again
  [
    [0, 'INIT', 0],
    [1, 'INIT_ACK', 0],
    [0, 'COOKIE_ECHO+DATA', 0],
    [1, 'COOKIE_ACK+SACK', 0],
    [0, 'new:INIT', 0],
    [1, 'INIT_ACK', 0],
    [0, 'COOKIE_ECHO', 0],
    [1, 'COOKIE_ACK', 0],
    [1, 'new:INIT', 0],
    [0, 'INIT_ACK', 0],
    [1, 'COOKIE_ECHO', 0],
    [0, 'COOKIE_ACK', 0],
    [0, 'DATA', 0],
  ],
  // the other side knows nothing of it: aborts and ends with the T bit bear the speaker's own tag
  [
    [0, 'INIT', 0],
    [1, 'INIT_ACK', 0],
    [0, 'COOKIE_ECHO', 0],
    [1, 'ERROR', 0],
    [0, 'COOKIE_ECHO', 0],
    [1, 'COOKIE_ACK', 0],
    [0, 'SHUTDOWN', 0],
    [1, 'own:SHUTDOWN_COMPLETE/T', 0],
    [1, 'own:ABORT/T', 0],
  ],
  // the cookie is lost, and the INIT is sent again
  [
    [0, 'INIT', 0],
    [0, 'INIT', 0],
    [1, 'INIT_ACK', 0],
    [1, 'INIT_ACK', 0],
    [0, 'COOKIE_ECHO', 0],
    [0, 'COOKIE_ECHO', 0],
    [1, 'ABORT', 0],
    [0, 'new:INIT', 0],
    [1, 'new:INIT_ACK', 0],
  ],
  // a path on which the tag is not the one that was known
  [
    [0, 'HEARTBEAT', 0],
    [0, 'odd:HEARTBEAT', 0],
    [1, 'HEARTBEAT_ACK', 0],
    [1, 'odd:HEARTBEAT_ACK', 0],
    [0, 'HEARTBEAT', 0],
    [1, 'HEARTBEAT_ACK', 0],
    [0, 'HEARTBEAT+DATA', 0],
    [1, 'SACK', 0],
  ],
  // both end it at once
  [
    [0, 'INIT', 0],
    [1, 'INIT_ACK', 0],
    [0, 'COOKIE_ECHO', 0],
    [1, 'COOKIE_ACK', 0],
    [0, 'SHUTDOWN', 0],
    [1, 'SHUTDOWN', 0],
    [1, 'SHUTDOWN_ACK', 0],
    [0, 'SHUTDOWN_ACK', 0],
    [0, 'SHUTDOWN_COMPLETE', 0],
    [1, 'SHUTDOWN_COMPLETE', 0],
    [0, 'new:INIT', 0],
  ],
  // picked up in the middle
  [
    [1, 'DATA', 0],
    [0, 'COOKIE_ECHO', 0],
    [0, 'SHUTDOWN_ACK', 0],
    [1, 'own:SHUTDOWN_COMPLETE/T', 0],
    [0, 'INIT_ACK', 0],
    [1, 'ERROR', 0],
    [0, 'INIT', 0],
  ],
]

const CHUNKS: { readonly [name: string]: number } = {
  ...Chunk,
  SACK: 3,
  ECNE: 12,
  CWR: 13,
  AUTH: 15,
  ASCONF_ACK: 0x80,
  FORWARD_TSN: 0xc0,
  ASCONF: 0xc1,
}

/** Any chunk or a few of them, under any tag. */
export const sctpWords: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '', '', '', 'own:', 'none:', 'odd:', 'new:'),
    fc.array(
      fc.constantFrom(...Object.keys(CHUNKS), 'ABORT/T', 'SHUTDOWN_COMPLETE/T', 'INIT/0', 'INIT_ACK/0'),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  )
  .map(([tag, chunks]) => tag + chunks.join('+'))

/** What the packet says of whose it is. INIT comes before there is a tag. */
export function verificationTag(words: string, own: number, peers: number): number {
  const [prefix, chunks] = split(words)
  switch (prefix) {
    case 'own':
      return own
    case 'none':
      return 0
    case 'odd':
      return (peers ^ 0x10101010) >>> 0
    default:
      return chunks[0]?.startsWith('INIT') === true && !chunks[0].startsWith('INIT_') ? 0 : peers
  }
}

/** Whether the speaker opens another association. */
export function isRestart(words: string): boolean {
  return words.startsWith('new:')
}

/** The tag of the next association. */
export function renewedTag(tag: number): number {
  return (tag + 0x01010101) >>> 0
}

export function sctpChunks(words: string, ownTag: number): readonly SctpChunk[] {
  return split(words)[1].map(word => chunk(word, ownTag))
}

function split(words: string): readonly [prefix: string, chunks: readonly string[]] {
  const [chunks = '', prefix = ''] = words.split(':').reverse()
  return [prefix, chunks.split('+')]
}

/** Names that are none (TCP's flags, said out of turn) are DATA. */
function chunk(word: string, ownTag: number): SctpChunk {
  const [name = '', more] = word.split('/')
  const type = CHUNKS[name] ?? Chunk.DATA
  if (type !== Chunk.INIT && type !== Chunk.INIT_ACK)
    return {
      type,
      flags: type === 0 ? 3 : more === 'T' ? 1 : 0,
      value: filler(type === 0 ? 16 : type === 3 ? 12 : 4),
    }
  const value = new Uint8Array(16)
  new DataView(value.buffer).setUint32(0, more === '0' ? 0 : ownTag)
  value[4] = 1
  return { type, flags: 0, value }
}

function filler(length: number): Uint8Array {
  return new Uint8Array(length).fill(0x41)
}
