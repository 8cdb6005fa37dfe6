import { advance } from '../firewall.ts'
import type { Outcome } from '../outcome.ts'
import type { Packet } from '../packet/packet.ts'
import type { PersistentVector } from '../persistent/vector.ts'
import type { FirewallState } from '../state.ts'
import type { StepOptions } from '../transaction.ts'
import type { EventQueue } from './event-queue.ts'
import type { HostState } from './host-state.ts'
import type { Impairment } from './impairment.ts'
import type { Topology } from './topology.ts'

/**
 * A host, router or firewall: what netfilter sees of it, and its sockets and programs. A value; {@link nodeOf} gives
 * it.
 *
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const web = nodeOf(network, 'web')
 * Object.keys(web.engine.config.interfaces) // [ 'eth0' ]
 * web.host.processes.map(({ program }) => program.name) // [ 'nginx' ]
 */
export class NodeState {
  readonly engine: FirewallState
  readonly host: HostState

  constructor(engine: FirewallState, host: HostState) {
    this.engine = engine
    this.host = host
  }
}

/** What people have done to a link. */
export interface LinkState {
  /** Nodes whose port is unplugged; everything is cut when it is `'all'`. */
  readonly cut: 'all' | readonly number[]
  readonly impairments: readonly Impairment[]
}

export const SOUND_LINK: LinkState = { cut: [], impairments: [] }

/**
 * A packet's stay at one node: it came in on a device or was sent by the node itself, and the engine said what became
 * of it. Networks log hops as they happen; they are not made by hand.
 *
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const { network: sent } = send(network, 'a', udp({ from: '10.0.0.1:4000', to: '10.0.0.2:53' }))
 * const [arrival, answer] = settle(sent).hops
 * arrival instanceof Hop // true
 * `${arrival.node} at ${arrival.atMs} ms: ${arrival.outcome.fate.kind}` // 'b at 1 ms: delivered'
 * answer.packet.toString().slice(0, 45) // 'icmp 10.0.0.2 > 10.0.0.1 port-unreachable { u'
 * answer.cause === arrival.index // true
 */
export class Hop {
  readonly kind = 'hop'
  /** Its place in the log. */
  readonly index: number
  readonly atMs: number
  readonly node: string
  /** '' for a packet of the node's own. */
  readonly device: string
  /** As it came. What left is in `outcome.emitted`, what reached a socket in `outcome.delivered`. */
  readonly packet: Packet
  readonly outcome: Outcome
  /** The same for all hops of a packet's way from its sender to its end, whatever NAT makes of it. */
  readonly journey: number
  /** Index of the hop before it; for the first one: of the hop that caused the packet. −1 for none. */
  readonly cause: number

  constructor(
    index: number,
    atMs: number,
    node: string,
    device: string,
    packet: Packet,
    outcome: Outcome,
    journey: number,
    cause: number,
  ) {
    this.index = index
    this.atMs = atMs
    this.node = node
    this.device = device
    this.packet = packet
    this.outcome = outcome
    this.journey = journey
    this.cause = cause
  }
}

/**
 * A packet that was lost between two nodes: the link was cut, took it, or nobody was there. Networks log losses among
 * their hops; they are not made by hand.
 *
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const packet = udp({ from: '10.0.0.1:4000', to: '10.0.0.2:53' })
 * const losses = send(cutLink(network, 'lan'), 'a', packet).hops.filter(entry => entry instanceof Loss)
 * losses.map(({ node, link, why }) => `${node} on ${link}: ${why}`) // [ 'a on lan: the link is cut' ]
 */
export class Loss {
  readonly kind = 'loss'
  readonly index: number
  readonly atMs: number
  /** Who had sent it. */
  readonly node: string
  readonly device: string
  /** '' where the device is on no link. */
  readonly link: string
  readonly packet: Packet
  /** In words: "the link is cut". */
  readonly why: string
  readonly journey: number
  readonly cause: number

  constructor(
    index: number,
    atMs: number,
    node: string,
    device: string,
    link: string,
    packet: Packet,
    why: string,
    journey: number,
    cause: number,
  ) {
    this.index = index
    this.atMs = atMs
    this.node = node
    this.device = device
    this.link = link
    this.packet = packet
    this.why = why
    this.journey = journey
    this.cause = cause
  }
}

/** What a network's log is made of, told apart by `kind`. */
export type LogEntry = Hop | Loss

interface Parts {
  topology: Topology
  nowMs: number
  nodes: PersistentVector<NodeState>
  links: PersistentVector<LinkState>
  queue: EventQueue
  sequence: number
  inFlight: number
  waiting: number
  journeys: number
  hopCount: number
  log: PersistentVector<LogEntry>
  keepsLog: boolean
  stepOptions: StepOptions
}

/**
 * A whole network: every node, every packet under way, the clock and what has happened so far. Immutable: what is done
 * to it gives the next one, so that keeping an old one is a fork. {@link createNetwork} makes it.
 *
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const broken = cutLink(network, 'lan')
 * nc(broken, 'laptop', 'web:80').result.outcome // 'filtered'
 * nc(network, 'laptop', 'web:80').result.outcome // 'open'
 * network.nowMs // 0
 */
export class Network {
  readonly topology: Topology
  /** The virtual clock. */
  readonly nowMs: number
  /** By index; see {@link nodeOf}. */
  readonly nodes: PersistentVector<NodeState>
  readonly links: PersistentVector<LinkState>
  /** Packets in flight and timers. */
  readonly queue: EventQueue
  /** Of the next event. */
  readonly sequence: number
  /** Packets in `queue`. */
  readonly inFlight: number
  /** TCP connections that wait for an acknowledgment, and packets whose next hop is asked for. */
  readonly waiting: number
  readonly journeys: number
  readonly hopCount: number
  /** Every hop and loss, in order (`[...network.log]`, `.at(-1)`); empty if the network was told to keep none. */
  readonly log: PersistentVector<LogEntry>
  readonly keepsLog: boolean
  readonly stepOptions: StepOptions

  constructor(parts: Parts) {
    this.topology = parts.topology
    this.nowMs = parts.nowMs
    this.nodes = parts.nodes
    this.links = parts.links
    this.queue = parts.queue
    this.sequence = parts.sequence
    this.inFlight = parts.inFlight
    this.waiting = parts.waiting
    this.journeys = parts.journeys
    this.hopCount = parts.hopCount
    this.log = parts.log
    this.keepsLog = parts.keepsLog
    this.stepOptions = parts.stepOptions
  }

  /** This network with some parts replaced. */
  with(parts: Partial<Parts>): Network {
    return new Network({ ...this, ...parts })
  }
}

/**
 * @throws RangeError when there is no such node; the message lists those there are
 * @throws TypeError for what is no network
 */
export function indexOfNode(network: Network, name: string): number {
  if (!isNetwork(network))
    throw new TypeError('a network is wanted: what verbs, send, next and the like answer has it as .network')
  const index = network.topology.indexes.get(name)
  if (index === undefined)
    throw new RangeError(`no node '${name}'; this network has ${network.topology.names.join(', ')}`)
  return index
}

/** For JavaScript: `curl(curl(network, …), …)` passes an answer on. */
function isNetwork(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'topology' in given
}

/**
 * A node as it is now: its engine's clock is the network's.
 *
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const later = tick(network, 5000).network
 * nodeOf(later, 'web').engine.nowMs // 5000
 * nodeOf(later, 'web').host.listeners.map(({ port }) => port) // [ 80 ]
 */
export function nodeOf(network: Network, name: string): NodeState {
  const index = indexOfNode(network, name)
  const { engine, host } = network.nodes.get(index)!
  return new NodeState(atTime(engine, network.nowMs), host)
}

/**
 * The firewall of a node: its rules, connections and counters, for all that takes a `FirewallState`.
 *
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const closed = iptablesOn(network, 'web', 'iptables -P INPUT DROP')
 * iptablesCommands(firewallOf(closed, 'web'), { chain: 'INPUT' }) // "-P INPUT DROP\n"
 */
export function firewallOf(network: Network, name: string): FirewallState {
  return nodeOf(network, name).engine
}

export function atTime(engine: FirewallState, nowMs: number): FirewallState {
  return engine.nowMs === nowMs ? engine : advance(engine, nowMs - engine.nowMs)
}
