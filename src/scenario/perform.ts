import {
  close,
  connect,
  curl,
  fetchMail,
  inject,
  type LogEntry,
  type Network,
  nc,
  type OpenConnection,
  ping,
  push,
  query,
  type Ran,
  scan,
  send,
  settle,
  telnet,
  tick,
  traceroute,
  udpQuery,
} from '../network/index.ts'
import { Packet } from '../packet/packet.ts'
import { durationMs, optionalMs } from './duration.ts'
import { manage } from './manage.ts'
import type { PlainStep, ScenarioInput } from './schema.ts'
import { defined } from './service-kind.ts'

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

/** Does what a step says. @throws RangeError, DiagnosticError for what only shows now */
export function perform(step: PlainStep, world: World, input: ScenarioInput): Performed {
  const { network } = world
  if ('curl' in step) {
    const { method, body, headers, localPort, proxy, timeout } = step
    const options = defined({ method, body, headers, localPort, proxy, timeoutMs: optionalMs(timeout) })
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
  if ('udp' in step) {
    const { data, localPort, timeout } = step
    const options = defined({ data, localPort, timeoutMs: optionalMs(timeout) })
    const ran = udpQuery(network, step.from, step.udp, options)
    return { ...after(world, ran), outcome: ran.result.outcome, text: ran.result.text }
  }
  if ('mail' in step) {
    const { user, program, timeout } = step
    const ran = fetchMail(
      network,
      step.from,
      step.mail,
      defined({ user, name: program, timeoutMs: optionalMs(timeout) }),
    )
    return { ...after(world, ran), outcome: ran.result.outcome, text: ran.result.text }
  }
  if ('query' in step) {
    const options = defined({ name: step.program, timeoutMs: optionalMs(step.timeout) })
    const ran = query(network, step.from, step.query, step.sql, options)
    return { ...after(world, ran), outcome: ran.result.outcome, text: ran.result.text }
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
    const ran = push(network, connection, dataOf(step.data), options)
    return { ...after(world, ran), outcome: ran.result.outcome, text: ran.result.outcome }
  }
  if ('close' in step) {
    const connection = world.connections.get(step.close)
    if (connection === undefined) return neverOpened(step.close, world)
    const ran = close(network, connection, defined({ from: step.side, abort: step.abort }))
    return { ...after(world, ran), ...DONE }
  }
  if ('ping' in step) {
    const { count, size, ttl } = step
    const ran = ping(network, step.from, step.ping, defined({ count, size, ttl }))
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
  if ('send' in step) return performSend(step, world)
  if ('wait' in step) return { ...after(world, tick(network, durationMs(step.wait))), ...DONE }
  return { ...after(world, manage(step, network, input)), ...DONE }
}

const DONE = { outcome: 'done', text: '' } as const

/** A packet, or a flood of them, from a raw socket or out of nowhere. */
function performSend(step: Extract<PlainStep, { send: string }>, world: World): Performed {
  const { send: text, from, device, count = 1, wait } = step
  let { network } = world
  const hops: LogEntry[] = []
  const add = (ran: Ran): void => {
    network = ran.network
    for (const hop of ran.hops) hops.push(hop)
  }
  for (let at = 0; at < count; at++) {
    const packet = Packet.parse(withSourcePort(text.trim(), at))
    add(device === undefined ? send(network, from, packet) : inject(network, from, device, packet))
  }
  add(wait === undefined ? settle(network) : tick(network, durationMs(wait)))
  return { ...after(world, { network, hops }), outcome: 'sent', text: '' }
}

/** `tcp 10.0.0.1:1024 > …` with the port so much higher; it begins again behind 65535. */
function withSourcePort(text: string, higher: number): string {
  if (higher === 0) return text
  return text.replace(/:(\d+)(?= >)/, (_, port) => `:${1 + ((Number(port) - 1 + higher) % 65535)}`)
}

/** One connection, or as many as `count` says; the outcome is that of the last one. */
function performConnect(step: Extract<PlainStep, { connect: string }>, world: World): Performed {
  const { connect: target, from, as = target, program, keepAlive, localPort, timeout, wait, count } = step
  const { proxy, servedBy } = step
  const alive =
    keepAlive === undefined
      ? undefined
      : {
          idleMs: durationMs(keepAlive.idle),
          intervalMs: durationMs(keepAlive.interval),
          probes: keepAlive.probes,
        }
  const [timeoutMs, waitMs] = [optionalMs(timeout), optionalMs(wait)]
  const connections = new Map(world.connections)
  const hops: LogEntry[] = []
  let { network } = world
  let outcome = ''
  let text = ''
  for (let at = 0; at < (count ?? 1); at++) {
    const port = localPort === undefined ? undefined : localPort + at
    const ways = { proxy, servedBy, localPort: port }
    const options = defined({ name: program, keepAlive: alive, ...ways, timeoutMs, waitMs })
    const ran = connect(network, from, target, options)
    network = ran.network
    for (const hop of ran.hops) hops.push(hop)
    outcome = ran.result.outcome
    text = ran.result.text
    if (ran.result.outcome === 'open')
      connections.set(count === undefined ? as : `${as}-${at + 1}`, ran.result.connection)
  }
  return { world: { ...world, network, connections }, hops, outcome, text }
}

/** The scenario has a `connect` of that name, but it failed: the data has nowhere to go. */
function neverOpened(name: string, world: World): Performed {
  return { world, hops: [], outcome: 'broken', text: `${name} was never opened` }
}

/** A number stands for so many bytes. */
function dataOf(data: string | number): string {
  return typeof data === 'string' ? data : 'x'.repeat(data)
}

function after(
  world: World,
  { network, hops }: Ran,
): { readonly world: World; readonly hops: readonly LogEntry[] } {
  return { world: { ...world, network }, hops }
}
