import { Address, Prefix } from '../../address.ts'
import { firewallOf, type Network } from '../../network/index.ts'
import { isPrivate } from '../../network/plan.ts'
import { type ScenarioRun, type StepRun, stepsOf } from '../entries.ts'
import type { HopView, PacketView } from '../packet-view.ts'
import { addressTexts } from '../schema-network.ts'
import { isBadVerdict } from './hop-text.ts'

/** On which side of the site an address is. */
export type Side = 'internal' | 'dmz' | 'external'

/** A connection that somebody tried to open: what a compliance officer reads. */
export interface Attempt {
  readonly step: string
  /** Of its first packet in the report. */
  readonly packet: number
  readonly atMs: number
  readonly protocol: string
  readonly from: string
  /** As the one who tried addressed it. */
  readonly to: string
  /** Where it really went, if NAT changed that. */
  readonly finalTo: string
  readonly initiator: Side
  readonly target: Side
  readonly type: 'Outbound-initiated' | 'Inbound-initiated' | 'DMZ services' | 'Within one side'
  readonly verdict: 'allowed' | 'denied' | 'rejected' | 'lost' | 'under way'
  /** `fw filter/FORWARD:4 (policy line 7)` for each firewall that had a say. */
  readonly by: string
  /** Of the chain that decided; undefined where no firewall did. */
  readonly defaultPolicy: 'ALLOW' | 'DENY' | undefined
  /** SYNs and the like that were sent. */
  readonly tries: number
  /** Answers that came through, and the rule that let the first one pass. */
  readonly answers: number
  readonly answeredBy: string
}

/**
 * Every connection attempt of a run, in order.
 *
 * @param run with its scenario's `internal` and `dmz`, which tell inside from outside
 * @returns one for each connection and step, however often it was tried; times in milliseconds since the start
 * @example
 * const run = runScenario(scenario({
 *   title: 'telnet is off',
 *   network: {
 *     nodes: {
 *       a: { address: '10.0.0.1/24' },
 *       b: { address: '10.0.0.2/24', rules: 'iptables -A INPUT -p tcp --dport 23 -j DROP' },
 *     },
 *     links: { lan: ['a', 'b'] },
 *   },
 *   steps: [{ nc: 'b:23', from: 'a', timeout: '1s', expect: { outcome: 'filtered' } }],
 * }))
 * const [attempt] = attemptsOf(run)
 * attempt.verdict // denied
 * attempt.by // b filter/INPUT:1
 * attempt.tries // 2
 */
export function attemptsOf(run: Pick<ScenarioRun, 'input' | 'steps'>): Attempt[] {
  const sides = new Sides(run)
  const underWay = new Map<number, Draft>()
  return stepsOf(run.steps).flatMap(step => attemptsIn(step, sides, underWay))
}

/**
 * Attempts to get out of the site: data leaving.
 *
 * @param attempts of {@link attemptsOf}
 * @returns those from inside or from the DMZ to outside, whatever became of them
 * @example
 * const run = runScenario(scenario({
 *   title: 'telnet is off',
 *   internal: ['10.0.0.0/25'],
 *   network: {
 *     nodes: {
 *       a: { address: '10.0.0.1/24' },
 *       b: { address: '10.0.0.200/24', rules: 'iptables -A INPUT -p tcp --dport 23 -j DROP' },
 *     },
 *     links: { lan: ['a', 'b'] },
 *   },
 *   steps: [{ nc: 'b:23', from: 'a', timeout: '1s', expect: { outcome: 'filtered' } }],
 * }))
 * outboundOf(attemptsOf(run)).map(({ from, to }) => `${from} > ${to}`) // [ '10.0.0.1:40000 > 10.0.0.200:23' ]
 */
export function outboundOf(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter(({ initiator, target }) => initiator !== 'external' && target === 'external')
}

type Draft = { -readonly [Key in keyof Attempt]: Attempt[Key] }

/** @param underWay attempts that an earlier step left on their way, by journey */
function attemptsIn(step: StepRun, sides: Sides, underWay: Map<number, Draft>): Attempt[] {
  const drafts = new Map<string, Draft>()
  const answersTo = new Map<string, Draft>()
  for (const packet of step.packets) {
    const begun = packet.isContinued ? underWay.get(packet.journey) : undefined
    if (begun !== undefined) follow(begun, packet)
    if (packet.isContinued) continue
    const key = `${packet.protocol} ${packet.ends.source} ${packet.ends.destination}`
    const answered = answersTo.get(key)
    if (answered !== undefined) countAnswer(answered, packet)
    else if (beginsConnection(packet)) {
      const known = drafts.get(key)
      if (known !== undefined) tryAgain(known, attempt(step, packet, sides))
      else {
        const draft = attempt(step, packet, sides)
        drafts.set(key, draft)
        if (draft.verdict === 'under way') underWay.set(packet.journey, draft)
        const { source, destination } = packet.hops.at(-1)?.after ?? packet.ends
        answersTo.set(`${packet.protocol} ${destination} ${source}`, draft)
      }
    }
  }
  return [...drafts.values()]
}

function beginsConnection({ label, protocol }: PacketView): boolean {
  return protocol === 'tcp' ? /^SYN( |$)/.test(label) : protocol === 'udp' || label === 'echo-request'
}

/** What became in a later step of a packet that was under way. */
function follow(draft: Draft, packet: PacketView): void {
  draft.verdict = verdictOf(packet)
  const by = placesOf(packet.hops)
  if (by !== '') draft.by = `${draft.by}, ${by}`
}

/** The same once more: it counts as the best of all tries. */
function tryAgain(draft: Draft, again: Draft): void {
  draft.tries++
  if (draft.verdict !== 'lost') return
  const { verdict, by, finalTo, defaultPolicy } = again
  Object.assign(draft, { verdict, by, finalTo, defaultPolicy })
}

function countAnswer(draft: Draft, packet: PacketView): void {
  const end = packet.hops.at(-1)
  if (end?.verdict !== 'delivered') return
  draft.answers++
  if (draft.answers === 1) draft.answeredBy = placesOf(packet.hops)
}

function attempt(step: StepRun, packet: PacketView, sides: Sides): Draft {
  const { hops, ends } = packet
  const end = hops.at(-1)
  const finalTo = end?.after.destination ?? ends.destination
  const initiator = sides.of(ends.source)
  const target = sides.of(finalTo)
  const deciding =
    hops.find(({ verdict }) => isBadVerdict(verdict)) ?? hops.findLast(({ place }) => place !== undefined)
  return {
    step: step.label,
    packet: packet.number,
    atMs: packet.atMs,
    protocol: packet.protocol,
    from: ends.source,
    to: ends.destination,
    finalTo,
    initiator,
    target,
    type: typeOf(initiator, target),
    verdict: verdictOf(packet),
    by: placesOf(hops) || (packet.lost ?? deciding?.why ?? '-'),
    defaultPolicy: deciding === undefined ? undefined : defaultPolicyOf(step.network, deciding),
    tries: 1,
    answers: 0,
    answeredBy: '-',
  }
}

function typeOf(initiator: Side, target: Side): Attempt['type'] {
  if (initiator === target) return 'Within one side'
  if (target === 'external') return 'Outbound-initiated'
  return target === 'dmz' ? 'DMZ services' : 'Inbound-initiated'
}

function verdictOf({ hops, lost }: PacketView): Attempt['verdict'] {
  const end = hops.at(-1)
  if (end?.verdict === 'dropped') return 'denied'
  if (end?.verdict === 'rejected') return 'rejected'
  if (lost !== undefined || end === undefined || end.verdict === 'discarded') return 'lost'
  return end.verdict === 'delivered' ? 'allowed' : 'under way'
}

function placesOf(hops: readonly HopView[]): string {
  const told = hops.filter(({ place }) => place !== undefined)
  return told
    .map(
      ({ node, place, policyLine }) =>
        `${node} ${place}${policyLine === undefined ? '' : ` (${policyLine})`}`,
    )
    .join(', ')
}

/** What becomes of packets that no particular rule is about: the chain's policy, or a rule without conditions at its end. */
function defaultPolicyOf(
  network: Network,
  { node, hop, verdict, device }: HopView,
): 'ALLOW' | 'DENY' | undefined {
  const { fate } = hop.outcome
  const hook =
    fate.kind === 'dropped' || fate.kind === 'rejected'
      ? fate.hook
      : verdict === 'delivered'
        ? 'INPUT'
        : device === ''
          ? 'OUTPUT'
          : 'FORWARD'
  const { ipv4, ipv6 } = firewallOf(network, node).config.rules
  const chain = (hop.packet.family === 4 ? ipv4 : ipv6)?.tables.filter?.chains[hook]
  if (chain === undefined) return undefined
  const last = chain.rules.at(-1)
  const { source, destination, inInterface, outInterface, protocol, matches = [], target } = last ?? {}
  const isOpen = [source, destination, inInterface, outInterface, protocol].every(part => part === undefined)
  if (isOpen && matches.every(({ name }) => name === 'comment')) {
    if (target?.kind === 'extension' && target.name === 'REJECT') return 'DENY'
    if (target?.kind === 'verdict' && target.verdict === 'DROP') return 'DENY'
    if (target?.kind === 'verdict' && target.verdict === 'ACCEPT') return 'ALLOW'
  }
  return chain.policy === 'DROP' ? 'DENY' : 'ALLOW'
}

/** Tells inside from outside. */
class Sides {
  private readonly internal: readonly Prefix[] | undefined
  private readonly dmz: readonly Prefix[]
  /** Public addresses of devices that stand on the site's edge. */
  private readonly edge = new Set<string>()

  constructor({ input }: Pick<ScenarioRun, 'input'>) {
    this.internal = input.internal?.map(text => Prefix.parse(text))
    this.dmz = (input.dmz ?? []).map(text => Prefix.parse(text))
    for (const node of Object.values(input.network.nodes)) {
      const own = addressTexts(node).map(text => text.split('/')[0]!)
      const isOnSite = own.some(text => this.sideOf(Address.parse(text)) !== 'external')
      if (isOnSite) for (const text of own) this.edge.add(Address.parse(text).toString())
    }
  }

  /** @param end `10.6.0.2:40000`, `[2001:db8::1]:80` or an address alone */
  of(end: string): Side {
    const text = /^\[(.*)\]/.exec(end)?.[1] ?? (/^[^:]*:\d+$/.test(end) ? end.split(':')[0]! : end)
    const address = Address.tryParse(text)
    if (address === undefined) return 'external'
    const side = this.sideOf(address)
    return side === 'external' && this.edge.has(address.toString()) ? 'internal' : side
  }

  private sideOf(address: Address): Side {
    if (this.dmz.some(prefix => prefix.contains(address))) return 'dmz'
    const isInside =
      this.internal === undefined
        ? isPrivate(address)
        : this.internal.some(prefix => prefix.contains(address))
    return isInside ? 'internal' : 'external'
  }
}
