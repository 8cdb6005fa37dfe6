import type { Address, Family } from '../address.ts'
import { Tuple } from '../conntrack/tuple.ts'
import { type KeyKind, NUMBER_KEYS, PersistentMap } from '../persistent/map.ts'
import type { Process, SocketId } from './process.ts'
import { TCP_DEFAULTS, type TcpConnection, type TcpSettings } from './tcp-connection.ts'

/** A TCP socket in LISTEN. */
export interface Listener {
  readonly id: SocketId
  readonly pid: number
  readonly port: number
  /** Undefined: any. */
  readonly address: Address | undefined
  /** Undefined: both, as a socket on `[::]` takes IPv4 too. */
  readonly family: Family | undefined
  readonly backlog: number
}

export interface UdpSocket {
  readonly id: SocketId
  readonly pid: number
  readonly port: number
  readonly address: Address | undefined
  readonly family: Family | undefined
}

const TUPLES: KeyKind<Tuple> = { hash: tuple => tuple.hash, equals: (a, b) => a.equals(b) }

interface Parts {
  connections: PersistentMap<SocketId, TcpConnection>
  byTuple: PersistentMap<Tuple, SocketId>
  listeners: readonly Listener[]
  udpSockets: readonly UdpSocket[]
  processes: readonly Process[]
  nextSocket: number
  nextPort: number
  nextPid: number
  nextPacketId: number
  nextSequence: number
  tcp: TcpSettings
  silent: boolean
}

/** Everything of a host above IP: sockets and programs. A value. */
export class HostState {
  readonly connections: PersistentMap<SocketId, TcpConnection>
  readonly byTuple: PersistentMap<Tuple, SocketId>
  readonly listeners: readonly Listener[]
  readonly udpSockets: readonly UdpSocket[]
  readonly processes: readonly Process[]
  readonly nextSocket: number
  /** The next ephemeral port. */
  readonly nextPort: number
  readonly nextPid: number
  /** IPv4's identification of the next packet. */
  readonly nextPacketId: number
  /** The initial sequence number of the next connection. */
  readonly nextSequence: number
  readonly tcp: TcpSettings
  /** Answers nothing at all: no ping, no RST, no ICMP. */
  readonly silent: boolean

  constructor(parts: Parts) {
    this.connections = parts.connections
    this.byTuple = parts.byTuple
    this.listeners = parts.listeners
    this.udpSockets = parts.udpSockets
    this.processes = parts.processes
    this.nextSocket = parts.nextSocket
    this.nextPort = parts.nextPort
    this.nextPid = parts.nextPid
    this.nextPacketId = parts.nextPacketId
    this.nextSequence = parts.nextSequence
    this.tcp = parts.tcp
    this.silent = parts.silent
  }

  /** @param number tells hosts apart in what they count: no two connections in a network share sequence numbers */
  static fresh(number: number, options: { tcp?: Partial<TcpSettings>; silent?: boolean } = {}): HostState {
    return new HostState({
      connections: PersistentMap.empty(NUMBER_KEYS),
      byTuple: PersistentMap.empty(TUPLES),
      listeners: [],
      udpSockets: [],
      processes: [],
      nextSocket: 1,
      nextPort: FIRST_PORT,
      nextPid: 101,
      nextPacketId: 1,
      nextSequence: Math.imul(number + 1, 1_000_000),
      tcp: { ...TCP_DEFAULTS, ...options.tcp },
      silent: options.silent ?? false,
    })
  }
}

export const FIRST_PORT = 40000
export const LAST_PORT = 60999
/** Apart far enough for a connection's data; a prime number, so that hosts' numbers do not meet. */
export const SEQUENCE_STEP = 250_007

/** The listening socket for a packet to this address and port: a bound one before one for any address. */
export function findListener<S extends Listener | UdpSocket>(
  sockets: readonly S[],
  address: Address,
  port: number,
): S | undefined {
  let found: S | undefined
  for (const socket of sockets) {
    if (socket.port !== port) continue
    if (socket.address !== undefined) {
      if (socket.address.equals(address)) return socket
    } else if (socket.family === undefined || socket.family === address.family) found ??= socket
  }
  return found
}

/** Whether two sockets on the same port are in each other's way. */
export function overlaps(
  a: Pick<Listener, 'address' | 'family' | 'port'>,
  b: Pick<Listener, 'address' | 'family' | 'port'>,
): boolean {
  if (a.port !== b.port) return false
  if (a.address !== undefined && b.address !== undefined) return a.address.equals(b.address)
  const familyA = a.address?.family ?? a.family
  const familyB = b.address?.family ?? b.family
  return familyA === undefined || familyB === undefined || familyA === familyB
}

/** The tuple of a connection, seen from its own end. */
export function localTuple(local: Address, localPort: number, remote: Address, remotePort: number): Tuple {
  return new Tuple(local, remote, 6, localPort, remotePort)
}
