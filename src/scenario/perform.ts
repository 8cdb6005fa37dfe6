import type { Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import type { ImpairmentSpec } from '../network/impairment.ts'
import {
  close,
  connect,
  curl,
  cutLink,
  flushConntrack,
  impair,
  inject,
  kill,
  type LogEntry,
  mendLink,
  type Network,
  nc,
  nodeOf,
  type OpenConnection,
  ping,
  push,
  type Ran,
  repair,
  scan,
  send,
  settle,
  spawn,
  telnet,
  tick,
  traceroute,
  updateNode,
} from '../network/index.ts'
import { Packet } from '../packet/packet.ts'
import { policyToRules } from '../policy/index.ts'
import { parseRules } from '../rules/parse.ts'
import { policyChains, policyNames } from './build-network.ts'
import { durationMs } from './duration.ts'
import type { ForkStep, ScenarioInput, Step } from './schema.ts'
import { createService, defined } from './services.ts'

/** The world between two steps. A value: a fork keeps it. */
export interface World {
  readonly network: Network
  /** Open connections by the names that steps gave them. */
  readonly connections: ReadonlyMap<string, OpenConnection>
}

/** What a step has come to. */
export interface Performed {
  readonly world: World
  readonly hops: readonly LogEntry[]
  /** What the caller sees. */
  readonly outcome: string
  /** What is printed. */
  readonly text: string
  readonly status?: number
  readonly ports?: {
    readonly open: readonly number[]
    readonly closed: readonly number[]
    readonly filtered: readonly number[]
  }
}

type Plain = Exclude<Step, ForkStep>

/** Does what a step says. @throws RangeError, DiagnosticError for what only shows now */
export function perform(step: Plain, world: World, input: ScenarioInput): Performed {
  const { network } = world
  if ('curl' in step) {
    const { method, body, headers, localPort, timeout } = step
    const options = defined({ method, body, headers, localPort, timeoutMs: optionalMs(timeout) })
    const ran = curl(network, step.from, step.curl, options)
    const { outcome, text } = ran.result
    const status = ran.result.outcome === 'answered' ? { status: ran.result.response.status } : {}
    return { ...after(world, ran), outcome, text, ...status }
  }
  if ('nc' in step) {
    const options = defined({
      send: step.send,
      localPort: step.localPort,
      timeoutMs: optionalMs(step.timeout),
    })
    const ran = nc(network, step.from, step.nc, options)
    const received =
      ran.result.outcome === 'open' && ran.result.received !== '' ? `\n${ran.result.received}` : ''
    return { ...after(world, ran), outcome: ran.result.outcome, text: ran.result.text + received }
  }
  if ('telnet' in step) {
    const ran = telnet(network, step.from, step.telnet, defined({ timeoutMs: optionalMs(step.timeout) }))
    return { ...after(world, ran), ...ran.result }
  }
  if ('connect' in step) return performConnect(step, world)
  if ('push' in step) {
    const connection = world.connections.get(step.push)
    if (connection === undefined) return neverOpened(step.push, world)
    const options = defined({ from: step.side, waitMs: optionalMs(step.wait) })
    const ran = push(network, connection, step.data, options)
    return { ...after(world, ran), outcome: ran.result.outcome, text: ran.result.outcome }
  }
  if ('close' in step) {
    const connection = world.connections.get(step.close)
    if (connection === undefined) return neverOpened(step.close, world)
    const ran = close(network, connection, defined({ from: step.side, abort: step.abort }))
    return { ...after(world, ran), ...DONE }
  }
  if ('ping' in step) {
    const ran = ping(network, step.from, step.ping, defined({ count: step.count }))
    return { ...after(world, ran), outcome: ran.result.outcome, text: ran.result.text }
  }
  if ('traceroute' in step) {
    const ran = traceroute(network, step.from, step.traceroute, defined({ method: step.method }))
    return { ...after(world, ran), outcome: ran.result.outcome, text: ran.result.text }
  }
  if ('scan' in step) {
    const ran = scan(network, step.from, step.scan, step.ports)
    return { ...after(world, ran), outcome: 'scanned', text: ran.result.text, ports: ran.result }
  }
  if ('send' in step) {
    const packet = Packet.parse(step.send.trim())
    const sent =
      step.device === undefined
        ? send(network, step.from, packet)
        : inject(network, step.from, step.device, packet)
    const settled = settle(sent.network)
    return {
      ...after(world, { network: settled.network, hops: [...sent.hops, ...settled.hops] }),
      outcome: 'sent',
      text: '',
    }
  }
  if ('wait' in step) return { ...after(world, tick(network, durationMs(step.wait))), ...DONE }
  return { ...after(world, manage(step, network, input)), ...DONE }
}

const DONE = { outcome: 'done', text: '' } as const

/** What an administrator does. */
function manage(step: Plain, network: Network, input: ScenarioInput): Ran {
  const quiet = (next: Network): Ran => ({ network: next, hops: [] })
  if ('iptables' in step) return quiet(runCommands(network, step.on, step.iptables, step.family ?? 4, input))
  if ('flush' in step) return quiet(flushConntrack(network, step.flush))
  if ('start' in step) {
    const ran = spawn(network, step.on, createService(step.start))
    const settled = settle(ran.network)
    return { network: settled.network, hops: [...ran.hops, ...settled.hops] }
  }
  if ('stop' in step) return stop(network, step.on, step.stop)
  if ('cut' in step) return quiet(cutLink(network, step.cut, step.node))
  if ('restore' in step) return quiet(repair(mendLink(network, step.restore, step.node), step.restore))
  if ('drop' in step) return quiet(impair(network, step.drop, impairment('drop', step)))
  if ('duplicate' in step) return quiet(impair(network, step.duplicate, impairment('duplicate', step)))
  if ('delay' in step) return quiet(impair(network, step.delay, impairment('delay', step)))
  if ('reorder' in step) return quiet(impair(network, step.reorder, impairment('reorder', step)))
  if ('policy' in step) return quiet(replacePolicy(network, step.on, step.policy, input))
  return quiet(network)
}

interface Impaired {
  readonly from?: string | undefined
  readonly match?: object | undefined
  readonly nth?: number | undefined
  readonly count?: number | undefined
  readonly by?: string | undefined
}

function impairment(
  action: ImpairmentSpec['action'],
  { from, match, nth, count, by }: Impaired,
): ImpairmentSpec {
  const delayMs = optionalMs(by)
  return {
    action,
    ...defined({ from, match: match === undefined ? undefined : defined(match), nth, count, delayMs }),
  } as ImpairmentSpec
}

function performConnect(step: Extract<Plain, { connect: string }>, world: World): Performed {
  const { connect: target, from, as = target, program, keepAlive, localPort, timeout } = step
  const alive =
    keepAlive === undefined
      ? undefined
      : {
          idleMs: durationMs(keepAlive.idle),
          intervalMs: durationMs(keepAlive.interval),
          probes: keepAlive.probes,
        }
  const options = defined({ name: program, keepAlive: alive, localPort, timeoutMs: optionalMs(timeout) })
  const ran = connect(world.network, from, target, options)
  const done = after(world, ran)
  const { result } = ran
  if (result.outcome !== 'open') return { ...done, outcome: result.outcome, text: result.text }
  const connections = new Map(world.connections).set(as, result.connection)
  return { ...done, world: { ...done.world, connections }, outcome: 'open', text: result.text }
}

function stop(network: Network, node: string, name: string): Ran {
  const running = nodeOf(network, node).host.processes.filter(({ program }) => program.name === name)
  if (running.length === 0) {
    const names = nodeOf(network, node).host.processes.map(({ program }) => program.name)
    throw new RangeError(`no program '${name}' runs on ${node}; there are ${names.join(', ') || 'none'}`)
  }
  let ran: Ran = { network, hops: [] }
  for (const { pid } of running) {
    const next = kill(ran.network, node, pid)
    ran = { network: next.network, hops: [...ran.hops, ...next.hops] }
  }
  const settled = settle(ran.network)
  return { network: settled.network, hops: [...ran.hops, ...settled.hops] }
}

/** `iptables` commands, with the network's names. */
function runCommands(
  network: Network,
  on: string,
  commands: string,
  family: Family,
  input: ScenarioInput,
): Network {
  const { resolveHost } = policyNames(input.network, input.network.nodes[on] ?? {})
  const key = family === 4 ? 'ipv4' : 'ipv6'
  return updateNode(network, on, engine => {
    const { rules } = engine.config
    const base = rules[key]
    const options = { family, ...defined({ base, resolveHost }) }
    const { ruleset, diagnostics } = parseRules(commands, options)
    if (ruleset === undefined) throw new DiagnosticError(diagnostics)
    return engine.reconfigured({ ...engine.config, rules: { ...rules, [key]: ruleset } })
  })
}

function replacePolicy(network: Network, on: string, policy: string, input: ScenarioInput): Network {
  const node = input.network.nodes[on]!
  const names = policyNames(input.network, node)
  return updateNode(network, on, engine => {
    const { rules } = engine.config
    const filter = (family: 4 | 6) => {
      const { ruleset, diagnostics } = policyToRules(policy, { ...names, family, chains: policyChains(node) })
      if (ruleset === undefined) throw new DiagnosticError(diagnostics)
      const before = family === 4 ? rules.ipv4 : rules.ipv6
      return { family, tables: { ...before?.tables, ...ruleset.tables } }
    }
    const ipv6 = rules.ipv6 === undefined ? {} : { ipv6: filter(6) }
    return engine.reconfigured({ ...engine.config, rules: { ...rules, ipv4: filter(4), ...ipv6 } })
  })
}

/** The scenario has a `connect` of that name, but it failed: the data has nowhere to go. */
function neverOpened(name: string, world: World): Performed {
  return { world, hops: [], outcome: 'broken', text: `${name} was never opened` }
}

function after(
  world: World,
  { network, hops }: Ran,
): { readonly world: World; readonly hops: readonly LogEntry[] } {
  return { world: { ...world, network }, hops }
}

function optionalMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationMs(text)
}
