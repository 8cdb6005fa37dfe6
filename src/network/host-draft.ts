import type { Address, Family } from '../address.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import type { Packet } from '../packet/packet.ts'
import type { PersistentMap } from '../persistent/map.ts'
import type { FirewallState } from '../state.ts'
import { HostState, type Listener, SEQUENCE_STEP, type UdpSocket } from './host-state.ts'
import type { Process, ProcessEvent, SocketId } from './process.ts'
import { type Segment, tcpPacket } from './segment.ts'
import { NEVER, type TcpConnection, type TcpSettings } from './tcp-connection.ts'
import { flushAcknowledgment, onTimer, type TcpEvent, type TcpOutput } from './tcp-output.ts'

/** The network as one of its hosts sees it while something happens. */
export interface Surroundings {
  readonly nowMs: number
  /** For changes of persistent collections. */
  readonly owner: object
  nodeName(node: number): string
  engine(node: number): FirewallState
  /** Into the node's own OUTPUT, at the present time. */
  sendLocally(node: number, packet: Packet): void
  /** @returns the event's sequence number */
  addTimer(
    kind: 'socket-timer' | 'process-timer',
    atMs: number,
    node: number,
    owner: number,
    timer: string,
  ): number
  addressesOf(name: string): readonly Address[]
  exited(node: number, pid: number, result: unknown): void
  accepted(node: number, connection: TcpConnection): void
  /** More or fewer connections wait for an acknowledgment. */
  waits(change: number): void
}

/** A host while something happens on it: what a packet, a timer or a program changes. Lives for one event. */
export class HostDraft implements TcpOutput {
  readonly surroundings: Surroundings
  readonly node: number
  readonly nowMs: number
  readonly tcp: TcpSettings
  readonly silent: boolean
  listeners: readonly Listener[]
  udpSockets: readonly UdpSocket[]
  processes: readonly Process[]
  nextPort: number
  nextPid: number
  private connections: PersistentMap<SocketId, TcpConnection>
  private byTuple: PersistentMap<Tuple, SocketId>
  private nextSocket: number
  private nextPacketId: number
  private nextSequence: number
  /** Connections that were changed, and are this draft's own copies. */
  private readonly touched: SocketId[] = []
  private readonly told: { pid: number; event: ProcessEvent }[] = []

  constructor(surroundings: Surroundings, node: number, host: HostState) {
    this.surroundings = surroundings
    this.node = node
    this.nowMs = surroundings.nowMs
    this.connections = host.connections
    this.byTuple = host.byTuple
    this.listeners = host.listeners
    this.udpSockets = host.udpSockets
    this.processes = host.processes
    this.nextSocket = host.nextSocket
    this.nextPort = host.nextPort
    this.nextPid = host.nextPid
    this.nextPacketId = host.nextPacketId
    this.nextSequence = host.nextSequence
    this.tcp = host.tcp
    this.silent = host.silent
  }

  /** The host after everything; sends the acknowledgments that nothing else has carried. */
  commit(): HostState {
    for (const id of this.touched) {
      const connection = this.connections.get(id)
      if (connection !== undefined) flushAcknowledgment(connection, this)
    }
    return new HostState({
      connections: this.connections,
      byTuple: this.byTuple,
      listeners: this.listeners,
      udpSockets: this.udpSockets,
      processes: this.processes,
      nextSocket: this.nextSocket,
      nextPort: this.nextPort,
      nextPid: this.nextPid,
      nextPacketId: this.nextPacketId,
      nextSequence: this.nextSequence,
      tcp: this.tcp,
      silent: this.silent,
    })
  }

  get engine(): FirewallState {
    return this.surroundings.engine(this.node)
  }

  newSocket(): SocketId {
    return this.nextSocket++
  }

  newSequence(): number {
    const sequence = this.nextSequence
    this.nextSequence = (sequence + SEQUENCE_STEP) | 0
    return sequence
  }

  packetId(): number {
    const id = this.nextPacketId
    this.nextPacketId = id === 0xffff ? 1 : id + 1
    return id
  }

  connection(id: SocketId): TcpConnection | undefined {
    return this.connections.get(id)
  }

  connectionOf(tuple: Tuple): TcpConnection | undefined {
    const id = this.byTuple.get(tuple)
    return id === undefined ? undefined : this.connections.get(id)
  }

  /** The connections of a program, in the order of their ids. */
  connectionsOf(pid: number): TcpConnection[] {
    const found: TcpConnection[] = []
    for (const [, connection] of this.connections) if (connection.pid === pid) found.push(connection)
    return found.sort((a, b) => a.id - b.id)
  }

  /** Puts a connection's next state in its place. `next` must be a copy that is nobody else's. */
  put(next: TcpConnection, before: TcpConnection | undefined): void {
    if (next === before) return
    const { owner } = this.surroundings
    const change =
      Number(next.retransmitAtMs !== NEVER) - Number(before !== undefined && before.retransmitAtMs !== NEVER)
    if (change !== 0) this.surroundings.waits(change)
    if (next.state === 'CLOSED') {
      if (before === undefined) return
      this.connections = this.connections.delete(next.id, owner)
      this.byTuple = this.byTuple.delete(next.tuple, owner)
      return
    }
    if (before === undefined) this.byTuple = this.byTuple.set(next.tuple, next.id, owner)
    const deadlineMs = next.deadlineMs
    if (deadlineMs < next.timerQueuedAtMs) {
      next.timerQueuedAtMs = deadlineMs
      this.surroundings.addTimer('socket-timer', deadlineMs, this.node, next.id, '')
    }
    this.connections = this.connections.set(next.id, next, owner)
    this.touched.push(next.id)
  }

  /** A timer of a connection has come; it may be out of date. */
  socketTimer(id: SocketId, atMs: number): void {
    const before = this.connections.get(id)
    if (before === undefined || before.timerQueuedAtMs !== atMs) return
    const next = before.deadlineMs <= this.nowMs ? onTimer(before, this) : before.clone()
    next.timerQueuedAtMs = NEVER
    this.put(next, before)
  }

  send(segment: Segment): void {
    this.sendPacket(tcpPacket(segment, this.packetId()))
  }

  sendPacket(packet: Packet): void {
    this.surroundings.sendLocally(this.node, packet)
  }

  event(connection: TcpConnection, event: TcpEvent): void {
    if (event.kind === 'accepted') this.surroundings.accepted(this.node, connection)
    if (connection.pid === 0) return
    if (event.kind === 'timeout' && connection.state === 'SYN-RECV' && !connection.active) return
    const { id: socket, tuple } = connection
    const local = { address: tuple.source, port: tuple.sport }
    const remote = { address: tuple.destination, port: tuple.dport }
    switch (event.kind) {
      case 'connected':
      case 'accepted':
        this.tell(connection.pid, { kind: event.kind, socket, local, remote })
        break
      case 'refused':
        this.tell(connection.pid, { kind: 'refused', socket, by: undefined })
        break
      case 'data':
        this.tell(connection.pid, { kind: 'data', socket, data: event.data })
        break
      default:
        this.tell(connection.pid, { kind: event.kind, socket })
    }
  }

  /** Queues an event for a program. */
  tell(pid: number, event: ProcessEvent): void {
    this.told.push({ pid, event })
  }

  nextTold(): { pid: number; event: ProcessEvent } | undefined {
    return this.told.shift()
  }

  process(pid: number): Process | undefined {
    return this.processes.find(process => process.pid === pid)
  }

  replaceProcess(process: Process): void {
    this.processes = this.processes.map(other => (other.pid === process.pid ? process : other))
  }

  /** Whether the host has an IPv6 address that others could use. */
  get speaksIpv6(): boolean {
    for (const device of this.engine.compiled.ipv6.routing.devices.values())
      if (!device.loopback && device.addresses.length > 0) return true
    return false
  }

  resolve(host: string, family?: Family): Address | undefined {
    const addresses = this.surroundings.addressesOf(host)
    if (family !== undefined) return addresses.find(address => address.family === family)
    const usable = addresses.find(address => address.family === 6 && this.speaksIpv6)
    return usable ?? addresses.find(address => address.family === 4) ?? addresses[0]
  }
}
