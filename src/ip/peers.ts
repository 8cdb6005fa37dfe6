import type { Address } from '../address.ts'
import { type KeyKind, PersistentMap } from '../persistent/map.ts'

/**
 * Hosts that this box has lately sent errors and redirects, and what allowance each has left for more: the kernel's
 * `inet_peer`, one set for each family. Whoever was sent nothing for long enough has all of it again and is forgotten.
 */
export interface Peers {
  readonly recent: PersistentMap<Address, Peer>
  readonly older: PersistentMap<Address, Peer>
  readonly turnedAtMs: number
}

/** May it be sent? And the peers of the next time. */
export interface Decision {
  readonly isAllowed: boolean
  readonly peers: Peers
}

/** Asks for one more message to a host. */
export type Spend = (peers: Peers, host: Address, nowMs: number) => Decision

interface Peer {
  /** What is saved up for messages that cost time (`rate_tokens`). */
  readonly savedMs: number
  /** `rate_last` */
  readonly lastMs: number
  /** `n_redirects`, IPv4 only. */
  readonly redirects: number
}

/** `ip_error`: an error costs a second; five seconds are saved up (`error_cost`, `error_burst`). */
const ERROR_COST_MS = 1000
const ERROR_BURST_MS = 5000
/** `inet_peer_xrlim_allow`: as many messages at once as this (`XRLIM_BURST_FACTOR`). */
const BURST_FACTOR = 6
const REDIRECT_PAUSE_MS = 1000
/** `ip_rt_send_redirect`: so many, each after twice the pause; who then heeds them for the silence begins anew. */
const REDIRECT_LOAD_MS = 20
const MOST_REDIRECTS = 9
const REDIRECT_SILENCE_MS = REDIRECT_LOAD_MS << 10

const ADDRESSES: KeyKind<Address> = {
  hash: ({ w0, w1, w2, w3 }) => Math.imul(w0 ^ w1 ^ w2 ^ w3, 0x9e3779b1),
  equals: (a, b) => a.equals(b),
}
const NOBODY: PersistentMap<Address, Peer> = PersistentMap.empty(ADDRESSES)
export const NO_PEERS: Peers = { recent: NOBODY, older: NOBODY, turnedAtMs: Number.NEGATIVE_INFINITY }
const STRANGER: Peer = { savedMs: 0, lastMs: Number.NEGATIVE_INFINITY, redirects: 0 }

/** IPv4: may the sender of a packet be told that there is no route? (`ip_error`, net/ipv4/route.c) */
export function spendError(peers: Peers, sender: Address, nowMs: number): Decision {
  return spend(peers, sender, ERROR_COST_MS, ERROR_BURST_MS, nowMs)
}

/**
 * IPv6: may one end of a detour be told once more that another router is nearer? Once in a second
 * (`inet_peer_xrlim_allow`, net/ipv4/icmp.c, as `ip6_forward` and `ndisc_send_redirect` ask it).
 */
export function spendRedirect6(peers: Peers, host: Address, nowMs: number): Decision {
  return spend(peers, host, REDIRECT_PAUSE_MS, BURST_FACTOR * REDIRECT_PAUSE_MS, nowMs)
}

/** An error under a limit that is off: it may always be sent, but what was saved up before is gone (the same). */
export function spendUnlimited(peers: Peers, host: Address, nowMs: number): Decision {
  return spend(peers, host, 0, 0, nowMs)
}

function spend(peers: Peers, host: Address, costMs: number, burstMs: number, nowMs: number): Decision {
  const { savedMs, lastMs, redirects } = peerOf(peers, host)
  // within one tick of the clock nothing is added, and nothing cut down to the burst
  const saved = nowMs === lastMs ? savedMs : Math.min(burstMs, savedMs + nowMs - lastMs)
  const isAllowed = saved >= costMs
  const next = { savedMs: isAllowed ? saved - costMs : saved, lastMs: nowMs, redirects }
  return { isAllowed, peers: remember(peers, host, next, nowMs) }
}

/** IPv4: may a host be told once more that another router is nearer? (`ip_rt_send_redirect`, net/ipv4/route.c) */
export function spendRedirect4(peers: Peers, host: Address, nowMs: number): Decision {
  const known = peerOf(peers, host)
  const isSilent = nowMs > known.lastMs + REDIRECT_SILENCE_MS
  const { savedMs, lastMs, redirects } = isSilent ? { ...known, savedMs: 0, redirects: 0 } : known
  if (redirects >= MOST_REDIRECTS)
    return { isAllowed: false, peers: remember(peers, host, { savedMs, lastMs: nowMs, redirects }, nowMs) }
  const isAllowed = redirects === 0 || nowMs > lastMs + (REDIRECT_LOAD_MS << redirects)
  const next = isAllowed
    ? { savedMs, lastMs: nowMs, redirects: redirects + 1 }
    : { savedMs, lastMs, redirects }
  return { isAllowed, peers: remember(peers, host, next, nowMs) }
}

function peerOf({ recent, older }: Peers, host: Address): Peer {
  return recent.get(host) ?? older.get(host) ?? STRANGER
}

/** Two generations, so that nobody has to be looked for to be forgotten. */
function remember(peers: Peers, host: Address, peer: Peer, nowMs: number): Peers {
  const { recent, older, turnedAtMs } = peers
  const ageMs = nowMs - turnedAtMs
  if (ageMs <= REDIRECT_SILENCE_MS) return { recent: recent.set(host, peer, {}), older, turnedAtMs }
  const last = ageMs <= 2 * REDIRECT_SILENCE_MS ? recent : NOBODY
  return { recent: NOBODY.set(host, peer, {}), older: last, turnedAtMs: nowMs }
}
