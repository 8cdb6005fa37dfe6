import { indexOfNode, type Network, nodeOf } from '../model.ts'
import type { NetworkDraft } from '../network-draft.ts'
import { type ConnectOptions, type Program, type SocketId, toBytes, toText } from '../process.ts'
import { ProcessContext, startProcess } from '../process-host.ts'
import { change, DEFAULT_LIMIT_MS, type Ran, runWhile } from '../run.ts'
import { NO_DATA } from '../segment.ts'
import { concat } from '../services/web-server.ts'
import type { TcpState } from '../tcp-connection.ts'
import { type ConnectFailure, failureOf, failureText, parseTarget } from './failure.ts'

/** One end of an open connection. */
export interface ConnectionEnd {
  readonly node: string
  readonly pid: number
  readonly socket: SocketId
}

/** A connection that stays open. */
export interface OpenConnection {
  readonly client: ConnectionEnd
  /** Whoever has accepted it: the server, or a proxy in between. */
  readonly server: ConnectionEnd
}

export interface ConnectVerbOptions extends ConnectOptions {
  /** Of the client program, as `ss` shows it. Default `nc`. */
  readonly name?: string
  /** How long to wait for the connection. Default: as long as TCP itself tries. */
  readonly timeoutMs?: number
  /** To look at the handshake: comes back after this time, with the connection still under way. */
  readonly waitMs?: number
}

export type ConnectResult =
  /** With `waitMs`: neither open nor failed yet. */
  | { readonly outcome: 'connecting'; readonly text: string }
  | { readonly outcome: 'open'; readonly connection: OpenConnection; readonly text: string }
  | (ConnectFailure & { readonly text: string })

interface ClientState {
  readonly socket: SocketId
  readonly startedMs: number
  readonly status: 'connecting' | 'open' | 'ended' | 'closed' | 'reset' | 'timeout'
  readonly failure: ConnectFailure | undefined
  readonly received: Uint8Array
}

/**
 * Opens a connection that stays open, for {@link push} and {@link close}: a mail client's, a web socket, an SSH session.
 *
 * @param target `web:80`, `198.51.100.7:80`, `[2001:db8::1]:80`
 * @example
 * const opened = connect(start, 'laptop', 'chat:8080')
 * if (opened.result.outcome === 'open')
 *   push(opened.network, opened.result.connection, 'news', { from: 'server' })
 */
export function connect(
  network: Network,
  from: string,
  target: string,
  options: ConnectVerbOptions = {},
): Ran & { readonly result: ConnectResult } {
  const { host, port } = parseTarget(target)
  const index = indexOfNode(network, from)
  let result: ConnectResult | undefined
  const ran = change(network, draft => {
    const program = clientProgram(host, port, options)
    const pid = draft.onHost(index, onHost => startProcess(program, onHost))
    const state = () =>
      draft.processes(index).find(process => process.pid === pid)?.state as ClientState | undefined
    const isConnecting = (): boolean => state()?.status === 'connecting'
    runWhile(draft, options.waitMs ?? DEFAULT_LIMIT_MS, isConnecting)
    if (options.waitMs !== undefined && isConnecting()) {
      result = { outcome: 'connecting', text: `connecting to ${host}:${port}` }
      return
    }
    runWhile(draft, DEFAULT_LIMIT_MS, () => draft.inFlight > 0)
    result = resultOf(draft, index, pid, state(), `${host}:${port}`)
  })
  return { ...ran, result: result! }
}

function clientProgram(host: string, port: number, options: ConnectVerbOptions): Program<ClientState> {
  return {
    name: options.name ?? 'nc',
    start(api) {
      const socket = api.connect(host, port, options)
      if (options.timeoutMs !== undefined) api.setTimer('give-up', options.timeoutMs)
      return { socket, startedMs: api.nowMs, status: 'connecting', failure: undefined, received: NO_DATA }
    },
    handle(state, event, api) {
      const afterMs = api.nowMs - state.startedMs
      const fail = (failure: ConnectFailure): ClientState => {
        api.exit(failure)
        return { ...state, status: 'closed', failure }
      }
      if (state.status === 'connecting') {
        if (event.kind === 'connected') {
          api.clearTimer('give-up')
          return { ...state, status: 'open' }
        }
        if (event.kind === 'timer') {
          api.abort(state.socket)
          return fail({ outcome: 'filtered', afterMs })
        }
        const failure = failureOf(event, state.socket, afterMs)
        return failure === undefined ? state : fail(failure)
      }
      switch (event.kind) {
        case 'data':
          return { ...state, received: concat(state.received, event.data) }
        case 'ended':
          api.close(state.socket)
          return { ...state, status: 'ended' }
        case 'closed':
        case 'reset':
        case 'timeout':
          return { ...state, status: event.kind }
        default:
          return state
      }
    },
  }
}

function resultOf(
  draft: NetworkDraft,
  node: number,
  pid: number,
  state: ClientState | undefined,
  target: string,
): ConnectResult {
  const exit = draft.exits.find(other => other.node === node && other.pid === pid)
  if (state === undefined || exit !== undefined) {
    const failure = exit!.result as ConnectFailure
    return { ...failure, text: `connect to ${target} failed: ${failureText(failure)}` }
  }
  const own = draft.onHost(node, host => host.connection(state.socket))!
  // Sequence numbers pass every NAT, and no two connections of a network have the same.
  const other = draft.acceptedConnections.find(
    ({ connection }) => connection.peerInitialSequence === own.initialSequence,
  )
  const client = { node: draft.nodeName(node), pid, socket: state.socket }
  const server =
    other === undefined
      ? client
      : { node: draft.nodeName(other.node), pid: other.connection.pid, socket: other.connection.id }
  return { outcome: 'open', connection: { client, server }, text: `connected to ${target}` }
}

export interface PushOptions {
  /** Which end speaks. Default `client`. */
  readonly from?: 'client' | 'server'
  /** How long to wait for the data to arrive and be acknowledged. Default 3000. */
  readonly waitMs?: number
}

export type PushResult =
  /** The other end has it and has said so. */
  | { readonly outcome: 'delivered' }
  /** Not acknowledged in time: it is still being sent again. */
  | { readonly outcome: 'unacknowledged' }
  /** The socket is gone: closed, reset or timed out. */
  | { readonly outcome: 'broken' }

/** One end of an open connection sends data, unasked. */
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
    draft.onHost(index, host => new ProcessContext(end.pid, host).send(end.socket, toBytes(data)))
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

/** One end closes (FIN), or breaks it off (`abort`: RST). The client's program ends with it. */
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

/** What an end of a connection knows of it: the state as `ss` shows it (`CLOSED` when the socket is gone). */
export function connectionState(network: Network, { node, socket }: ConnectionEnd): TcpState {
  return nodeOf(network, node).host.connections.get(socket)?.state ?? 'CLOSED'
}

/** What the client of {@link connect} has received so far; undefined when its program has ended. */
export function received(network: Network, { client }: OpenConnection): string | undefined {
  const process = nodeOf(network, client.node).host.processes.find(({ pid }) => pid === client.pid)
  return process === undefined ? undefined : toText((process.state as ClientState).received)
}
