import { transportAt, tupleAt } from '../conntrack/packet-tuple.ts'
import { invertTuple, type Tuple } from '../conntrack/tuple.ts'
import type { Outcome } from '../outcome.ts'
import { type Packet, quotedPacket } from '../packet/packet.ts'

/**
 * What has passed the firewall so far, as its neighbours saw it. Knows nothing of conntrack, so that it can judge it:
 * an answer is a packet whose ends are those of one that was passed on, the other way round, or an ICMP error about
 * such a packet.
 */
export class Passed {
  private readonly flows = new Set<string>()

  /** Notes every packet that went out or was delivered. */
  note(outcome: Outcome): void {
    for (const { packet } of outcome.emitted) this.add(packet)
    for (const { packet } of outcome.delivered) this.add(packet)
  }

  isAnswer(packet: Packet): boolean {
    const quoted = quotedPacket(packet)
    if (quoted !== undefined) return this.has(tupleOfPacket(quoted))
    const tuple = tupleOfPacket(packet)
    return this.has(tuple && invertTuple(tuple))
  }

  private add(packet: Packet): void {
    const tuple = tupleOfPacket(packet)
    if (tuple !== undefined) this.flows.add(keyOf(tuple))
  }

  private has(tuple: Tuple | undefined): boolean {
    return tuple !== undefined && this.flows.has(keyOf(tuple))
  }
}

/** The ends of a packet as conntrack would read them; undefined for fragments and broken headers. */
export function tupleOfPacket({ family, bytes }: Packet): Tuple | undefined {
  if (bytes.length < (family === 4 ? 20 : 40)) return undefined
  const found = transportAt(family, bytes, 0)
  return found < 0 ? undefined : tupleAt(family, bytes, 0, found & 0xff, found >> 8)
}

function keyOf({ source, destination, protocol, sport, dport }: Tuple): string {
  return `${protocol} ${source} ${sport} ${destination} ${dport}`
}
