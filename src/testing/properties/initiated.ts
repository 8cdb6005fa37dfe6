import { Passed } from '../solicited.ts'
import { type Place, placeTest, placeText } from './places.ts'
import { type Property, passed } from './property.ts'

/**
 * Connections are only opened from a zone (or by the box itself): whatever else passes, to the box too, is an answer to
 * something that came from the zone and was passed on, or an ICMP error about it. What an answer is is judged by
 * addresses and ports alone, not by what conntrack thinks; so a data connection that a helper lets in is no answer.
 *
 * @param zone devices, prefixes or `box`
 * @example
 * const network = { interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] } }
 * const inside = onlyInitiatedFrom('lan0')
 * inside.sentence // 'connections are only opened from lan0'
 * const dropAll = 'iptables -P INPUT DROP\niptables -P FORWARD DROP\n'
 * const open = createFirewall({ ...network, rules: `${dropAll}iptables -A FORWARD -j ACCEPT` })
 * const { counterexample } = checkProperty(open, inside, { seed: 1 })
 * counterexample.packets // [ 'wan0: tcp 203.0.113.2:40000 > 10.6.0.2:80 S seq=1000' ]
 * const established = 'iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'
 * const closed = createFirewall({
 *   ...network,
 *   rules: `${dropAll}${established}\niptables -A FORWARD -i lan0 -j ACCEPT`,
 * })
 * checkProperty(closed, inside, { seed: 1 }).holds // true
 */
export function onlyInitiatedFrom(zone: Place): Property {
  return {
    sentence: `connections are only opened from ${placeText(zone)}`,
    scope: {},
    begin: firewall => {
      const inside = placeTest(firewall, zone)
      const opened = new Passed()
      return ({ arrival, outcome }) => {
        if ('local' in arrival || inside.isSource(arrival)) {
          opened.note(outcome)
          return undefined
        }
        if (!passed(outcome) || opened.isAnswer(arrival.packet)) return undefined
        return { why: `${arrival.packet} passed, and nobody in ${placeText(zone)} had asked for it` }
      }
    },
  }
}

/**
 * What comes from a place and passes is an answer: to a packet that was passed on before, whoever sent it, or an ICMP
 * error about one.
 *
 * @param from devices, prefixes or `box`
 * @example
 * const firewall = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   rules: `iptables -P INPUT DROP
 *           iptables -A FORWARD -i wan0 -m conntrack ! --ctstate ESTABLISHED -j DROP`,
 * })
 * checkProperty(firewall, nothingUnsolicited('wan0'), { seed: 1 }).holds // true
 * const { counterexample } = checkProperty(firewall, nothingUnsolicited('lan0'), { seed: 1 })
 * counterexample.packets // [ 'lan0: tcp 10.6.0.2:40000 > 203.0.113.2:80 S seq=1000' ]
 */
export function nothingUnsolicited(from: Place): Property {
  return {
    sentence: `nothing passes from ${placeText(from)} that was not asked for`,
    scope: { from },
    begin: firewall => {
      const source = placeTest(firewall, from)
      const known = new Passed()
      return ({ arrival, outcome }) => {
        const isAnswer = known.isAnswer(arrival.packet)
        known.note(outcome)
        if (isAnswer || !passed(outcome) || !source.isSource(arrival)) return undefined
        return { why: `${arrival.packet} passed, and nobody had asked for it` }
      }
    },
  }
}
