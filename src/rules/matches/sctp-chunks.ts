/** SCTP's chunks (RFC 9260, section 3.2) as `--chunk-types` names and counts them. */
import { type MatchEnvironment, OptionError } from '../extension.ts'

export interface ChunkMatch {
  readonly type: 'all' | 'any' | 'only'
  /** By chunk type, sorted. */
  readonly chunks: readonly Chunk[]
  readonly negated: boolean
}

/** A chunk type; of the flags in `mask`, exactly those in `flags` must be set. */
export interface Chunk {
  readonly type: number
  readonly mask: number
  readonly flags: number
}

/** Name, type, and the letters of the flags from bit 7 down. */
const CHUNKS: readonly (readonly [string, number, string])[] = [
  ['DATA', 0, '----IUBE'],
  ['INIT', 1, '--------'],
  ['INIT_ACK', 2, '--------'],
  ['SACK', 3, '--------'],
  ['HEARTBEAT', 4, '--------'],
  ['HEARTBEAT_ACK', 5, '--------'],
  ['ABORT', 6, '-------T'],
  ['SHUTDOWN', 7, '--------'],
  ['SHUTDOWN_ACK', 8, '--------'],
  ['ERROR', 9, '--------'],
  ['COOKIE_ECHO', 10, '--------'],
  ['COOKIE_ACK', 11, '--------'],
  ['ECN_ECNE', 12, '--------'],
  ['ECN_CWR', 13, '--------'],
  ['SHUTDOWN_COMPLETE', 14, '-------T'],
  ['I_DATA', 64, '----IUBE'],
  ['RE_CONFIG', 130, '--------'],
  ['PAD', 132, '--------'],
  ['ASCONF', 193, '--------'],
  ['ASCONF_ACK', 128, '--------'],
  ['FORWARD_TSN', 192, '--------'],
  ['I_FORWARD_TSN', 194, '--------'],
]

const ALL_TYPES = 256
const CHUNK_HEADER = 4

export function matchTypeOf(text: string): ChunkMatch['type'] | undefined {
  return (['all', 'any', 'only'] as const).find(type => type === text.toLowerCase())
}

export function parseChunks(text: string): readonly Chunk[] {
  if (text.toUpperCase() === 'ALL')
    return Array.from({ length: ALL_TYPES }, (_, type) => ({ type, mask: 0, flags: 0 }))
  if (text.toUpperCase() === 'NONE') return []
  const chunks = new Map<number, Chunk>()
  for (const word of text.split(',')) {
    const [name = '', letters = ''] = word.split(':')
    const known = CHUNKS.find(([other]) => other === name.toUpperCase())
    if (known === undefined) throw new OptionError(`unknown SCTP chunk '${name}'`)
    chunks.set(known[1], { type: known[1], ...parseFlags(letters, known) })
  }
  return [...chunks.values()].sort((a, b) => a.type - b.type)
}

function parseFlags(letters: string, [name, , known]: readonly [string, number, string]) {
  let mask = 0
  let flags = 0
  for (const letter of letters) {
    const place = letter === '-' ? -1 : known.indexOf(letter.toUpperCase())
    if (place < 0) throw new OptionError(`invalid flag '${letter}' for chunk ${name}`)
    const bit = 1 << (7 - place)
    mask |= bit
    if (letter !== letter.toLowerCase()) flags |= bit
    else flags &= ~bit
  }
  return { mask, flags }
}

export function chunksText(chunks: readonly Chunk[], numeric: boolean): string {
  if (chunks.length === 0) return 'NONE'
  if (chunks.length === ALL_TYPES) return 'ALL'
  return chunks
    .map(({ type, mask, flags }) => {
      const known = CHUNKS.find(([, number]) => number === type)
      const letters = [...(known?.[2] ?? '')].flatMap((letter, place) => {
        const bit = 1 << (7 - place)
        if ((mask & bit) === 0) return []
        return (flags & bit) !== 0 ? letter : letter.toLowerCase()
      })
      const name = numeric
        ? `0x${type.toString(16).toUpperCase().padStart(4, '0')}`
        : (known?.[0] ?? `${type}`)
      return letters.length === 0 ? name : `${name}:${letters.join('')}`
    })
    .join(',')
}

/** `match_packet`: a chunk without length, or one whose header is cut off, drops the packet. */
export function chunksHold(
  bytes: Uint8Array,
  start: number,
  { type, chunks }: ChunkMatch,
  environment: MatchEnvironment,
): boolean {
  const missing = new Set(chunks.map(chunk => chunk.type))
  let at = start
  do {
    const length = at + CHUNK_HEADER > bytes.length ? 0 : (bytes[at + 2]! << 8) | bytes[at + 3]!
    if (length === 0) {
      environment.hotdrop = true
      return false
    }
    const seen = bytes[at]!
    const flags = bytes[at + 1]!
    const wanted = chunks.find(chunk => chunk.type === seen)
    const fits = wanted !== undefined && (flags & wanted.mask) === wanted.flags
    if (type === 'any' && fits) return true
    if (type === 'only' && !fits) return false
    if (fits) missing.delete(seen)
    at += (length + 3) & ~3
  } while (at < bytes.length)
  return type === 'all' ? missing.size === 0 : type === 'only'
}

export function seenChunks(bytes: Uint8Array, start: number): string {
  const names: string[] = []
  for (let at = start; at + CHUNK_HEADER <= bytes.length; ) {
    const type = bytes[at]!
    names.push(CHUNKS.find(([, number]) => number === type)?.[0] ?? `${type}`)
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!
    if (length === 0) break
    at += (length + 3) & ~3
  }
  return names.join(',') || '(none)'
}
