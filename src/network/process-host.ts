import type { Address, Family } from '../address.ts'
import { outputRoute } from '../ip/output-route.ts'
import type { HostDraft } from './host-draft.ts'
import { FIRST_PORT, findListener, LAST_PORT, type Listener, localTuple, overlaps } from './host-state.ts'
import {
  type ConnectOptions,
  type ListenOptions,
  type Process,
  type ProcessApi,
  type Program,
  type SocketId,
  toBytes,
} from './process.ts'
import { anyAddress, icmpPacket, udpPacket } from './segment.ts'
import { errnoText, localMss } from './stack.ts'
import { type KeepAlive, TcpConnection } from './tcp-connection.ts'
import { abort, finish, orphan, setKeepAlive, write } from './tcp-endpoint.ts'
import { sendSyn } from './tcp-output.ts'

/** Starts a program on a host. */
export function startProcess(program: Program, host: HostDraft): number {
  const pid = host.nextPid++
  const process: Process = { pid, program, state: undefined, timers: [] }
  host.processes = [...host.processes, process]
  const context = new ProcessContext(pid, host)
  const state = program.start(context)
  keepState(pid, state, host)
  return pid
}

/** Tells the programs what has happened, and what comes of their doing so, until nothing is left to tell. */
export function runProcesses(host: HostDraft): void {
  for (let told = host.nextTold(); told !== undefined; told = host.nextTold()) {
    const process = host.process(told.pid)
    if (process === undefined) continue
    const state = process.program.handle(process.state, told.event, new ProcessContext(told.pid, host))
    keepState(told.pid, state, host)
  }
}

function keepState(pid: number, state: unknown, host: HostDraft): void {
  const process = host.process(pid)
  if (process !== undefined && process.state !== state) host.replaceProcess({ ...process, state })
}

/** A timer of a program has come, unless it was cleared or set anew. */
export function processTimer(pid: number, name: string, event: number, host: HostDraft): void {
  const process = host.process(pid)
  const timer = process?.timers.find(other => other.event === event)
  if (process === undefined || timer === undefined) return
  host.replaceProcess({ ...process, timers: process.timers.filter(other => other !== timer) })
  host.tell(pid, { kind: 'timer', name })
}

/** Ends a program as `exit` or a signal does: connections get a FIN, or a RST if there is anything nobody will read. */
export function endProcess(pid: number, result: unknown, host: HostDraft): void {
  if (host.process(pid) === undefined) return
  host.processes = host.processes.filter(process => process.pid !== pid)
  host.listeners = host.listeners.filter(listener => listener.pid !== pid)
  host.udpSockets = host.udpSockets.filter(socket => socket.pid !== pid)
  for (const connection of host.connectionsOf(pid)) host.put(orphan(connection, host), connection)
  host.surroundings.exited(host.node, pid, result)
}

/** What one program can do to its host. */
export class ProcessContext implements ProcessApi {
  readonly pid: number
  private readonly host: HostDraft

  constructor(pid: number, host: HostDraft) {
    this.pid = pid
    this.host = host
  }

  get nowMs(): number {
    return this.host.nowMs
  }

  get node(): string {
    return this.host.surroundings.nodeName(this.host.node)
  }

  resolve(name: string, family?: Family): Address | undefined {
    return this.host.resolve(name, family)
  }

  listen(port: number, options: ListenOptions = {}): SocketId {
    const listener = this.bound(port, options)
    const taken = this.host.listeners.some(other => overlaps(other, listener))
    if (taken) throw new RangeError(`${this.node}: port ${port} is in use already (EADDRINUSE)`)
    this.host.listeners = [...this.host.listeners, listener]
    return listener.id
  }

  openUdp(port = 0, options: ListenOptions = {}): SocketId {
    const socket = this.bound(port === 0 ? this.freeUdpPort() : port, options)
    if (this.host.udpSockets.some(other => overlaps(other, socket)))
      throw new RangeError(`${this.node}: UDP port ${port} is in use already (EADDRINUSE)`)
    this.host.udpSockets = [...this.host.udpSockets, socket]
    return socket.id
  }

  private bound(port: number, { address: text, backlog = 128 }: ListenOptions): Listener {
    if (!Number.isInteger(port) || port < 1 || port > 65535)
      throw new RangeError(`port ${port} is not a whole number from 1 to 65535`)
    const { host, pid } = this
    const given = text === undefined ? undefined : host.resolve(text)
    if (text !== undefined && given === undefined) throw new RangeError(`${text} is no address to listen on`)
    const id = host.newSocket()
    if (given !== undefined && !given.isZero())
      return { id, pid, port, address: given, family: given.family, backlog }
    const both = given === undefined ? host.speaksIpv6 : given.family === 6
    return { id, pid, port, address: undefined, family: both ? undefined : 4, backlog }
  }

  private freeUdpPort(): number {
    for (;;) {
      const port = this.ephemeralPort()
      if (findListener(this.host.udpSockets, anyAddress(4), port) === undefined) return port
    }
  }

  private ephemeralPort(): number {
    const port = this.host.nextPort
    this.host.nextPort = port === LAST_PORT ? FIRST_PORT : port + 1
    return port
  }

  connect(name: string, port: number, options: ConnectOptions = {}): SocketId {
    const { host, pid } = this
    const socket = host.newSocket()
    const fail = (error: ReturnType<typeof errnoText>): SocketId => {
      host.tell(pid, { kind: 'unreachable', socket, error, by: undefined })
      return socket
    }
    const local = options.localAddress === undefined ? undefined : host.resolve(options.localAddress)
    const remote = host.resolve(name, local?.family)
    if (remote === undefined) return fail('unknown-host')
    const route = outputRoute(this.routing(remote), remote, { source: local })
    if (route.errno !== 0 || route.source === undefined) return fail(errnoText(route.errno))
    const { source } = route
    const localPort = options.localPort ?? this.freePort(source, remote, port)
    const tuple = localTuple(source, localPort, remote, port)
    if (host.connectionOf(tuple) !== undefined)
      throw new RangeError(`${this.node}: local port ${localPort} is in use for ${name}:${port} already`)
    const settings =
      options.synRetries === undefined ? host.tcp : { ...host.tcp, synRetries: options.synRetries }
    const mss = localMss(host, remote)
    const connection = new TcpConnection(socket, tuple, pid, 'SYN-SENT', host.newSequence(), mss, settings)
    connection.keepAlive = options.keepAlive
    sendSyn(connection, host)
    host.put(connection, undefined)
    return socket
  }

  private routing(remote: Address) {
    const { ipv4, ipv6 } = this.host.engine.compiled
    return remote.family === 4 ? ipv4.routing : ipv6.routing
  }

  private freePort(source: Address, remote: Address, remotePort: number): number {
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries++) {
      const port = this.ephemeralPort()
      if (this.host.connectionOf(localTuple(source, port, remote, remotePort)) === undefined) return port
    }
    throw new RangeError(`${this.node}: no free port for a connection to ${remote}:${remotePort}`)
  }

  send(socket: SocketId, data: string | Uint8Array): void {
    this.change(socket, connection => write(connection, toBytes(data), this.host))
  }

  close(socket: SocketId): void {
    const { host } = this
    host.listeners = host.listeners.filter(({ id }) => id !== socket)
    host.udpSockets = host.udpSockets.filter(({ id }) => id !== socket)
    this.change(socket, connection => finish(connection, host))
  }

  abort(socket: SocketId): void {
    this.change(socket, connection => abort(connection, this.host))
  }

  keepAlive(socket: SocketId, keepAlive: KeepAlive | undefined): void {
    this.change(socket, connection => setKeepAlive(connection, keepAlive, this.host))
  }

  private change(socket: SocketId, how: (connection: TcpConnection) => TcpConnection): void {
    const before = this.host.connection(socket)
    if (before !== undefined && before.pid === this.pid) this.host.put(how(before), before)
  }

  sendTo(
    socket: SocketId,
    name: string,
    port: number,
    data: string | Uint8Array,
    options: { readonly ttl?: number } = {},
  ): void {
    const { host, pid } = this
    const own = host.udpSockets.find(({ id }) => id === socket)
    if (own === undefined || own.pid !== pid)
      throw new RangeError(`socket ${socket} is no UDP socket of this program`)
    const remote = host.resolve(name, own.address?.family ?? own.family)
    const fail = (error: ReturnType<typeof errnoText>): void =>
      host.tell(pid, {
        kind: 'datagram-error',
        socket,
        remote: { address: remote ?? anyAddress(4), port },
        error,
        by: undefined,
      })
    if (remote === undefined) {
      fail('unknown-host')
      return
    }
    const route = outputRoute(this.routing(remote), remote, { source: own.address })
    if (route.errno !== 0 || route.source === undefined) {
      fail(errnoText(route.errno))
      return
    }
    const datagram = {
      source: route.source,
      destination: remote,
      sourcePort: own.port,
      destinationPort: port,
      data: toBytes(data),
    }
    host.sendPacket(udpPacket(datagram, host.packetId(), options.ttl ?? 64))
  }

  ping(
    name: string,
    sequence: number,
    options: { readonly ttl?: number; readonly size?: number } = {},
  ): void {
    const { host, pid } = this
    const remote = host.resolve(name)
    const route = remote === undefined ? undefined : outputRoute(this.routing(remote), remote)
    if (remote === undefined || route === undefined || route.errno !== 0 || route.source === undefined) {
      const error = route === undefined ? 'unknown-host' : errnoText(route.errno)
      host.tell(pid, { kind: 'echo-error', sequence, error, by: undefined })
      return
    }
    const message = {
      type: remote.family === 4 ? 8 : 128,
      code: 0,
      rest: (pid << 16) | sequence,
      data: new Uint8Array(options.size ?? 56),
    }
    host.sendPacket(icmpPacket(route.source, remote, message, host.packetId(), options.ttl ?? 64))
  }

  setTimer(name: string, afterMs: number): void {
    const { host, pid } = this
    const process = host.process(pid)
    if (process === undefined) return
    const atMs = host.nowMs + afterMs
    const event = host.surroundings.addTimer('process-timer', atMs, host.node, pid, name)
    const others = process.timers.filter(timer => timer.name !== name)
    host.replaceProcess({ ...process, timers: [...others, { name, event, atMs }] })
  }

  clearTimer(name: string): void {
    const process = this.host.process(this.pid)
    if (process === undefined) return
    this.host.replaceProcess({ ...process, timers: process.timers.filter(timer => timer.name !== name) })
  }

  exit(result?: unknown): void {
    endProcess(this.pid, result, this.host)
  }
}
