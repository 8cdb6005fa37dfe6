import { formatFate } from '../../format/trace-text.ts'
import { Passed } from '../solicited.ts'
import { isOpening } from './openings.ts'
import { placeTest, placeText, type Scope, serviceTest, serviceText } from './places.ts'
import { type Judge, type Property, passed } from './property.ts'

/** Between which places, which service, and whether answers count. */
export interface NeverReachesOptions extends Scope {
  /** Answers to what came from there count too: nothing at all may pass. Default false. */
  readonly answers?: boolean
}

/**
 * No packet from a place gets to another one. Answers to what came from the other side do not count (unless `answers`
 * says so), ICMP errors about such packets neither. The service is that of the packet as it arrives in the end, behind
 * any DNAT.
 *
 * @throws RangeError for a protocol that is not known; `begin` for a device that the firewall does not have
 * @example
 * neverReaches({ from: 'guest0', to: ['lan0', '10.6.0.0/16'] }).sentence // 'nothing from guest0 reaches lan0 or 10.6.0.0/16'
 * const firewall = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   rules: `iptables -A INPUT -i lan0 -p tcp --dport 22 -j ACCEPT
 *           iptables -A INPUT -p tcp --dport 22 -j DROP`,
 * })
 * const ssh = { protocol: 'tcp', port: 22 }
 * checkProperty(firewall, neverReaches({ from: 'wan0', to: 'box', ...ssh }), { seed: 1 }).holds // true
 * checkProperty(firewall, neverReaches({ from: 'lan0', to: 'box', ...ssh }), { seed: 1 }).holds // false
 */
export function neverReaches(options: NeverReachesOptions): Property {
  const { from, to, answers = false } = options
  const isService = serviceTest(options)
  const what = serviceText(options)
  return {
    sentence: `nothing from ${placeText(from)} reaches ${placeText(to)}${what && ` (${what})`}`,
    scope: options,
    begin: firewall => {
      const source = placeTest(firewall, from)
      const target = placeTest(firewall, to)
      const known = new Passed()
      return ({ arrival, outcome }) => {
        const isAnswer = !answers && known.isAnswer(arrival.packet)
        known.note(outcome)
        if (isAnswer || !source.isSource(arrival)) return undefined
        const got = target.isReached(outcome)
        return got !== undefined && isService(got) ? { why: `${placeText(to)} got ${got}` } : undefined
      }
    },
  }
}

/**
 * Whoever opens a connection from a place to another one, and does it right, gets through: a SYN, a datagram, an echo
 * request; well-formed, from an address that is routed to the device it arrives on. The place and the service are those
 * that the packet is addressed to, before any DNAT.
 *
 * @example
 * const firewall = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   rules: `iptables -P FORWARD DROP
 *           iptables -A FORWARD -p tcp --dport 443 -j ACCEPT
 *           iptables -t nat -A PREROUTING -d 203.0.113.1 -p tcp --dport 443 -j DNAT --to-destination 10.6.0.10`,
 * })
 * const web = alwaysReaches({ from: 'wan0', to: '203.0.113.1', protocol: 'tcp', port: 443 })
 * checkProperty(firewall, web, { seed: 1 }).holds // true
 * const lan = alwaysReaches({ from: 'wan0', to: 'lan0', protocol: 'tcp', port: [443, 8443] })
 * const { counterexample } = checkProperty(firewall, lan, { seed: 1 })
 * counterexample.packets // [ 'wan0: tcp 203.0.113.2:40000 > 10.6.0.2:8443 S seq=1000' ]
 */
export function alwaysReaches(options: Scope): Property {
  const { from, to } = options
  const isService = serviceTest(options)
  const what = serviceText(options)
  return {
    sentence: `whatever is opened from ${placeText(from)} reaches ${placeText(to)}${what && ` (${what})`}`,
    scope: options,
    begin: (firewall): Judge => {
      const source = placeTest(firewall, from)
      const target = placeTest(firewall, to)
      return happened => {
        const { arrival, outcome } = happened
        if (passed(outcome) || outcome.fate.kind === 'held') return undefined
        const { packet } = arrival
        const isMeant = source.isSource(arrival) && target.isMeant(packet) && isService(packet)
        if (!isMeant || !isOpening(happened)) return undefined
        return { why: `it was ${formatFate(outcome.fate)}` }
      }
    },
  }
}
