import { type Address, Prefix } from '../../address.ts'
import { type Packet, quotedPacket } from '../../packet/packet.ts'
import { addressesOf, placeTest } from './places.ts'
import type { Property } from './property.ts'

/**
 * No packet that leaves on a device shows an address of a range: not as source or destination, and not in what an ICMP
 * error quotes. Packets that the box makes itself count as well. What the arriving packet itself showed on that device
 * is no secret there, e.g. when an error sends it back.
 *
 * @param range a prefix, or several
 * @param device the name of a device of the firewall
 * @throws RangeError for a range that is no prefix; `begin` for a device that the firewall does not have
 * @example
 * const network = {
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   routes: ['default via 203.0.113.254 dev wan0'],
 * }
 * const secret = noLeak('10.6.0.0/16', 'wan0')
 * secret.sentence // 'no address of 10.6.0.0/16 shows on wan0'
 * const forgetful = createFirewall({
 *   ...network,
 *   rules: 'iptables -t nat -A POSTROUTING -o wan0 -p udp -j MASQUERADE',
 * })
 * console.log(checkProperty(forgetful, secret, { seed: 1 }).counterexample.why)
 * // wan0 got 10.6.0.2 in tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000 ttl=63
 * const closed = createFirewall({
 *   ...network,
 *   rules: 'iptables -P OUTPUT DROP\niptables -A FORWARD -o wan0 -j DROP',
 * })
 * checkProperty(closed, secret, { seed: 1 }).holds // true
 */
export function noLeak(range: string | readonly string[], device: string): Property {
  const texts = [range].flat()
  const prefixes = texts.map(text => Prefix.parse(text))
  const isPrivate = (address: Address): boolean => prefixes.some(prefix => prefix.contains(address))
  return {
    sentence: `no address of ${texts.join(' or ')} shows on ${device}`,
    scope: { from: texts, to: device },
    begin: firewall => {
      // says so when there is no such device
      placeTest(firewall, device)
      return ({ arrival, outcome }) => {
        const known = 'device' in arrival && arrival.device === device ? shownBy(arrival.packet) : []
        const isSecret = (address: Address): boolean =>
          isPrivate(address) && !known.some(other => other.equals(address))
        for (const emission of outcome.emitted) {
          if (emission.device !== device) continue
          const shown = shownBy(emission.packet).find(isSecret)
          if (shown !== undefined) return { why: `${device} got ${shown} in ${emission.packet}` }
        }
        return undefined
      }
    },
  }
}

/** Every address that a packet carries. */
function shownBy(packet: Packet): readonly Address[] {
  const ends = addressesOf(packet)
  const quoted = quotedPacket(packet)
  return [...(ends === undefined ? [] : [ends.source, ends.destination]), ...(quoted ? shownBy(quoted) : [])]
}
