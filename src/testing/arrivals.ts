import fc from 'fast-check'
import type { Packet } from '../packet/packet.ts'
import type { FirewallState } from '../state.ts'
import type { History } from './conversations.ts'
import { type GuideOptions, guideTo } from './guided.ts'
import { errorAbout } from './make-packet.ts'
import { manners } from './manners.ts'
import { type PlayedArrival, play } from './play.ts'
import type { Scope } from './properties/places.ts'

/** A packet, and when it arrives on the firewall's clock. */
export interface TimedArrival {
  readonly atMs: number
  readonly arrival: PlayedArrival
}

/**
 * Single packets for a firewall: to and from its neighbours and itself, between the edges of its rules (the first and
 * last addresses of prefixes and those just outside, the ends of port ranges and their neighbours, every set of flags,
 * every device).
 *
 * @param scope who sends to whom; half of the packets keep to it
 * @example
 * fc.assert(fc.property(arrivals(firewall), arrival => step(firewall, arrival).fate.kind !== 'rejected'))
 */
export function arrivals(firewall: FirewallState, scope?: Scope): fc.Arbitrary<PlayedArrival> {
  return guidedHistories(firewall, scope, { maxPackets: 1, twisted: 7 })
    .map(history => timed(firewall, history))
    .filter(list => list.length > 0)
    .map(([first]) => first!.arrival)
}

/**
 * Many packets with their times, as histories make them of this firewall: dialogues that answer what they see, told
 * well and badly. They shrink to fewer, plainer packets.
 *
 * @example
 * fc.property(timedArrivals(firewall), list => {
 *   let state = firewall
 *   for (const { atMs, arrival } of list) state = step(advance(state, atMs - state.nowMs), arrival).state
 * })
 */
export function timedArrivals(
  firewall: FirewallState,
  scope?: Scope,
  options?: GuideOptions,
): fc.Arbitrary<readonly TimedArrival[]> {
  return guidedHistories(firewall, scope, options).map(history => timed(firewall, history))
}

/** Histories for {@link play}: half of them aimed at a rule of the firewall, the others anything. */
export function guidedHistories(
  firewall: FirewallState,
  scope?: Scope,
  options?: GuideOptions,
): fc.Arbitrary<History> {
  return guideTo(firewall, scope, options).mixed
}

/** ICMP errors that a router or the receiver may send about a packet, quoting as much of it as it likes. */
export function icmpErrors(about: Packet): fc.Arbitrary<Packet> {
  const kinds = about.family === 4 ? ERRORS_4 : ERRORS_6
  return fc
    .tuple(fc.constantFrom(...kinds), fc.constantFrom(1000, 28, 20))
    .map(([[type, code], quoted]) => errorAbout(about, type, code, quoted, 1))
    .filter(error => error !== undefined)
}

/** Port unreachable, host unreachable, TTL exceeded, fragmentation needed, parameter problem. */
const ERRORS_4 = [
  [3, 3],
  [3, 1],
  [11, 0],
  [3, 4],
  [12, 0],
] as const
/** Port unreachable, no route, hop limit exceeded, packet too big, parameter problem. */
const ERRORS_6 = [
  [1, 4],
  [1, 0],
  [3, 0],
  [2, 0],
  [4, 0],
] as const

function timed(firewall: FirewallState, history: History): readonly TimedArrival[] {
  let atMs = firewall.nowMs
  const list: TimedArrival[] = []
  for (const step of play(firewall, history, { ids: 'plain', honest: ['local'], allows: manners(true) }))
    if (step.kind === 'wait') atMs += step.ms
    else list.push({ atMs, arrival: step.arrival })
  return list
}
