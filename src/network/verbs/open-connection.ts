import { indexOfNode, type Network, nodeOf } from '../model.ts'
import { type SocketId, toBytes, toText } from '../process.ts'
import { ProcessContext } from '../process-host.ts'
import { change, DEFAULT_LIMIT_MS, type Ran, runWhile } from '../run.ts'
import { frame, TEXT } from '../services/web-socket.ts'
import type { TcpState } from '../tcp-connection.ts'
import type { HandshakeState } from './handshake.ts'

/** One end of an open connection. */
export interface ConnectionEnd {
  readonly node: string
  readonly pid: number
  readonly socket: SocketId
}

/** A connection that stays open. */
export interface OpenConnection {
  readonly client: ConnectionEnd
  /** Whoever has accepted it: the server, or a proxy in between; see {@link ConnectVerbOptions.servedBy}. */
  readonly server: ConnectionEnd
  /** What is pushed goes out in frames. */
  readonly isWebSocket: boolean
}

/** What the program at the client's end of an open connection remembers. */
export interface ClientState {
  readonly socket: SocketId
  readonly startedMs: number
  readonly status: 'connecting' | 'open' | 'ended' | 'closed' | 'reset' | 'timeout'
  readonly handshake: HandshakeState
  /** Frames of a web socket without their heads. */
  readonly received: Uint8Array
  /** What has come of a frame. */
  readonly frames: Uint8Array
}

/** Which end says it, and how long to look after. */
export interface PushOptions {
  /** Which end speaks. Default `client`. */
  readonly from?: 'client' | 'server'
  /** How long to wait for the data to arrive and be acknowledged. Default 3000. */
  readonly waitMs?: number
}

/** Whether what was said got there. */
export type PushResult =
  /** The other end has it and has said so. */
  | { readonly outcome: 'delivered' }
  /** Not acknowledged in time: it is still being sent again. */
  | { readonly outcome: 'unacknowledged' }
  /** The socket is gone: closed, reset or timed out. */
  | { readonly outcome: 'broken' }

/**
 * One end of an open connection sends data, unasked; on a web socket a text frame.
 *
 * @param connection as {@link connect} has given it
 * @param data text is sent as UTF-8
 * @returns the network when the data is acknowledged or the time to wait is over, and which of both
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, chat: { address: '10.0.0.2/24', services: [echo()] } },
 *   links: { lan: ['laptop', 'chat'] },
 * })
 * const { network: open, result } = connect(network, 'laptop', 'chat:7')
 * const pushed = push(open, result.connection, 'hello')
 * pushed.result.outcome // 'delivered'
 * push(cutLink(open, 'lan'), result.connection, 'hello').result.outcome // 'unacknowledged'
 */
export function push(
  network: Network,
  connection: OpenConnection,
  data: string | Uint8Array,
  options: PushOptions = {},
): Ran & { readonly result: PushResult } {
  const end = options.from === 'server' ? connection.server : connection.client
  const index = indexOfNode(network, end.node)
  let result: PushResult = { outcome: 'broken' }
  const ran = change(network, draft => {
    const socket = () => draft.onHost(index, host => host.connection(end.socket))
    if (socket() === undefined) return
    const bytes = connection.isWebSocket
      ? frame(TEXT, toBytes(data), end === connection.client)
      : toBytes(data)
    draft.onHost(index, host => new ProcessContext(end.pid, host).send(end.socket, bytes))
    const isWaiting = (): boolean => {
      const now = socket()
      return now !== undefined && now.sendUnacknowledged !== now.sendNext
    }
    runWhile(draft, options.waitMs ?? 3000, isWaiting)
    runWhile(draft, DEFAULT_LIMIT_MS, () => draft.inFlight > 0)
    if (socket() !== undefined) result = { outcome: isWaiting() ? 'unacknowledged' : 'delivered' }
  })
  return { ...ran, result }
}

/**
 * One end closes (FIN), or breaks it off (`abort`: RST), and the packets on their way arrive. A socket that is gone
 * already stays so.
 *
 * @param connection as {@link connect} has given it
 * @param options `from`: which end, by default the client's
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, chat: { address: '10.0.0.2/24', services: [echo()] } },
 *   links: { lan: ['laptop', 'chat'] },
 * })
 * const { network: open, result } = connect(network, 'laptop', 'chat:7')
 * const closed = close(open, result.connection).network
 * connectionState(closed, result.connection.client) // 'TIME-WAIT'
 * const aborted = close(open, result.connection, { abort: true }).network
 * connectionState(aborted, result.connection.client) // 'CLOSED'
 */
export function close(
  network: Network,
  connection: OpenConnection,
  options: { readonly from?: 'client' | 'server'; readonly abort?: boolean } = {},
): Ran {
  const end = options.from === 'server' ? connection.server : connection.client
  const index = indexOfNode(network, end.node)
  return change(network, draft => {
    draft.onHost(index, host => {
      const context = new ProcessContext(end.pid, host)
      if (options.abort === true) context.abort(end.socket)
      else context.close(end.socket)
    })
    runWhile(draft, DEFAULT_LIMIT_MS, () => draft.inFlight > 0)
  })
}

/**
 * What an end of a connection knows of it: the state as `ss` shows it (`CLOSED` when the socket is gone).
 *
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, chat: { address: '10.0.0.2/24', services: [echo()] } },
 *   links: { lan: ['laptop', 'chat'] },
 * })
 * const { network: open, result } = connect(network, 'laptop', 'chat:7')
 * connectionState(open, result.connection.server) // 'ESTAB'
 * // the server does not hear that the client has gone
 * const gone = close(cutLink(open, 'lan'), result.connection, { abort: true }).network
 * connectionState(gone, result.connection.client) // 'CLOSED'
 * connectionState(gone, result.connection.server) // 'ESTAB'
 */
export function connectionState(network: Network, { node, socket }: ConnectionEnd): TcpState {
  return nodeOf(network, node).host.connections.get(socket)?.state ?? 'CLOSED'
}

/**
 * What the client of {@link connect} has received so far; undefined when its program has ended.
 *
 * @returns text, from the beginning of the connection; of a web socket what its text frames say
 * @throws RangeError when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, chat: { address: '10.0.0.2/24', services: [echo()] } },
 *   links: { lan: ['laptop', 'chat'] },
 * })
 * const { network: open, result } = connect(network, 'laptop', 'chat:7')
 * const pushed = push(open, result.connection, 'hello').network
 * received(pushed, result.connection) // 'hello'
 */
export function received(network: Network, { client }: OpenConnection): string | undefined {
  const process = nodeOf(network, client.node).host.processes.find(({ pid }) => pid === client.pid)
  return process === undefined ? undefined : toText((process.state as ClientState).received)
}
