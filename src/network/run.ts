import type { Packet } from '../packet/packet.ts'
import { indexOfNode, type LogEntry, type Network } from './model.ts'
import { NetworkDraft } from './network-draft.ts'
import type { Program } from './process.ts'
import { endProcess, startProcess } from './process-host.ts'

/** A network after something has happened, and the hops and losses on the way there. */
export interface Ran {
  readonly network: Network
  readonly hops: readonly LogEntry[]
}

/** How long {@link settle} and the verbs wait at most if nothing else is said. */
export const DEFAULT_LIMIT_MS = 1_000_000

/**
 * A node sends a packet of its own, as a raw socket would: through its OUTPUT and POSTROUTING, and onto the link. It is
 * then in flight; {@link tick} or {@link settle} let it arrive.
 *
 * @returns the network, and what happened at the node itself
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const sent = send(network, 'a', udp({ from: '10.0.0.1:4000', to: '10.0.0.2:53' }))
 * sent.network.inFlight // 1
 * sent.hops.map(({ node }) => node) // [ 'a' ]
 * // it arrives, b answers with a port unreachable, and that arrives
 * settle(sent.network).hops.map(({ node }) => node) // [ 'b', 'b', 'a' ]
 */
export function send(network: Network, node: string, packet: Packet): Ran {
  return change(network, draft =>
    draft.arrive(indexOfNode(network, node), '', packet, draft.newJourney(), -1),
  )
}

/**
 * A packet comes in on a node's device out of nowhere: for what no host of the network would send.
 *
 * @param device as the node calls it
 * @returns the network, and what became of the packet at the node; what it sent on is in flight
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const stray = tcp({ from: '10.0.0.1:4000', to: '10.0.0.2:80', flags: 'A' })
 * const injected = inject(network, 'b', 'eth0', stray)
 * injected.hops.map(({ node, device }) => `${node} ${device}`) // [ 'b eth0' ]
 * // b knows of no such connection
 * settle(injected.network).hops[0].packet.toString().slice(0, 33) // 'tcp 10.0.0.2:80 > 10.0.0.1:4000 R'
 */
export function inject(network: Network, node: string, device: string, packet: Packet): Ran {
  return change(network, draft =>
    draft.arrive(indexOfNode(network, node), device, packet, draft.newJourney(), -1),
  )
}

/**
 * Lets time pass: packets arrive, timers fire, connections age.
 *
 * @param byMs milliseconds of the virtual clock
 * @throws RangeError for a time that is no number >= 0
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.6.34.100/24' },
 *     fw: {
 *       interfaces: { lan0: '10.6.34.1/24', wan0: '203.0.113.1/24' },
 *       rules: '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n',
 *     },
 *     web: { address: '198.51.100.7', services: [webServer()] },
 *   },
 *   links: { lan: ['laptop', 'fw:lan0'], internet: ['fw:wan0', 'web'] },
 * })
 * const pinged = ping(network, 'laptop', 'web').network
 * sessions(pinged, 'fw').length // 1
 * sessions(tick(pinged, 30_000).network, 'fw').length // 0
 */
export function tick(network: Network, byMs: number): Ran {
  if (!(byMs >= 0)) throw new RangeError(`time only passes forwards: ${byMs} is no number >= 0`)
  const untilMs = network.nowMs + byMs
  return change(network, draft => {
    for (let at = draft.nextAtMs; at !== undefined && at <= untilMs; at = draft.nextAtMs) draft.next()
    draft.nowMs = untilMs
  })
}

/**
 * The next single thing happens (a packet arrives, a timer fires), if there is anything: to look at what goes on step
 * by step. The clock goes on to its time.
 *
 * @returns the same network when nothing will ever happen in it
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const sent = send(network, 'a', udp({ from: '10.0.0.1:4000', to: '10.0.0.2:53' })).network
 * const arrived = next(sent)
 * arrived.hops.map(({ node, atMs }) => `${node} at ${atMs} ms`) // [ 'b at 1 ms' ]
 * // its answer goes out at once, and takes a millisecond to arrive
 * const answered = next(arrived.network)
 * next(answered.network).hops.map(({ node, atMs }) => `${node} at ${atMs} ms`) // [ 'a at 2 ms' ]
 * next(network).network === network // true
 */
export function next(network: Network): Ran {
  if (network.queue === undefined) return { network, hops: [] }
  return change(network, draft => draft.next())
}

/**
 * Lets time pass until no packet is in flight and nobody waits for an acknowledgment; at most `limitMs` (default
 * 1 000 000). Timers that only wait (TIME-WAIT, keep-alives, timers of programs) do not hold it up, but fire if their
 * time comes.
 *
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const sent = send(network, 'a', udp({ from: '10.0.0.1:4000', to: '10.0.0.2:53' })).network
 * const settled = settle(sent)
 * settled.network.inFlight // 0
 * settled.network.nowMs // 2
 */
export function settle(network: Network, options: { readonly limitMs?: number } = {}): Ran {
  return change(network, draft =>
    runWhile(draft, options.limitMs, () => draft.inFlight > 0 || draft.waitingCount > 0),
  )
}

/**
 * Starts a program on a node. What it sends at once is in flight then.
 *
 * @returns the network, what happened at the node at once, and the program's process id there
 * @throws RangeError when there is no such node, or the program asks for what cannot be, as a port that is taken
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * nc(network, 'a', 'b:80').result.outcome // 'refused'
 * nc(spawn(network, 'b', webServer()).network, 'a', 'b:80').result.outcome // 'open'
 */
export function spawn(network: Network, node: string, program: Program): Ran & { readonly pid: number } {
  const index = indexOfNode(network, node)
  let pid = 0
  const ran = change(network, draft => {
    pid = draft.onHost(index, host => startProcess(program, host))
  })
  return { ...ran, pid }
}

/**
 * Ends a program from outside: its connections are closed, its ports free. Unknown pids are no error.
 *
 * @param pid as {@link spawn} has given it
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const { network: running, pid } = spawn(network, 'b', webServer())
 * nc(kill(running, 'b', pid).network, 'a', 'b:80').result.outcome // 'refused'
 */
export function kill(network: Network, node: string, pid: number): Ran {
  const index = indexOfNode(network, node)
  return change(network, draft => draft.onHost(index, host => endProcess(pid, undefined, host)))
}

/**
 * Tells a running program something: it gets a `command` event. Unknown pids are no error.
 *
 * @param pid as {@link spawn} has given it
 * @param command whatever the program understands
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const adder = { name: 'adder', start: () => 0, handle: (sum, event) => sum + event.command }
 * const { network: running, pid } = spawn(network, 'a', adder)
 * const told = tell(tell(running, 'a', pid, 2).network, 'a', pid, 3).network
 * nodeOf(told, 'a').host.processes[0].state // 5
 */
export function tell(network: Network, node: string, pid: number, command: unknown): Ran {
  const index = indexOfNode(network, node)
  return change(network, draft => draft.onHost(index, host => host.tell(pid, { kind: 'command', command })))
}

/** What a program has come to. */
export interface ProgramRan extends Ran {
  readonly pid: number
  /** What it gave to `exit`; undefined when it was still running at the end, or gave nothing. */
  readonly result: unknown
  readonly exited: boolean
}

/**
 * Starts a program and lets time pass until it exits, at most `limitMs` (default 1 000 000); then until no packet is in
 * flight, so that its connections are closed properly. A program that has not exited goes on running.
 *
 * @returns the network, hops and losses on the way, and what the program gave to `exit`
 * @throws RangeError when there is no such node, or the program asks for what cannot be
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * const pinger = {
 *   name: 'pinger',
 *   start: api => api.ping('b', 1),
 *   handle: (state, event, api) => api.exit(`${event.kind} at ${api.nowMs} ms`),
 * }
 * runProgram(network, 'a', pinger).result // 'echo-reply at 2 ms'
 */
export function runProgram(
  network: Network,
  node: string,
  program: Program,
  options: { readonly limitMs?: number } = {},
): ProgramRan {
  const index = indexOfNode(network, node)
  let pid = 0
  let exited = false
  let result: unknown
  const ran = change(network, draft => {
    pid = draft.onHost(index, host => startProcess(program, host))
    const exit = () => draft.exits.find(other => other.node === index && other.pid === pid)
    runWhile(draft, options.limitMs, () => exit() === undefined)
    exited = exit() !== undefined
    result = exit()?.result
    if (exited) runWhile(draft, DEFAULT_LIMIT_MS, () => draft.inFlight > 0)
  })
  return { ...ran, pid, result, exited }
}

/** Lets events happen while a condition holds, there are any, and the limit is not reached. */
export function runWhile(
  draft: NetworkDraft,
  limitMs: number = DEFAULT_LIMIT_MS,
  condition: () => boolean,
): void {
  const untilMs = draft.nowMs + limitMs
  while (condition()) {
    const at = draft.nextAtMs
    if (at === undefined || at > untilMs) {
      draft.nowMs = at === undefined ? draft.nowMs : untilMs
      return
    }
    draft.next()
  }
}

/** Applies a change to a draft of the network. */
export function change(network: Network, action: (draft: NetworkDraft) => void): Ran {
  const draft = new NetworkDraft(network)
  action(draft)
  return { network: draft.commit(), hops: draft.hops }
}
