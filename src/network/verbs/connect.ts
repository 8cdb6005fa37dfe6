import { concat } from '../bytes.ts'
import { type ConnectFailure, failureOf, failureText } from '../failure.ts'
import { indexOfNode, type Network } from '../model.ts'
import type { NetworkDraft } from '../network-draft.ts'
import type { ConnectOptions, ProcessApi, ProcessEvent, Program } from '../process.ts'
import { startProcess } from '../process-host.ts'
import { change, DEFAULT_LIMIT_MS, type Ran, runWhile } from '../run.ts'
import { NO_DATA } from '../segment.ts'
import { frame, PING, PONG, readFrames, TEXT } from '../services/web-socket.ts'
import { parseTarget, parseUrl, type Target } from '../target.ts'
import {
  beginHandshake,
  type Exchange,
  exchangesWith,
  type HandshakeState,
  NO_HANDSHAKE,
  onHandshake,
  parseProxy,
  webSocketExchange,
} from './handshake.ts'
import type { ClientState, ConnectionEnd, OpenConnection } from './open-connection.ts'

/** How `connect` goes about it. */
export interface ConnectVerbOptions extends ConnectOptions {
  /** Of the client program, as `ss` shows it. Default `nc`. */
  readonly name?: string
  /** `socks5://localhost:1080` or `http://proxy:3128`, as in `nc -x`. */
  readonly proxy?: string
  /**
   * Where proxies or tunnels lie in between: the node whose end of the story the `server` is to be, instead of whoever
   * has accepted the client's own connection. It is the latest connection that was accepted there meanwhile.
   */
  readonly servedBy?: string
  /** How long to wait for the connection. Default: as long as TCP itself tries. */
  readonly timeoutMs?: number
  /** To look at the handshake: comes back after this time, with the connection still under way. */
  readonly waitMs?: number
}

/** What the user of `connect` sees. */
export type ConnectResult =
  /** With `waitMs`: neither open nor failed yet. */
  | { readonly outcome: 'connecting'; readonly text: string }
  | { readonly outcome: 'open'; readonly connection: OpenConnection; readonly text: string }
  /** A proxy could or would not connect, or the server knows no web sockets. */
  | { readonly outcome: 'blocked'; readonly text: string }
  | (ConnectFailure & { readonly text: string })

/**
 * Opens a connection that stays open, for `push` and `close`: a mail client's, a web socket, an SSH session.
 *
 * @param target `web:80`, `198.51.100.7:80`, `[2001:db8::1]:80`; `ws://chat:8080/feed` for a web socket
 * @returns `result` is what the user sees; times in milliseconds
 * @throws RangeError for a target that cannot be, or when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, chat: { address: '10.0.0.2/24', services: [echo()] } },
 *   links: { lan: ['laptop', 'chat'] },
 * })
 * const { network: open, result } = connect(network, 'laptop', 'chat:7')
 * result.outcome // 'open'
 * const told = push(open, result.connection, 'news', { from: 'server' }).network
 * received(told, result.connection) // 'news'
 * connect(network, 'laptop', 'chat:8').result.text // 'connect to chat:8 failed: Connection refused'
 */
export function connect(
  network: Network,
  from: string,
  target: string,
  options: ConnectVerbOptions = {},
): Ran & { readonly result: ConnectResult } {
  const plan = planOf(target, options)
  const index = indexOfNode(network, from)
  const servedBy = options.servedBy === undefined ? undefined : indexOfNode(network, options.servedBy)
  let result: ConnectResult | undefined
  const ran = change(network, draft => {
    const program = clientProgram(plan, options)
    const pid = draft.onHost(index, onHost => startProcess(program, onHost))
    const state = () =>
      draft.processes(index).find(process => process.pid === pid)?.state as ClientState | undefined
    const isConnecting = (): boolean => state()?.status === 'connecting'
    runWhile(draft, options.waitMs ?? DEFAULT_LIMIT_MS, isConnecting)
    if (options.waitMs !== undefined && isConnecting()) {
      result = { outcome: 'connecting', text: `connecting to ${plan.target}` }
      return
    }
    runWhile(draft, DEFAULT_LIMIT_MS, () => draft.inFlight > 0)
    result = resultOf(draft, index, pid, state(), plan, servedBy)
  })
  return { ...ran, result: result! }
}

/** Whom to connect to, and what to say there before the connection is the caller's. */
interface Plan extends Target {
  /** As the caller wrote it. */
  readonly target: string
  readonly exchanges: readonly Exchange[]
  readonly isWebSocket: boolean
}

function planOf(text: string, options: ConnectVerbOptions): Plan {
  const isWebSocket = /^wss?:/.test(text)
  const url = isWebSocket ? parseUrl(text) : undefined
  const target = url ?? parseTarget(text)
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy)
  const { host, port } = proxy ?? target
  const exchanges = [
    ...(proxy === undefined ? [] : exchangesWith(proxy, target)),
    ...(url === undefined ? [] : [webSocketExchange(url.path, url.authority)]),
  ]
  return { host, port, target: text, exchanges, isWebSocket }
}

function clientProgram(plan: Plan, options: ConnectVerbOptions): Program<ClientState> {
  const { exchanges } = plan
  return {
    name: options.name ?? 'nc',
    start(api) {
      const socket = api.connect(plan.host, plan.port, options)
      if (options.timeoutMs !== undefined) api.setTimer('give-up', options.timeoutMs)
      return {
        socket,
        startedMs: api.nowMs,
        status: 'connecting',
        handshake: NO_HANDSHAKE,
        received: NO_DATA,
        frames: NO_DATA,
      }
    },
    handle(state, event, api) {
      if (state.status === 'connecting') {
        const next = whileConnecting(state, event, exchanges, api)
        return next.status === 'open' ? heard(next, next.handshake.data, plan, api) : next
      }
      switch (event.kind) {
        case 'data':
          return heard(state, event.data, plan, api)
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

/** The other end has said something to the caller. */
function heard(state: ClientState, data: Uint8Array, { isWebSocket }: Plan, api: ProcessApi): ClientState {
  if (!isWebSocket) return { ...state, received: concat(state.received, data) }
  const { frames, rest } = readFrames(concat(state.frames, data))
  let { received } = state
  for (const { opcode, payload } of frames) {
    if (opcode === TEXT) received = concat(received, payload)
    if (opcode === PING) api.send(state.socket, frame(PONG, payload, true))
  }
  return { ...state, received, frames: rest }
}

/** Until the connection stands, and everything that comes first is said. */
function whileConnecting(
  state: ClientState,
  event: ProcessEvent,
  exchanges: readonly Exchange[],
  api: ProcessApi,
): ClientState {
  const fail = (failure: Failure): ClientState => {
    api.exit(failure)
    return { ...state, status: 'closed' }
  }
  const open = (handshake: HandshakeState): ClientState => {
    const isOpen = handshake.at === exchanges.length
    if (isOpen) api.clearTimer('give-up')
    return { ...state, handshake, status: isOpen ? 'open' : 'connecting' }
  }
  switch (event.kind) {
    case 'connected':
      return open(beginHandshake(exchanges, state.socket, api))
    case 'data': {
      const handshake = onHandshake(exchanges, state.handshake, event.data, state.socket, api)
      return handshake.failed === undefined
        ? open(handshake)
        : fail({ outcome: 'blocked', why: handshake.failed })
    }
    case 'ended':
    case 'reset':
      return fail({ outcome: 'blocked', why: 'the connection was ended' })
    case 'timer':
      api.abort(state.socket)
      return fail({ outcome: 'filtered', afterMs: api.nowMs - state.startedMs })
    default: {
      const failure = failureOf(event, state.socket, api.nowMs - state.startedMs)
      return failure === undefined ? state : fail(failure)
    }
  }
}

/** Why nothing came of it. */
type Failure = ConnectFailure | { readonly outcome: 'blocked'; readonly why: string }

function resultOf(
  draft: NetworkDraft,
  node: number,
  pid: number,
  state: ClientState | undefined,
  { target, isWebSocket }: Plan,
  servedBy: number | undefined,
): ConnectResult {
  const exit = draft.exits.find(other => other.node === node && other.pid === pid)
  if (state === undefined || exit !== undefined) {
    const failure = exit!.result as Failure
    const why = failure.outcome === 'blocked' ? failure.why : failureText(failure)
    return { ...failure, text: `connect to ${target} failed: ${why}` }
  }
  const client = { node: draft.nodeName(node), pid, socket: state.socket }
  const server = servedBy === undefined ? acceptedEnd(draft, client) : latestAt(draft, servedBy)
  return { outcome: 'open', connection: { client, server, isWebSocket }, text: `connected to ${target}` }
}

/** The end that has accepted the client's own connection; the client's, if none of this network has. */
function acceptedEnd(draft: NetworkDraft, client: ConnectionEnd): ConnectionEnd {
  const index = draft.topology.indexes.get(client.node)!
  const own = draft.onHost(index, host => host.connection(client.socket))
  // Sequence numbers pass every NAT, and no two connections of a network have the same.
  const other = draft.acceptedConnections.find(
    ({ connection }) => own !== undefined && connection.peerInitialSequence === own.initialSequence,
  )
  if (other === undefined) return client
  return { node: draft.nodeName(other.node), pid: other.connection.pid, socket: other.connection.id }
}

/** What a node has accepted last; an end without a socket if that is nothing. */
function latestAt(draft: NetworkDraft, node: number): ConnectionEnd {
  const latest = draft.acceptedConnections.findLast(other => other.node === node)?.connection
  return { node: draft.nodeName(node), pid: latest?.pid ?? 0, socket: latest?.id ?? 0 }
}
