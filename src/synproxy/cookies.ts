import type { Address } from '../address.ts'
import { jhash2 } from '../jhash.ts'
import { PersistentMap } from '../persistent/map.ts'
import type { Memory } from '../rules/extension.ts'

/** A client's first segment, as SYNPROXY answers it. */
export interface CookieRequest {
  readonly source: Address
  readonly sport: number
  readonly destination: Address
  readonly dport: number
  /** The SYN's own sequence number. */
  readonly sequence: number
  /** What the simulator would answer. */
  readonly proposal: SynCookie
}

/** What the SYN/ACK of a SYNPROXY carries instead of a state. */
export interface SynCookie {
  /** The SYN/ACK's sequence number. */
  readonly sequence: number
  /** The clock of the SYN/ACK's timestamp; its 6 lowest bits hold the client's options and are written over. */
  readonly timestamp: number
}

/**
 * Chooses a SYN cookie where the kernel makes one with a secret of its own. Undefined leaves it to the simulator, whose
 * cookies are a hash without a secret. What was chosen is remembered for two minutes, and an ACK held against it.
 */
export type CookieChooser = (request: CookieRequest) => Partial<SynCookie> | undefined

/** What cookies can tell of a client's maximum segment size (`msstab` in net/ipv4 and net/ipv6/syncookies.c). */
const SEGMENT_SIZES = { 4: [536, 1300, 1440, 1460], 6: [1220, 1420, 1440, 8940] } as const

const COOKIE_BITS = 24
const COOKIE_MASK = 0xff_ffff
const MINUTE_MS = 60_000
/** In minutes (`MAX_SYNCOOKIE_AGE`). */
const MAX_AGE = 2

/** Two numbers in place of the kernel's two random keys. */
const FIRST_KEY = 0x5f3759df
const SECOND_KEY = 0x2545f491

/**
 * Cookies that somebody else chose, by client: the part that the kernel's keys make. Two minutes of them, so that none
 * has to be looked for to be forgotten.
 */
interface ChosenCookies {
  readonly minute: number
  readonly current: PersistentMap<string, number>
  readonly previous: PersistentMap<string, number>
}
const CHOSEN = 'SYNPROXY'
const NONE: PersistentMap<string, number> = PersistentMap.strings()

type Client = Pick<CookieRequest, 'source' | 'sport' | 'destination' | 'dport'>

/** What a step has for cookies; the transaction has it. */
export interface CookieContext {
  readonly nowMs: number
  readonly memory: Memory
  readonly options: { readonly chooseCookie?: CookieChooser }
}

/** The cookie for a SYN that announced segments of this size, 0 for none (`__cookie_v4_init_sequence`). */
export function issueCookie(
  client: Client,
  sequence: number,
  segmentSize: number,
  context: CookieContext,
): SynCookie {
  const { nowMs, options } = context
  const minute = minuteOf(nowMs)
  const size = Math.max(
    SEGMENT_SIZES[client.source.family].findLastIndex(known => segmentSize >= known),
    0,
  )
  const second = (hash(client, minute, SECOND_KEY) + size) & COOKIE_MASK
  const own = (hash(client, 0, FIRST_KEY) + sequence + (minute << COOKIE_BITS) + second) >>> 0
  const proposal = { sequence: own, timestamp: nowMs >>> 0 }
  const chosen = options.chooseCookie?.({ ...client, sequence: sequence >>> 0, proposal })
  remember(
    client,
    chosen?.sequence === undefined ? undefined : (chosen.sequence - sequence - size) | 0,
    context,
  )
  return { ...proposal, ...chosen }
}

/** In a minute there is one cookie for a client, chosen or our own. @param base undefined for our own */
function remember(client: Client, base: number | undefined, context: CookieContext): void {
  const { minute, current, previous } = recall(context)
  const name = nameOf(client)
  if (base !== undefined)
    context.memory.set(CHOSEN, { minute, current: current.set(name, base, {}), previous })
  else if (current.get(name) !== undefined)
    context.memory.set(CHOSEN, { minute, current: current.delete(name, {}), previous })
}

/** What was chosen in this minute and the one before. */
function recall({ memory, nowMs }: CookieContext): ChosenCookies {
  const minute = minuteOf(nowMs)
  const known = memory.get(CHOSEN) as ChosenCookies | undefined
  if (known?.minute === minute) return known
  return { minute, current: NONE, previous: known?.minute === minute - 1 ? known.current : NONE }
}

/**
 * The segment size that a cookie tells of, undefined for a number that is no cookie of the last two minutes
 * (`__cookie_v4_check`). `sequence` is what the SYN's must have been.
 */
export function readCookie(
  client: Client,
  sequence: number,
  cookie: number,
  context: CookieContext,
): number | undefined {
  const sizes = SEGMENT_SIZES[client.source.family]
  const now = minuteOf(context.nowMs)
  const name = nameOf(client)
  const { current, previous } = recall(context)
  const chosen = [current.get(name), previous.get(name)]
  for (const base of chosen) {
    const size = base === undefined ? undefined : sizes[(cookie - sequence - base) >>> 0]
    if (size !== undefined) return size
  }
  const rest = (cookie - hash(client, 0, FIRST_KEY) - sequence) | 0
  const age = (now - (rest >>> COOKIE_BITS)) & 0xff
  if (age >= MAX_AGE || chosen[age] !== undefined) return undefined
  return sizes[(rest - hash(client, now - age, SECOND_KEY)) & COOKIE_MASK]
}

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / MINUTE_MS)
}

function hash({ source, destination, sport, dport }: Client, minute: number, key: number): number {
  const words = [...wordsOf(source), ...wordsOf(destination), (sport << 16) | dport, minute]
  return jhash2(words, key)
}

function wordsOf({ family, w0, w1, w2, w3 }: Address): number[] {
  return family === 4 ? [w0] : [w0, w1, w2, w3]
}

function nameOf({ source, destination, sport, dport }: Client): string {
  return `${source} ${sport} ${destination} ${dport}`
}
