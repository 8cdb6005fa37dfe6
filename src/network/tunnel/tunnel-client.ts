import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import type { ProcessApi, ProcessEvent, Program, SocketId } from '../process.ts'
import { SOCKS_OK, SOCKS_REFUSED, socksReply } from '../services/socks.ts'
import { NO_SOCKS_CLIENTS, onSocksClient, type SocksClients } from '../services/socks-server.ts'
import { readable, type Target, targetText } from '../target.ts'
import {
  breakChannels,
  type Channels,
  newChannels,
  onChannelSocket,
  openChannel,
  type TunnelNews,
  takeFrames,
} from './channels.ts'
import { FRAME, frameText, writeFrame } from './frames.ts'
import { type Alive, askForLife, isGivenUp, KEEPALIVE } from './sessions.ts'

/** A port that the client of a tunnel listens on. */
export interface LocalPort {
  readonly address: string
  readonly port: number
  /** Where it leads; undefined: wherever the client's SOCKS says. */
  readonly target: Target | undefined
}

export interface TunnelClientSettings {
  readonly name: string
  /** Its first line. */
  readonly banner: string
  /** Whom it connects to. */
  readonly server: Target
  readonly localPorts: readonly LocalPort[]
  /** What the server is asked to send into the tunnel: each is told to it as it stands here, and leads to its target. */
  readonly requests: ReadonlyMap<string, Target>
  readonly alive: Alive | undefined
  /** How long after the tunnel has died, or could not be made, it tries again; undefined: never, the program ends. */
  readonly reconnectMs: number | undefined
}

/** What the client of a tunnel remembers. */
export interface TunnelClientState {
  /** The tunnel; undefined while there is none. */
  readonly channels: Channels | undefined
  /** The connection that is to carry the tunnel, or does. */
  readonly outer: SocketId
  readonly listeners: readonly { readonly socket: SocketId; readonly port: LocalPort }[]
  readonly socks: SocksClients
  /** SOCKS clients that wait for their connection. */
  readonly asked: PersistentMap<SocketId, true>
  /** Questions that the server has not answered. */
  readonly unanswered: number
  /** Requests that the server has refused, and ports here that were taken. */
  readonly refused: readonly string[]
  /** How often it has connected. */
  readonly attempts: number
}

/** A program that connects out to a server and lets other connections through that connection, in both directions. */
export function tunnelClient(settings: TunnelClientSettings): Program<TunnelClientState> {
  return {
    name: settings.name,
    start: api => dial(NOTHING, settings, api),
    handle(state, event, api) {
      if (event.kind === 'timer') return onTimer(state, event.name, settings, api)
      if (!('socket' in event)) return state
      if (event.socket === state.outer) return onOuter(state, event, settings, api)
      return state.channels === undefined ? state : onInner(state, state.channels, event, api)
    },
  }
}

const NOTHING: TunnelClientState = {
  channels: undefined,
  outer: 0,
  listeners: [],
  socks: NO_SOCKS_CLIENTS,
  asked: PersistentMap.empty(NUMBER_KEYS),
  unanswered: 0,
  refused: [],
  attempts: 0,
}

function dial(
  { attempts }: TunnelClientState,
  { server }: TunnelClientSettings,
  api: ProcessApi,
): TunnelClientState {
  return { ...NOTHING, outer: api.connect(server.host, server.port), attempts: attempts + 1 }
}

function onTimer(
  state: TunnelClientState,
  name: string,
  settings: TunnelClientSettings,
  api: ProcessApi,
): TunnelClientState {
  if (name === 'reconnect') return dial(state, settings, api)
  const { alive } = settings
  if (state.channels === undefined || alive === undefined) return state
  if (isGivenUp(state.unanswered, alive)) {
    api.abort(state.outer)
    return down(state, settings, api)
  }
  askForLife(state.outer, api)
  api.setTimer('alive', alive.intervalMs)
  return { ...state, unanswered: state.unanswered + 1 }
}

function onOuter(
  state: TunnelClientState,
  event: ProcessEvent,
  settings: TunnelClientSettings,
  api: ProcessApi,
): TunnelClientState {
  switch (event.kind) {
    case 'connected':
      return up(state, settings, api)
    case 'data': {
      if (state.channels === undefined) return state
      const targetOf = (to: string): Target | undefined => settings.requests.get(to)
      const { channels, news } = takeFrames(state.channels, event.data, targetOf, api)
      return news.reduce<TunnelClientState>((now, each) => onNews(now, each, api), { ...state, channels })
    }
    case 'ended':
      api.close(state.outer)
      return down(state, settings, api)
    case 'closed':
    case 'reset':
    case 'timeout':
    case 'refused':
    case 'unreachable':
      return down(state, settings, api)
    default:
      return state
  }
}

/** The connection stands: it says who it is, what it wants, and listens. */
function up(state: TunnelClientState, settings: TunnelClientSettings, api: ProcessApi): TunnelClientState {
  const { outer } = state
  api.send(outer, settings.banner)
  for (const request of settings.requests.keys())
    api.send(outer, writeFrame(FRAME.GLOBAL_REQUEST, 0, `tcpip-forward ${request}`))
  if (settings.alive !== undefined) api.setTimer('alive', settings.alive.intervalMs)
  let next: TunnelClientState = { ...state, channels: newChannels(outer, 'client') }
  for (const port of settings.localPorts) {
    // A port that is taken (EADDRINUSE) is a warning to ssh, no more.
    const socket = readable(() => api.listen(port.port, { address: port.address }))
    next =
      socket === undefined
        ? { ...next, refused: [...next.refused, targetText({ host: port.address, port: port.port })] }
        : { ...next, listeners: [...next.listeners, { socket, port }] }
  }
  return next
}

/** The connection is gone: what went through it breaks off, and the ports are closed. */
function down(state: TunnelClientState, settings: TunnelClientSettings, api: ProcessApi): TunnelClientState {
  if (state.channels !== undefined) breakChannels(state.channels, api)
  for (const { socket } of state.listeners) api.close(socket)
  api.clearTimer('alive')
  if (settings.reconnectMs === undefined) api.exit()
  else api.setTimer('reconnect', settings.reconnectMs)
  return { ...NOTHING, attempts: state.attempts }
}

function onNews(state: TunnelClientState, news: TunnelNews, api: ProcessApi): TunnelClientState {
  switch (news.kind) {
    case 'said': {
      const text = frameText(news.frame)
      if (news.frame.type === FRAME.GLOBAL_REQUEST)
        api.send(state.outer, writeFrame(FRAME.REQUEST_SUCCESS, 0, text))
      else if (text === KEEPALIVE) return { ...state, unanswered: 0 }
      else if (news.frame.type === FRAME.REQUEST_FAILURE)
        return { ...state, refused: [...state.refused, text] }
      return state
    }
    case 'confirmed':
      if (!state.asked.has(news.socket)) return state
      api.send(news.socket, socksReply(SOCKS_OK))
      return { ...state, asked: state.asked.delete(news.socket, {}) }
    default:
      if (state.asked.has(news.socket)) api.send(news.socket, socksReply(SOCKS_REFUSED))
      api.close(news.socket)
      return { ...state, asked: state.asked.delete(news.socket, {}) }
  }
}

/** Somebody at one of the ports, or a connection inside the tunnel. */
function onInner(
  state: TunnelClientState,
  channels: Channels,
  event: ProcessEvent,
  api: ProcessApi,
): TunnelClientState {
  const moved = onChannelSocket(channels, event, api)
  if (moved !== undefined) return moved === channels ? state : { ...state, channels: moved }
  const open = (socket: SocketId, target: Target): Channels =>
    openChannel(channels, socket, targetText(target), api)
  if (event.kind === 'accepted') {
    const { local } = event
    const target = state.listeners.find(({ port }) => port.port === local.port)?.port.target
    if (target !== undefined) return { ...state, channels: open(event.socket, target) }
  }
  const { clients: socks, asked } = onSocksClient(state.socks, event, api)
  if (asked === undefined) return socks === state.socks ? state : { ...state, socks }
  const waiting = state.asked.set(asked.socket, true, {})
  return { ...state, socks, asked: waiting, channels: open(asked.socket, asked.target) }
}
