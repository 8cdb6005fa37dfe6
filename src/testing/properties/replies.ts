import { invertTuple, type Tuple } from '../../conntrack/tuple.ts'
import { step } from '../../firewall.ts'
import { formatFate } from '../../format/trace-text.ts'
import type { Emission } from '../../outcome.ts'
import type { Packet } from '../../packet/packet.ts'
import { tupleOfPacket } from '../solicited.ts'
import { answerTo, isOpening } from './openings.ts'
import { placeTest, placeText, type Scope, serviceTest } from './places.ts'
import { type Happened, type Property, passed } from './property.ts'

/**
 * Whatever was let out gets its replies back: when somebody opens a connection (see {@link alwaysReaches}) and the
 * firewall passes it on, the answer of whoever got it comes back to who asked, from where he had sent it. The answer is
 * tried on a fork of the state, at once.
 *
 * @param scope of the packets that were let out, as they were addressed; default all
 * @example
 * const firewall = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   rules: `iptables -A FORWARD -i wan0 -m conntrack --ctstate ESTABLISHED -p tcp -j ACCEPT
 *           iptables -A FORWARD -i wan0 -j DROP`,
 * })
 * checkProperty(firewall, repliesReturn({ from: 'lan0', protocol: 'tcp' }), { seed: 1 }).holds // true
 * const { counterexample } = checkProperty(firewall, repliesReturn({ from: 'lan0' }), { seed: 1 })
 * console.log(counterexample.packets.join('\n'))
 * // lan0: udp 10.6.0.2:40000 > 203.0.113.2:80
 * // wan0: udp 203.0.113.2:80 > 10.6.0.2:40000
 */
export function repliesReturn(scope: Scope = {}): Property {
  const { from, to } = scope
  const isService = serviceTest(scope)
  const words = [from && ` from ${placeText(from)}`, to && ` to ${placeText(to)}`].filter(Boolean).join('')
  return {
    sentence: `whatever was let out${words} gets its replies back`,
    scope,
    begin: firewall => {
      const source = placeTest(firewall, from)
      const target = placeTest(firewall, to)
      return happened => {
        const { packet } = happened.arrival
        if (!passed(happened.outcome) || !source.isSource(happened.arrival)) return undefined
        if (!target.isMeant(packet) || !isService(packet) || !isOpening(happened)) return undefined
        const probe = answered(happened)
        if (probe === undefined || isBack(probe.outcome, happened)) return undefined
        const { fate } = probe.outcome
        const went = fate.kind === 'forwarded' || fate.kind === 'sent' || fate.kind === 'delivered'
        return {
          why: went ? `the answer went astray: ${formatFate(fate)}` : `the answer was ${formatFate(fate)}`,
          probe,
        }
      }
    },
  }
}

/**
 * Answers have their addresses and ports translated back: if the answer to a packet that was passed on is passed on
 * itself, then it has the ends of that packet as it was sent, the other way round. An answer that is dropped says
 * nothing (see {@link repliesReturn} for those).
 *
 * @param scope of the packets that are answered, as they were addressed; default all
 * @example
 * const network = { interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] } }
 * const masquerade = 'iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE'
 * const good = createFirewall({ ...network, rules: masquerade })
 * checkProperty(good, natInverts(), { seed: 1 }).holds // true
 * // what conntrack does not see stays as it is
 * const blind = createFirewall({
 *   ...network,
 *   rules: `${masquerade}\niptables -t raw -A PREROUTING -i wan0 -j CT --notrack`,
 * })
 * console.log(checkProperty(blind, natInverts(), { seed: 1 }).counterexample.why)
 * // the answer became tcp 203.0.113.2:80 > 203.0.113.1:40000 SA seq=5000 ack=1001
 */
export function natInverts(scope: Scope = {}): Property {
  const { from, to } = scope
  const isService = serviceTest(scope)
  return {
    sentence: 'the answers to translated packets are translated back',
    scope,
    begin: firewall => {
      const source = placeTest(firewall, from)
      const target = placeTest(firewall, to)
      return happened => {
        const { arrival, outcome } = happened
        if (!passed(outcome) || !source.isSource(arrival) || !target.isMeant(arrival.packet)) return undefined
        if (!isService(arrival.packet) || !isOpening(happened)) return undefined
        const probe = answered(happened)
        if (probe === undefined || !passed(probe.outcome)) return undefined
        const wanted = expectedAnswer(arrival.packet)
        const got = gotten(probe.outcome)
        if (wanted === undefined || got.some(packet => isFrom(packet, wanted))) return undefined
        return { why: `the answer became ${got.join(', ')}`, probe }
      }
    },
  }
}

/** Sends the answer to what was passed on, on a fork. */
function answered({ outcome }: Happened): Happened | undefined {
  const out = [...outcome.emitted, ...outcome.delivered].filter(({ answer }) => !answer)
  const [got, ...more] = out
  if (got === undefined || more.length > 0) return undefined
  const packet = answerTo(got.packet)
  if (packet === undefined) return undefined
  const isDelivered = outcome.delivered.length > 0
  const arrival = isDelivered ? { local: true as const, packet } : { device: got.device, packet }
  return { before: outcome.state, arrival, outcome: step(outcome.state, arrival) }
}

/** Did the answer reach the one who asked, as an answer to what he had sent? */
function isBack(answer: Happened['outcome'], { arrival }: Happened): boolean {
  const wanted = expectedAnswer(arrival.packet)
  if (wanted === undefined) return true
  if ('local' in arrival) return answer.delivered.some(({ packet }) => isFrom(packet, wanted))
  return answer.emitted.some(
    ({ device, packet }: Emission) => device === arrival.device && isFrom(packet, wanted),
  )
}

function expectedAnswer(packet: Packet): Tuple | undefined {
  const tuple = tupleOfPacket(packet)
  return tuple && invertTuple(tuple)
}

function isFrom(packet: Packet, wanted: Tuple): boolean {
  return tupleOfPacket(packet)?.equals(wanted) ?? false
}

function gotten({ emitted, delivered }: Happened['outcome']): readonly Packet[] {
  return [...emitted, ...delivered].filter(({ answer }) => !answer).map(({ packet }) => packet)
}
