import type { Arrival, Outcome } from '../../outcome.ts'
import type { Packet } from '../../packet/packet.ts'
import type { FirewallState } from '../../state.ts'
import type { Scope } from './places.ts'

/** One packet of a history, with the firewall as it was before. */
export interface Happened {
  readonly before: FirewallState
  readonly arrival: Arrival & { readonly packet: Packet }
  readonly outcome: Outcome
}

/** What is wrong about a packet. */
export interface Violation {
  /** `wan0 got an address of 10.6.0.0/16`. */
  readonly why: string
  /** A packet that was sent after it to find out. */
  readonly probe?: Happened
}

/** Watches one history: sees every packet in order, and says which one breaks the property. */
export type Judge = (happened: Happened) => Violation | undefined

/** Something that must hold of a firewall, whatever packets come. */
export interface Property {
  /** As an engineer would say it: `nothing from wan0 reaches lan0`. */
  readonly sentence: string
  /** Where the search looks first. */
  readonly scope?: Scope
  /**
   * A judge for a new history.
   *
   * @throws RangeError when the property speaks of a device that the firewall does not have
   */
  begin(firewall: FirewallState): Judge
}

/**
 * A property of single outcomes, by the caller's own predicate.
 *
 * @param holds false, or text that says what is wrong, breaks it; true and undefined do not
 * @param scope packets to try first
 * @example
 * const quiet = everyOutcome('nothing is rejected', ({ outcome }) => outcome.fate.kind !== 'rejected')
 * const firewall = createFirewall({
 *   interfaces: { eth0: ['192.0.2.1/24'] },
 *   rules: 'iptables -A INPUT -p tcp --dport 113 -j REJECT',
 * })
 * const { counterexample } = checkProperty(firewall, quiet, { seed: 1 })
 * counterexample.packets // [ 'eth0: tcp 192.0.2.66:40000 > 192.0.2.1:113 S seq=1000' ]
 */
export function everyOutcome(
  sentence: string,
  holds: (happened: Happened) => boolean | string | undefined,
  scope?: Scope,
): Property {
  const judge: Judge = happened => {
    const answer = holds(happened)
    if (answer === false) return { why: sentence }
    return typeof answer === 'string' ? { why: answer } : undefined
  }
  return { sentence, ...(scope !== undefined && { scope }), begin: () => judge }
}

/**
 * All of them hold, as one property: one search instead of several. It looks first where the first one with a scope
 * does.
 *
 * @returns its sentence is theirs, joined by `, and `
 * @example
 * const firewall = createFirewall({
 *   interfaces: { guest0: ['10.7.0.1/16'], lan0: ['10.6.0.1/16'] },
 *   rules: 'iptables -A FORWARD -i guest0 -j DROP',
 * })
 * const apart = allOf(neverReaches({ from: 'guest0', to: 'lan0' }), neverReaches({ from: 'lan0', to: 'guest0' }))
 * apart.sentence // 'nothing from guest0 reaches lan0, and nothing from lan0 reaches guest0'
 * const { counterexample } = checkProperty(firewall, apart, { seed: 1 })
 * counterexample.packets // [ 'lan0: tcp 10.6.0.2:40000 > 10.7.0.2:80 S seq=1000' ]
 */
export function allOf(...properties: readonly Property[]): Property {
  const scope = properties.find(property => property.scope !== undefined)?.scope
  return {
    sentence: properties.map(({ sentence }) => sentence).join(', and '),
    ...(scope !== undefined && { scope }),
    begin: firewall => {
      const judges = properties.map(property => property.begin(firewall))
      // every judge sees every packet, whatever the others say
      return happened => judges.map(judge => judge(happened)).find(violation => violation !== undefined)
    },
  }
}

/**
 * The property, but only about packets that the caller's own predicate picks. What other packets do is still seen: a
 * connection that one of them opened is open.
 *
 * @param picks whether a packet that breaks the property counts
 * @param words what such packets are called in the sentence; default `some packets`
 * @example
 * const firewall = createFirewall({
 *   interfaces: { guest0: ['10.7.0.1/16'], lan0: ['10.6.0.1/16'] },
 *   rules: 'iptables -A FORWARD -i guest0 -p tcp -j DROP',
 * })
 * const apart = neverReaches({ from: 'guest0', to: 'lan0' })
 * const isTcp = ({ arrival }) => arrival.packet.decoded.kind === 'tcp'
 * checkProperty(firewall, apart, { seed: 1 }).holds // false
 * const { sentence, holds } = checkProperty(firewall, where(apart, isTcp, 'TCP'), { seed: 1 })
 * sentence // 'for TCP: nothing from guest0 reaches lan0'
 * holds // true
 */
export function where(
  property: Property,
  picks: (happened: Happened) => boolean,
  words = 'some packets',
): Property {
  return {
    ...property,
    sentence: `for ${words}: ${property.sentence}`,
    begin: firewall => {
      const judge = property.begin(firewall)
      return happened => {
        const violation = judge(happened)
        return violation !== undefined && picks(happened) ? violation : undefined
      }
    },
  }
}

/** Forwarded, sent or delivered. */
export function passed({ fate }: Outcome): boolean {
  return fate.kind === 'forwarded' || fate.kind === 'sent' || fate.kind === 'delivered'
}
