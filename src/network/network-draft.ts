import type { Address } from '../address.ts'
import { step } from '../firewall.ts'
import { Errno } from '../ip/output-route.ts'
import type { Emission, Outcome } from '../outcome.ts'
import type { Packet } from '../packet/packet.ts'
import type { PersistentVector } from '../persistent/vector.ts'
import type { FirewallState } from '../state.ts'
import { EventDraft, NetworkEvent } from './event-queue.ts'
import { HostDraft, type Surroundings } from './host-draft.ts'
import type { Impairment } from './impairment.ts'
import { atTime, Hop, type LinkState, type LogEntry, Loss, type Network, NodeState } from './model.ts'
import type { Process } from './process.ts'
import { processTimer, runProcesses } from './process-host.ts'
import { deliver, sendFailed } from './stack.ts'
import type { TcpConnection } from './tcp-connection.ts'
import type { Attachment, Topology } from './topology.ts'
import { hostUnreachable, isCut, receiversOf, treat } from './transit.ts'

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
  /** What was logged during this run; nothing in a network that keeps no log. */
  readonly hops: LogEntry[] = []
  readonly exits: Exit[] = []
  /** Connections that a listening socket has taken, with their node. */
  readonly acceptedConnections: { node: number; connection: TcpConnection }[] = []
  inFlight: number
  waitingCount: number
  private readonly base: Network
  private nodes: PersistentVector<NodeState>
  private links: PersistentVector<LinkState>
  private readonly queue: EventDraft
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
    this.queue = new EventDraft(base.queue)
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
      queue: this.queue.commit(),
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
    return this.queue.first?.atMs
  }

  /** The next thing happens. */
  next(): void {
    const event = this.queue.takeFirst()
    this.nowMs = event.atMs
    this.cause = event.cause
    switch (event.kind) {
      case 'arrival':
        this.inFlight--
        this.arrive(event.node, event.device, event.packet!, event.journey, event.cause)
        break
      case 'local':
        this.inFlight--
        this.arrive(event.node, '', event.packet!, event.journey, event.cause)
        break
      case 'unreachable':
        this.waitingCount--
        this.tellUnreachable(event.node, event.packet!)
        break
      case 'socket-timer':
        this.onHost(event.node, host => host.socketTimer(event.owner, event.atMs))
        break
      case 'process-timer':
        this.onHost(event.node, host => processTimer(event.owner, event.timer, event.sequence, host))
        break
      default:
        event.kind satisfies never
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
    this.record(
      new Hop(index, this.nowMs, this.topology.names[node]!, device, packet, outcome, journey, cause),
    )
    this.cause = index
    for (const emission of outcome.emitted)
      this.carry(node, emission, outcome.state, emission.answer ? ++this.journeys : journey)
    if (outcome.delivered.length > 0) this.deliverAll(node, outcome)
    const errno = device === '' ? errnoOf(outcome) : 0
    if (errno !== 0) this.onHost(node, host => sendFailed(packet, errno, host))
  }

  newJourney(): number {
    return ++this.journeys
  }

  private deliverAll(node: number, outcome: Outcome): void {
    const draft = new HostDraft(this, node, this.nodes.get(node)!.host)
    for (const { device, packet } of outcome.delivered) deliver(packet, draft, device === 'lo')
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
    this.nodes = this.nodes.set(
      draft.node,
      new NodeState(this.nodes.get(draft.node)!.engine, host),
      this.owner,
    )
  }

  private record(entry: LogEntry): void {
    // An entry holds on to the state that the packet met: without a log nothing does.
    if (!this.base.keepsLog) return
    this.hops.push(entry)
    this.log = this.log.push(entry, this.owner)
  }

  /** Over the link that the device is on, to whom the next hop's address belongs. */
  private carry(node: number, emission: Emission, engine: FirewallState, journey: number): void {
    const { device, packet } = emission
    const from = this.topology.attachment(node, device)
    if (from === undefined) {
      this.lose(node, device, '', packet, 'the device is on no link', journey)
      return
    }
    const link = this.topology.links[from.link]!
    const state = this.links.get(from.link)!
    if (isCut(state, node)) {
      this.lose(node, device, link.name, packet, 'the link is cut', journey)
      return
    }
    const concerned = this.impairs(from.link, state, node, packet)
    if (concerned?.action === 'drop') {
      this.lose(node, device, link.name, packet, 'dropped by the link', journey)
      return
    }
    const delayMs = link.delayMs + (concerned?.action === 'delay' ? concerned.delayMs : 0)
    this.transmit(from, emission, engine, delayMs, journey, state)
    if (concerned?.action === 'duplicate') this.transmit(from, emission, engine, delayMs, journey, state)
  }

  /** What the link does to the packet. An internet is one link: a packet counts once, where it goes in. */
  private impairs(link: number, state: LinkState, node: number, packet: Packet): Impairment | undefined {
    const { links, cloud } = this.topology.group(link)
    const { impairments, concerned } = treat(state.impairments, this.nodeName(node), packet, cloud)
    if (impairments !== state.impairments)
      for (const each of links)
        this.links = this.links.set(each, { ...this.links.get(each)!, impairments }, this.owner)
    return concerned
  }

  private transmit(
    from: Attachment,
    emission: Emission,
    engine: FirewallState,
    delayMs: number,
    journey: number,
    state: LinkState,
  ): void {
    const { packet, nextHop } = emission
    const receivers = receiversOf(this.topology, from, nextHop, engine)
    for (const to of receivers) this.hand(to, packet, delayMs, journey, state, from)
    if (receivers.length > 0) return
    const { name } = this.topology.links[from.link]!
    this.lose(from.node, from.device, name, packet, `nobody on ${name} has ${nextHop}`, journey)
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
      this.lose(from.node, from.device, name, packet, 'the link is cut', journey)
      return
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
    const event = new NetworkEvent(
      atMs,
      this.sequence++,
      kind,
      node,
      device,
      packet,
      journey,
      this.cause,
      0,
      '',
    )
    this.queue.add(event)
  }

  private lose(
    node: number,
    device: string,
    link: string,
    packet: Packet,
    why: string,
    journey: number,
  ): void {
    const name = this.topology.names[node]!
    const index = this.hopCount++
    this.record(new Loss(index, this.nowMs, name, device, link, packet, why, journey, this.cause))
  }

  private tellUnreachable(node: number, packet: Packet): void {
    const answer = hostUnreachable(packet, this.engine(node))
    if (answer !== undefined) this.sendLocally(node, answer)
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
    this.queue.add(event)
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

/** What `send()` returned: EPERM for a packet that OUTPUT or POSTROUTING has dropped. */
function errnoOf({ errno, fate }: Outcome): number {
  if (errno !== 0 || (fate.kind !== 'dropped' && fate.kind !== 'rejected')) return errno
  return fate.hook === 'OUTPUT' || fate.hook === 'POSTROUTING' ? Errno.EPERM : 0
}
