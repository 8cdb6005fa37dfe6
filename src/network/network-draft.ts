import { Address } from '../address.ts'
import { isLimitedBroadcast, isMulticast } from '../ip/interfaces.ts'
import { outputRoute } from '../ip/output-route.ts'
import { step } from '../firewall.ts'
import type { Emission, Outcome } from '../outcome.ts'
import type { Packet } from '../packet/packet.ts'
import type { PersistentVector } from '../persistent/vector.ts'
import type { FirewallState } from '../state.ts'
import { addEvent, type EventQueue, firstEvent, NetworkEvent, withoutFirst } from './event-queue.ts'
import { HostDraft, type Surroundings } from './host-draft.ts'
import { afterMatch, type Impairment } from './impairment.ts'
import { atTime, Hop, type LinkState, type LogEntry, Loss, type Network, NodeState } from './model.ts'
import type { Process } from './process.ts'
import { processTimer, runProcesses } from './process-host.ts'
import { icmpPacket } from './segment.ts'
import { deliver, sendFailed } from './stack.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Attachment, Topology } from './topology.ts'

/** How long a host asks for a neighbour that does not answer (three ARP requests, a second apart). */
const NEIGHBOUR_TIMEOUT_MS = 3000

/** A program that has ended during a run. */
export interface Exit {
  readonly node: number
  readonly pid: number
  readonly result: unknown
}

/**
 * A network while things happen in it. One object per run: it changes its own copies, and `commit` makes the next
 * network of them. What it began from is never touched.
 */
export class NetworkDraft implements Surroundings {
  readonly owner = {}
  readonly topology: Topology
  nowMs: number
  /** What was logged during this run. */
  readonly hops: LogEntry[] = []
  readonly exits: Exit[] = []
  /** Connections that a listening socket has taken, with their node. */
  readonly acceptedConnections: { node: number; connection: TcpConnection }[] = []
  inFlight: number
  waitingCount: number
  private readonly base: Network
  private nodes: PersistentVector<NodeState>
  private links: PersistentVector<LinkState>
  private queue: EventQueue
  private sequence: number
  private journeys: number
  private hopCount: number
  private log: PersistentVector<LogEntry>
  /** The log entry that what happens now comes from. */
  private cause = -1

  constructor(base: Network) {
    this.base = base
    this.topology = base.topology
    this.nowMs = base.nowMs
    this.nodes = base.nodes
    this.links = base.links
    this.queue = base.queue
    this.sequence = base.sequence
    this.inFlight = base.inFlight
    this.waitingCount = base.waiting
    this.journeys = base.journeys
    this.hopCount = base.hopCount
    this.log = base.log
  }

  commit(): Network {
    return this.base.with({
      nowMs: this.nowMs,
      nodes: this.nodes,
      links: this.links,
      queue: this.queue,
      sequence: this.sequence,
      inFlight: this.inFlight,
      waiting: this.waitingCount,
      journeys: this.journeys,
      hopCount: this.hopCount,
      log: this.log,
    })
  }

  /** When the next thing happens; undefined when nothing ever will. */
  get nextAtMs(): number | undefined {
    return firstEvent(this.queue)?.atMs
  }

  /** The next thing happens. */
  next(): void {
    const event = firstEvent(this.queue)!
    this.queue = withoutFirst(this.queue)
    this.nowMs = event.atMs
    this.cause = event.cause
    switch (event.kind) {
      case 'arrival':
        this.inFlight--
        return this.arrive(event.node, event.device, event.packet!, event.journey, event.cause)
      case 'local':
        this.inFlight--
        return this.arrive(event.node, '', event.packet!, event.journey, event.cause)
      case 'unreachable':
        this.waitingCount--
        return this.tellUnreachable(event.node, event.packet!)
      case 'socket-timer':
        return this.onHost(event.node, host => host.socketTimer(event.owner, event.atMs))
      case 'process-timer':
        return this.onHost(event.node, host => processTimer(event.owner, event.timer, event.sequence, host))
      default:
        return event.kind satisfies never
    }
  }

  /** A packet comes in on a device (`''`: from the node itself), now. */
  arrive(node: number, device: string, packet: Packet, journey: number, cause: number): void {
    const before = this.nodes.get(node)!
    const engine = atTime(before.engine, this.nowMs)
    const { stepOptions } = this.base
    const arrival = device === '' ? ({ local: true, packet } as const) : { device, packet }
    const outcome = step(engine, arrival, stepOptions)
    this.nodes = this.nodes.set(node, new NodeState(outcome.state, before.host), this.owner)
    const index = this.hopCount++
    this.record(new Hop(index, this.nowMs, this.topology.names[node]!, device, packet, outcome, journey, cause))
    this.cause = index
    for (const emission of outcome.emitted)
      this.carry(node, emission, outcome.state, emission.answer ? ++this.journeys : journey)
    if (outcome.delivered.length > 0) this.deliverAll(node, outcome)
    else if (outcome.errno !== 0) this.onHost(node, host => sendFailed(packet, outcome.errno, host))
  }

  newJourney(): number {
    return ++this.journeys
  }

  private deliverAll(node: number, outcome: Outcome): void {
    const draft = new HostDraft(this, node, this.nodes.get(node)!.host)
    for (const { packet } of outcome.delivered) deliver(packet, draft)
    runProcesses(draft)
    this.commitHost(draft)
  }

  /** Does something on a host, and lets its programs react. */
  onHost<T>(node: number, action: (host: HostDraft) => T): T {
    const draft = new HostDraft(this, node, this.nodes.get(node)!.host)
    const result = action(draft)
    runProcesses(draft)
    this.commitHost(draft)
    return result
  }

  private commitHost(draft: HostDraft): void {
    const host = draft.commit()
    this.nodes = this.nodes.set(draft.node, new NodeState(this.nodes.get(draft.node)!.engine, host), this.owner)
  }

  private record(entry: LogEntry): void {
    this.hops.push(entry)
    if (this.base.keepsLog) this.log = this.log.push(entry, this.owner)
  }

  /** Over the link that the device is on, to whom the next hop's address belongs. */
  private carry(node: number, emission: Emission, engine: FirewallState, journey: number): void {
    const { device, packet } = emission
    const from = this.topology.attachment(node, device)
    if (from === undefined) return this.lose(node, device, '', packet, 'the device is on no link', journey)
    const link = this.topology.links[from.link]!
    const state = this.links.get(from.link)!
    if (isCut(state, node)) return this.lose(node, device, link.name, packet, 'the link is cut', journey)
    let delayMs = link.delayMs
    let copies = 1
    const impairment =
      state.impairments.length === 0 ? undefined : this.impairmentFor(from.link, state, node, packet)
    if (impairment?.action === 'drop') return this.lose(node, device, link.name, packet, 'dropped by the link', journey)
    if (impairment?.action === 'delay') delayMs += impairment.delayMs
    if (impairment?.action === 'duplicate') copies = 2
    for (; copies > 0; copies--) this.transmit(from, emission, engine, delayMs, journey, state)
  }

  private transmit(
    from: Attachment,
    emission: Emission,
    engine: FirewallState,
    delayMs: number,
    journey: number,
    state: LinkState,
  ): void {
    const { packet } = emission
    const link = this.topology.links[from.link]!
    if (link.kind === 'point-to-point') {
      const to = link.members.find(member => member !== from)
      if (to !== undefined) this.hand(to, packet, delayMs, journey, state, from)
      return
    }
    const { nextHop } = emission
    const to = this.topology.owner(from.link, nextHop)
    if (to !== undefined) return this.hand(to, packet, delayMs, journey, state, from)
    if (isForAll(nextHop, engine)) {
      for (const member of link.members)
        if (member !== from) this.hand(member, packet, delayMs, journey, state, from)
      return
    }
    this.lose(from.node, from.device, link.name, packet, `nobody on ${link.name} has ${nextHop}`, journey)
    this.waitingCount++
    this.schedule(this.nowMs + NEIGHBOUR_TIMEOUT_MS, 'unreachable', from.node, from.device, packet, journey)
  }

  private hand(
    to: Attachment,
    packet: Packet,
    delayMs: number,
    journey: number,
    state: LinkState,
    from: Attachment,
  ): void {
    if (isCut(state, to.node)) {
      const { name } = this.topology.links[from.link]!
      return this.lose(from.node, from.device, name, packet, 'the link is cut', journey)
    }
    this.inFlight++
    this.schedule(this.nowMs + delayMs, 'arrival', to.node, to.device, packet, journey)
  }

  private schedule(
    atMs: number,
    kind: 'arrival' | 'local' | 'unreachable',
    node: number,
    device: string,
    packet: Packet,
    journey: number,
  ): void {
    const event = new NetworkEvent(atMs, this.sequence++, kind, node, device, packet, journey, this.cause, 0, '')
    this.queue = addEvent(this.queue, event)
  }

  private lose(node: number, device: string, link: string, packet: Packet, why: string, journey: number): void {
    const name = this.topology.names[node]!
    const index = this.hopCount++
    this.record(new Loss(index, this.nowMs, name, device, link, packet, why, journey, this.cause))
  }

  /** The impairment that concerns this packet, having counted it. */
  private impairmentFor(
    link: number,
    state: LinkState,
    node: number,
    packet: Packet,
  ): Impairment | undefined {
    let concerned: Impairment | undefined
    const impairments: Impairment[] = []
    for (const impairment of state.impairments) {
      const isFrom = impairment.from === undefined || impairment.from === this.topology.names[node]
      if (concerned !== undefined || !isFrom || !impairment.matches(packet)) {
        impairments.push(impairment)
        continue
      }
      if (impairment.skip === 0) concerned = impairment
      const rest = afterMatch(impairment)
      if (rest !== undefined) impairments.push(rest)
    }
    this.links = this.links.set(link, { ...state, impairments }, this.owner)
    return concerned
  }

  /** What `ipv4_link_failure` and `ip6_link_failure` do: host unreachable, or address unreachable. */
  private tellUnreachable(node: number, packet: Packet): void {
    const { family, bytes } = packet
    const sender = Address.read(family, bytes, family === 4 ? 12 : 8)
    const routing = routingOf(this.engine(node), family)
    const isOwn = routing.isLocal(sender)
    const route = outputRoute(routing, sender)
    const source = isOwn ? sender : route.source
    if (source === undefined || isIcmpError(packet)) return
    const message = {
      type: family === 4 ? 3 : 1,
      code: family === 4 ? 1 : 3,
      rest: 0,
      data: bytes.subarray(0, family === 4 ? 548 : 1232),
    }
    this.sendLocally(node, icmpPacket(source, sender, message, 0))
  }

  nodeName(node: number): string {
    return this.topology.names[node]!
  }

  engine(node: number): FirewallState {
    return this.nodes.get(node)!.engine
  }

  processes(node: number): readonly Process[] {
    return this.nodes.get(node)!.host.processes
  }

  sendLocally(node: number, packet: Packet): void {
    this.inFlight++
    this.schedule(this.nowMs, 'local', node, '', packet, ++this.journeys)
  }

  addTimer(
    kind: 'socket-timer' | 'process-timer',
    atMs: number,
    node: number,
    owner: number,
    timer: string,
  ): number {
    const sequence = this.sequence++
    const event = new NetworkEvent(atMs, sequence, kind, node, '', undefined, 0, this.cause, owner, timer)
    this.queue = addEvent(this.queue, event)
    return sequence
  }

  addressesOf(name: string): readonly Address[] {
    return this.topology.addressesOf(name)
  }

  exited(node: number, pid: number, result: unknown): void {
    this.exits.push({ node, pid, result })
  }

  accepted(node: number, connection: TcpConnection): void {
    this.acceptedConnections.push({ node, connection })
  }

  waits(change: number): void {
    this.waitingCount += change
  }
}

function isCut({ cut }: LinkState, node: number): boolean {
  return cut === 'all' || (cut.length > 0 && cut.includes(node))
}

function routingOf(engine: FirewallState, family: 4 | 6) {
  return family === 4 ? engine.compiled.ipv4.routing : engine.compiled.ipv6.routing
}

function isForAll(address: Address, engine: FirewallState): boolean {
  if (isMulticast(address) || isLimitedBroadcast(address)) return true
  return address.family === 4 && engine.compiled.ipv4.routing.addressType(address) === 'BROADCAST'
}

function isIcmpError({ family, bytes }: Packet): boolean {
  if (family === 6) return bytes[6] === 58 && (bytes[40] ?? 128) < 128
  if (bytes[9] !== 1) return false
  const type = bytes[(bytes[0]! & 15) * 4] ?? 3
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12
}
