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
 * @throws RangeError when there is no such node
 * @example
 * const { network } = settle(send(start, 'laptop', udp({ from: '10.6.0.2:4000', to: '198.51.100.7:53' })).network)
 */
export function send(network: Network, node: string, packet: Packet): Ran {
  return change(network, draft =>
    draft.arrive(indexOfNode(network, node), '', packet, draft.newJourney(), -1),
  )
}

/** A packet comes in on a node's device out of nowhere: for what no host of the network would send. */
export function inject(network: Network, node: string, device: string, packet: Packet): Ran {
  return change(network, draft =>
    draft.arrive(indexOfNode(network, node), device, packet, draft.newJourney(), -1),
  )
}

/**
 * Lets time pass: packets arrive, timers fire, connections age.
 * @throws RangeError for a time that is no number >= 0
 */
export function tick(network: Network, byMs: number): Ran {
  if (!(byMs >= 0)) throw new RangeError(`time only passes forwards: ${byMs} is no number >= 0`)
  const untilMs = network.nowMs + byMs
  return change(network, draft => {
    for (let at = draft.nextAtMs; at !== undefined && at <= untilMs; at = draft.nextAtMs) draft.next()
    draft.nowMs = untilMs
  })
}

/** The next single thing happens, if there is anything: to look at what goes on step by step. */
export function next(network: Network): Ran {
  return change(network, draft => {
    if (draft.nextAtMs !== undefined) draft.next()
  })
}

/**
 * Lets time pass until no packet is in flight and nobody waits for an acknowledgment; at most `limitMs`. Timers that
 * only wait (TIME-WAIT, keep-alives, timers of programs) do not hold it up, but fire if their time comes.
 */
export function settle(network: Network, options: { readonly limitMs?: number } = {}): Ran {
  return change(network, draft =>
    runWhile(draft, options.limitMs, () => draft.inFlight > 0 || draft.waitingCount > 0),
  )
}

/** Starts a program on a node. What it sends at once is in flight then. */
export function spawn(network: Network, node: string, program: Program): Ran & { readonly pid: number } {
  const index = indexOfNode(network, node)
  let pid = 0
  const ran = change(network, draft => {
    pid = draft.onHost(index, host => startProcess(program, host))
  })
  return { ...ran, pid }
}

/** Ends a program from outside: its connections are closed. Unknown pids are no error. */
export function kill(network: Network, node: string, pid: number): Ran {
  const index = indexOfNode(network, node)
  return change(network, draft => draft.onHost(index, host => endProcess(pid, undefined, host)))
}

/** Tells a running program something: it gets a `command` event. */
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
 * Starts a program and lets time pass until it exits, at most `limitMs`; then until no packet is in flight, so that its
 * connections are closed properly. A program that has not exited goes on running.
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
