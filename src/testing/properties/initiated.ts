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
 * onlyInitiatedFrom('lan0')
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
 * @example
 * nothingUnsolicited('wan0')
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
