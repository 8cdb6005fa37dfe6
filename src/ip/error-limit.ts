import type { Address } from '../address.ts'
import { type KeyKind, PersistentMap } from '../persistent/map.ts'

/**
 * Who has been sent errors lately, and how much of an allowance each has left to be told that there is no route:
 * `inet_peer` as `ip_error` (net/ipv4/route.c) and `icmp_send` use it. Whoever was sent none for five seconds has all of
 * it again and is forgotten.
 */
export interface ErrorPeers {
  readonly recent: PersistentMap<Address, Allowance>
  readonly older: PersistentMap<Address, Allowance>
  readonly turnedAtMs: number
}

interface Allowance {
  readonly leftMs: number
  readonly atMs: number
}

/** An error costs a second; five seconds are saved up (`error_cost`, `error_burst`). */
const COST_MS = 1000
const BURST_MS = 5000

const ADDRESSES: KeyKind<Address> = {
  hash: ({ w0, w1, w2, w3 }) => Math.imul(w0 ^ w1 ^ w2 ^ w3, 0x9e3779b1),
  equals: (a, b) => a.equals(b),
}
const NOBODY: PersistentMap<Address, Allowance> = PersistentMap.empty(ADDRESSES)

/**
 * Whether the sender of a packet may be told now that there is no route.
 *
 * @param peers of the last time, undefined at first
 * @returns also the peers of the next time
 */
export function spendError(
  peers: ErrorPeers | undefined,
  sender: Address,
  nowMs: number,
): { readonly isAllowed: boolean; readonly peers: ErrorPeers } {
  const { recent, older, turnedAtMs } = turned(peers, nowMs)
  const known = recent.get(sender) ?? older.get(sender)
  const savedMs = known === undefined ? BURST_MS : Math.min(BURST_MS, known.leftMs + nowMs - known.atMs)
  const isAllowed = savedMs >= COST_MS
  const next = { leftMs: isAllowed ? savedMs - COST_MS : savedMs, atMs: nowMs }
  return { isAllowed, peers: { recent: recent.set(sender, next, {}), older, turnedAtMs } }
}

/**
 * A host was sent another error under the peer's limit: with `icmp_ratelimit=0`, as in the reference box, that always
 * passes, and leaves it nothing saved up (`inet_peer_xrlim_allow` caps what there is at a multiple of the limit).
 *
 * @param peers of the last time, undefined at first
 * @returns the peers of the next time
 */
export function emptyAllowance(peers: ErrorPeers | undefined, host: Address, nowMs: number): ErrorPeers {
  const { recent, older, turnedAtMs } = turned(peers, nowMs)
  return { recent: recent.set(host, { leftMs: 0, atMs: nowMs }, {}), older, turnedAtMs }
}

/** Two generations, so that nobody has to be looked for to be forgotten. */
function turned(peers: ErrorPeers | undefined, nowMs: number): ErrorPeers {
  if (peers === undefined || nowMs - peers.turnedAtMs >= 2 * BURST_MS)
    return { recent: NOBODY, older: NOBODY, turnedAtMs: nowMs }
  if (nowMs - peers.turnedAtMs < BURST_MS) return peers
  return { recent: NOBODY, older: peers.recent, turnedAtMs: peers.turnedAtMs + BURST_MS }
}
