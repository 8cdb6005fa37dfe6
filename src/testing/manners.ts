import { DEFAULT_ZONE } from '../conntrack/connection.ts'
import { step } from '../firewall.ts'
import type { FirewallState } from '../state.ts'
import type { PlayedArrival } from './play.ts'
import { tupleOfPacket } from './solicited.ts'

/** Says of a packet whether it may be sent. */
export type Allows = (state: FirewallState, arrival: PlayedArrival) => boolean

/**
 * How packets are sent when firewalls are judged. The box itself is as it should be: it sends from its own addresses,
 * whole packets, TCP only to open a connection or in one that it has, and nothing that its own conntrack calls INVALID.
 * Everybody else may send anything; from addresses of others only if `spoofing`.
 */
export function manners(spoofing: boolean): Allows {
  return (state, arrival) => {
    const { decoded, family } = arrival.packet
    if (decoded.kind === 'malformed') return !('local' in arrival)
    const { routing } = family === 4 ? state.compiled.ipv4 : state.compiled.ipv6
    const { source } = decoded.ip
    if ('local' in arrival) return routing.isLocal(source) && isWellMade(state, arrival)
    return spoofing || routing.lookup(source)?.device?.name === arrival.device
  }
}

const SYN = 0x02
const CONTROL = 0x17

function isWellMade(state: FirewallState, arrival: PlayedArrival): boolean {
  const { packet } = arrival
  const { decoded } = packet
  const tuple = tupleOfPacket(packet)
  if (tuple === undefined || decoded.kind === 'other') return false
  if ('checksum' in decoded && decoded.checksum !== undefined) return false
  const isOpening = decoded.kind !== 'tcp' || (decoded.flags & CONTROL) === SYN
  return (isOpening || state.sessions.lookup(tuple, DEFAULT_ZONE) >= 0) && !isInvalid(state, arrival)
}

function isInvalid(state: FirewallState, arrival: PlayedArrival): boolean {
  const { trace } = step(state, arrival)
  return trace.some(({ steps }) =>
    steps.some(seen => seen.kind === 'conntrack' && seen.ctState === 'INVALID'),
  )
}
