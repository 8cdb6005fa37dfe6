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
 * const firewall = createFirewall({
 *   interfaces: { eth0: ['192.0.2.1/24'] },
 *   rules: 'iptables -A INPUT -p tcp --dport 500:510 -j DROP',
 * })
 * const tried = fc.sample(arrivals(firewall), { numRuns: 1000, seed: 1 }).map(({ packet }) => String(packet))
 * const edges = [499, 500, 510, 511]
 * edges.filter(port => tried.some(text => text.includes(`> 192.0.2.1:${port} `))) // [499,500,510,511]
 * const drops = fc.property(arrivals(firewall), arrival => step(firewall, arrival).fate.kind !== 'dropped')
 * fc.check(drops, { seed: 1, numRuns: 500 }).failed // true
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
 * const firewall = createFirewall({ interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] } })
 * const orderly = fc.property(timedArrivals(firewall), list => {
 *   let state = firewall
 *   for (const { atMs, arrival } of list) state = step(advance(state, atMs - state.nowMs), arrival).state
 *   return state.nowMs === (list.at(-1)?.atMs ?? firewall.nowMs)
 * })
 * fc.check(orderly, { seed: 1 }).failed // false
 */
export function timedArrivals(
  firewall: FirewallState,
  scope?: Scope,
  options?: GuideOptions,
): fc.Arbitrary<readonly TimedArrival[]> {
  return guidedHistories(firewall, scope, options).map(history => timed(firewall, history))
}

/**
 * Histories for {@link play}: half of them aimed at a rule of the firewall, the others anything. They shrink to what a
 * person would write.
 *
 * @param scope who talks to whom about what; half of those that are not aimed keep to it
 * @throws RangeError for a firewall without addresses and routes
 * @example
 * const firewall = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   rules: 'iptables -A FORWARD -i lan0 -p udp --dport 161 -j LOG',
 * })
 * const isLogged = ({ outcome }) => outcome !== undefined && outcome.log.length > 0
 * const unlogged = history => !play(firewall, history).some(isLogged)
 * const { counterexample } = fc.check(fc.property(guidedHistories(firewall), unlogged), { seed: 1, numRuns: 500 })
 * const [{ arrival }] = play(firewall, counterexample[0], { ids: 'plain' })
 * `${arrival.device}: ${arrival.packet}` // lan0: udp 10.6.0.2:40000 > 203.0.113.2:161
 */
export function guidedHistories(
  firewall: FirewallState,
  scope?: Scope,
  options?: GuideOptions,
): fc.Arbitrary<History> {
  return guideTo(firewall, scope, options).mixed
}

/**
 * ICMP errors that a router or the receiver may send about a packet, quoting as much of it as it likes
 * (RFC 792, RFC 4443): unreachable, time exceeded, too big, parameter problem.
 *
 * @param about IPv4 or IPv6; errors come from where it was sent to, and go back to its source
 * @example
 * const sent = udp({ from: '10.6.0.2:40000', to: '198.51.100.7:53' })
 * const errors = fc.sample(icmpErrors(sent), { numRuns: 100, seed: 1 })
 * const texts = errors.map(String)
 * texts.every(text => text.startsWith('icmp 198.51.100.7 > 10.6.0.2 ')) // true
 * new Set(texts.map(text => text.split(' ')[4])).size // 5
 * console.log(texts.find(text => text.includes('port-unreachable')))
 * // icmp 198.51.100.7 > 10.6.0.2 port-unreachable { udp 10.6.0.2:40000 > 198.51.100.7:53 }
 */
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
