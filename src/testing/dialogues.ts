import fc from 'fast-check'
import { type Conversation, conversation, type Happening, type History } from './conversations.ts'
import { courseOf } from './courses.ts'
import type { Site } from './site.ts'
import { type Twist, twist } from './twists.ts'

/** What becomes of a dialogue on its way. */
export interface DialogueOptions {
  /** How many in ten of its packets are lost, late, doubled or not what they should be; default 2. 0: none. */
  readonly mutated?: number
}

/**
 * A TCP connection from its first SYN (a few are picked up in the middle) to its end, and perhaps another one on the
 * same ports. {@link play} makes packets of it.
 *
 * @param site where the two ends live
 * @example
 * const firewall = createFirewall(siteOptions(GATEWAY))
 * const told = fc.sample(tcpDialogue(GATEWAY, { mutated: 0 }), { numRuns: 50, seed: 1 })
 * const flagsOf = history => play(firewall, history).map(({ arrival }) => String(arrival.packet).split(' ')[4])
 * const flags = told.map(flagsOf)
 * flags.filter(([first]) => first === 'S').length // 42
 * flags.some(list => list.slice(0, 4).join(' ') === 'S SA A PA') // true
 */
export function tcpDialogue(site: Site, options?: DialogueOptions): fc.Arbitrary<History> {
  return dialogue(site, 'tcp', options)
}

/**
 * UDP datagrams to and fro between two ports.
 *
 * @param site where the two ends live
 * @example
 * const firewall = createFirewall(siteOptions(GATEWAY))
 * const told = fc.sample(udpExchange(GATEWAY, { mutated: 0 }), { numRuns: 50, seed: 1 })
 * told.every(({ conversations }) => conversations[0].protocol === 'udp') // true
 * const steps = told.flatMap(history => play(firewall, history))
 * steps.every(({ arrival }) => arrival.packet.decoded.kind === 'udp') // true
 */
export function udpExchange(site: Site, options?: DialogueOptions): fc.Arbitrary<History> {
  return dialogue(site, 'udp', options)
}

/**
 * ICMP echo requests and other queries, and their replies.
 *
 * @param site where the two ends live
 * @example
 * const firewall = createFirewall(siteOptions(GATEWAY))
 * const told = fc.sample(icmpExchange(GATEWAY, { mutated: 0 }), { numRuns: 50, seed: 1 })
 * const texts = told.flatMap(history => play(firewall, history)).map(({ arrival }) => String(arrival.packet))
 * texts.every(text => text.startsWith('icmp ')) // true
 * texts.some(text => text.includes('echo-request')) && texts.some(text => text.includes('echo-reply')) // true
 */
export function icmpExchange(site: Site, options?: DialogueOptions): fc.Arbitrary<History> {
  return dialogue(site, 'icmp', options)
}

function dialogue(
  site: Site,
  protocol: Conversation['protocol'],
  { mutated = 2 }: DialogueOptions = {},
): fc.Arbitrary<History> {
  const next = (twisted: Twist): Happening => ({ kind: 'next', about: 0, twist: twisted })
  const mutation: fc.Arbitrary<readonly Happening[]> = fc.oneof(
    fc.constant([next({ lost: true })]),
    fc.constant([next({ late: true })]),
    fc
      .constantFrom(0 as const, 1 as const)
      .map(side => [next({}), { kind: 'again' as const, about: 0, side }]),
    twist(site, { fragments: false }).map(wrong => [next(wrong)]),
    fc.constantFrom('R', 'RA').map(flags => [next({ flags })]),
  )
  const packet = fc.oneof(
    { weight: 10 - mutated, arbitrary: fc.constant([next({})]) },
    { weight: mutated, arbitrary: mutation },
  )
  return conversation(site, [protocol]).chain(talk => {
    const { length } = courseOf(talk)
    return fc
      .array(packet, { minLength: 1, maxLength: length + 3, size: 'max' })
      .map(parts => ({ conversations: [talk], happenings: parts.flat() }))
  })
}
