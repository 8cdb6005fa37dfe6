import type { Hop, LogEntry, Network } from '../network/index.ts'
import type { Fate } from '../outcome.ts'
import { icmpName, tcpFlagsText } from '../packet/names.ts'
import type { Packet } from '../packet/packet.ts'
import { protocolName } from '../packet/protocols.ts'
import { decisionOf, droppedAt, NOTHING_DECIDED } from './decision.ts'

/** The two ends as a packet names them: `10.6.0.2:40000`. */
export interface Ends {
  readonly source: string
  readonly destination: string
}

/** A packet's stay at one node, as a report tells it. */
export interface HopView {
  readonly hop: Hop
  readonly node: string
  /** '' for a packet of the node's own. */
  readonly device: string
  readonly atMs: number
  readonly verdict: Fate['kind']
  /** The rule or policy of the filter table that decided, or whatever dropped it: `filter/FORWARD:3`. */
  readonly place: string | undefined
  /** The policy or zone line that this rule was made from. */
  readonly policyLine: string | undefined
  readonly ctState: string | undefined
  /** In words, where no rule decided. */
  readonly why: string | undefined
  readonly before: Ends
  readonly after: Ends
  readonly isTranslated: boolean
  readonly log: readonly string[]
}

/** A packet from its sender to its end. */
export interface PacketView {
  /** Its number in the whole report, from 1. */
  readonly number: number
  readonly atMs: number
  readonly protocol: string
  /** `SYN`, `ACK 92 B "GET / HTTP/1.1"`, `echo-request`, `UDP 30 B`. */
  readonly label: string
  readonly ends: Ends
  /** All nodes on the way, the sender first. */
  readonly path: readonly string[]
  readonly hops: readonly HopView[]
  /** Lost behind the last node, and why. */
  readonly lost: string | undefined
  readonly packet: Packet
  /** The network's number for its way: the same in two steps if the first one looked while it was under way. */
  readonly journey: number
  /** Its way began in an earlier step. */
  readonly isContinued: boolean
}

/** The packets of a stretch of log, in the order in which they were sent. */
export function packetViews(
  entries: readonly LogEntry[],
  network: Network,
  firstNumber: number,
): PacketView[] {
  const journeys = new Map<number, LogEntry[]>()
  for (const entry of entries) {
    const same = journeys.get(entry.journey)
    if (same === undefined) journeys.set(entry.journey, [entry])
    else same.push(entry)
  }
  return [...journeys.values()].map((way, index) => viewOf(way, network, firstNumber + index))
}

function viewOf(way: readonly LogEntry[], network: Network, number: number): PacketView {
  const first = way[0]!
  const hops = way.filter(entry => entry.kind === 'hop').map(hopView)
  const loss = way.find(entry => entry.kind === 'loss')
  // What a firewall says itself has no hop of its own there: the one that made it say so is its cause.
  const isAnswer = first.kind === 'loss' || first.device !== ''
  const cause = isAnswer && first.cause >= 0 ? network.log.get(first.cause) : undefined
  const sender = cause === undefined ? [] : [cause.node]
  const names = [...sender, ...way.filter(entry => entry.kind === 'hop').map(({ node }) => node)]
  return {
    number,
    atMs: first.atMs,
    protocol: protocolOf(first.packet),
    label: packetLabel(first.packet),
    ends: endsOf(first.packet),
    path: names.filter((name, at) => name !== names[at - 1]),
    hops,
    lost: loss?.kind === 'loss' ? loss.why : undefined,
    packet: first.packet,
    journey: first.journey,
    isContinued: cause?.journey === first.journey,
  }
}

function hopView(hop: Hop): HopView {
  const { outcome, node, device, atMs, packet } = hop
  const { fate } = outcome
  const before = endsOf(packet)
  const left =
    outcome.emitted.find(({ answer }) => !answer)?.packet ??
    outcome.delivered.find(({ answer }) => !answer)?.packet
  const after = left === undefined ? before : endsOf(left)
  const decided = hasRules(hop) ? decisionOf(outcome.trace[0]) : NOTHING_DECIDED
  const at = droppedAt(fate)
  return {
    hop,
    node,
    device,
    atMs,
    verdict: fate.kind,
    place: at ?? (fate.kind === 'discarded' || fate.kind === 'held' ? undefined : decided.place),
    policyLine: at === undefined || at === decided.place ? decided.policyLine : undefined,
    ctState: decided.ctState,
    why: fate.kind === 'discarded' || fate.kind === 'held' ? fate.why : undefined,
    before,
    after,
    isTranslated: before.source !== after.source || before.destination !== after.destination,
    log: outcome.log.map(({ text }) => text.trimEnd()),
  }
}

function hasRules({ outcome, packet }: Hop): boolean {
  const { ipv4, ipv6 } = outcome.state.config.rules
  const ruleset = packet.family === 4 ? ipv4 : ipv6
  return ruleset !== undefined && Object.keys(ruleset.tables).length > 0
}

export function endsOf(packet: Packet): Ends {
  const { decoded } = packet
  if (decoded.kind === 'malformed') return { source: '?', destination: '?' }
  const { source, destination } = decoded.ip
  const withPort = (text: string, port: number): string =>
    decoded.ip.version === 6 ? `[${text}]:${port}` : `${text}:${port}`
  if (!('sourcePort' in decoded)) return { source: source.toString(), destination: destination.toString() }
  return {
    source: withPort(source.toString(), decoded.sourcePort),
    destination: withPort(destination.toString(), decoded.destinationPort),
  }
}

function protocolOf({ decoded }: Packet): string {
  if (decoded.kind === 'malformed') return '?'
  return protocolName(decoded.ip.protocol) ?? String(decoded.ip.protocol)
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  S: 'SYN',
  A: 'ACK',
  F: 'FIN',
  R: 'RST',
  U: 'URG',
  E: 'ECE',
  C: 'CWR',
}

/** What a packet is, in a few words. */
function packetLabel({ decoded, family }: Packet): string {
  switch (decoded.kind) {
    case 'tcp': {
      // PSH says nothing to a firewall.
      const letters = [...tcpFlagsText(decoded.flags)].filter(letter => letter !== 'P')
      const names = letters.map(letter => FLAG_NAMES[letter] ?? letter).join('-')
      return `${names === '' ? 'no flags' : names}${payloadText(decoded.payload)}`
    }
    case 'udp':
      return `UDP${payloadText(decoded.payload)}`
    case 'icmp':
    case 'icmp6':
      return icmpName(family, decoded.type, decoded.code) ?? `ICMP ${decoded.type}/${decoded.code}`
    default:
      return decoded.kind
  }
}

function payloadText(payload: Uint8Array): string {
  if (payload.length === 0) return ''
  const line = new TextDecoder().decode(payload).split(/[\r\n]/)[0]!
  const isReadable = /^[\x20-\x7e]+$/.test(line)
  const shown = line.length > 24 ? `${line.slice(0, 23)}…` : line
  return ` ${payload.length} B${isReadable ? ` "${shown}"` : ''}`
}
