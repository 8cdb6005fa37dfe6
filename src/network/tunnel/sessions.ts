import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import type { ProcessApi, ProcessEvent, SocketId } from '../process.ts'
import type { Target } from '../target.ts'
import {
  breakChannels,
  type Channels,
  newChannels,
  onChannelSocket,
  type TunnelNews,
  takeFrames,
} from './channels.ts'
import { FRAME, frameText, writeFrame } from './frames.ts'

/** The tunnels that a server has, by the sockets of their connections. */
export type TunnelSessions = PersistentMap<SocketId, TunnelSession>

export const NO_SESSIONS: TunnelSessions = PersistentMap.empty(NUMBER_KEYS)

/** A tunnel as its server knows it. */
export interface TunnelSession {
  readonly channels: Channels
  /** What its client has asked for and got. */
  readonly doors: readonly Door[]
  /** Questions that the client has not answered. */
  readonly unanswered: number
}

/** A way into a tunnel at the server's side: a port that it listens on, or a name that visitors ask for. */
export interface Door {
  /** As the client has asked for it. */
  readonly name: string
  /** The socket that listens, and its port. */
  readonly listener?: { readonly socket: SocketId; readonly port: number }
}

/** How an end of a tunnel finds out that the other one is gone: it asks (ServerAliveInterval, ClientAliveInterval). */
export interface Alive {
  readonly intervalMs: number
  /** How many questions may stay unanswered. Default 3. */
  readonly countMax?: number
}

/** What kinds of tunnel servers do differently. */
export interface SessionRules {
  readonly banner: string
  readonly alive: Alive | undefined
  /** Where a channel that a client asks for is to go on to; undefined: refused. */
  targetOf(to: string): Target | undefined
  /** Opens a door that a client asks for; undefined: refused. */
  open(name: string, api: ProcessApi): Door | undefined
  /** The client could not get through for who had come in by this socket. */
  failed(socket: SocketId, api: ProcessApi): void
}

/** The request that is only there to be answered, as OpenSSH names it. */
export const KEEPALIVE = 'keepalive@openssh.com'
const ALIVE_TIMER = 'alive '

/** Takes a connection for a tunnel. */
export function beginSession(
  sessions: TunnelSessions,
  socket: SocketId,
  { banner, alive }: SessionRules,
  api: ProcessApi,
): TunnelSessions {
  api.send(socket, banner)
  if (alive !== undefined) api.setTimer(ALIVE_TIMER + socket, alive.intervalMs)
  return sessions.set(socket, { channels: newChannels(socket, 'server'), doors: [], unanswered: 0 }, {})
}

/** What an event means for the tunnels; undefined when it is about none of them. */
export function onSession(
  sessions: TunnelSessions,
  event: ProcessEvent,
  rules: SessionRules,
  api: ProcessApi,
): TunnelSessions | undefined {
  if (event.kind === 'timer')
    return event.name.startsWith(ALIVE_TIMER)
      ? onAliveTimer(sessions, Number(event.name.slice(ALIVE_TIMER.length)), rules, api)
      : undefined
  if (!('socket' in event)) return undefined
  const own = sessions.get(event.socket)
  if (own !== undefined) return onOuter(sessions, own, event, rules, api)
  for (const session of sessionList(sessions)) {
    const channels = onChannelSocket(session.channels, event, api)
    if (channels !== undefined) return withSession(sessions, { ...session, channels })
  }
  return undefined
}

function onOuter(
  sessions: TunnelSessions,
  session: TunnelSession,
  event: ProcessEvent,
  rules: SessionRules,
  api: ProcessApi,
): TunnelSessions {
  switch (event.kind) {
    case 'data': {
      const { channels, news } = takeFrames(session.channels, event.data, rules.targetOf, api)
      const next = news.reduce((now, each) => onNews(now, each, rules, api), { ...session, channels })
      return withSession(sessions, next)
    }
    case 'ended':
      api.close(session.channels.outer)
      return ended(sessions, session, api)
    case 'closed':
    case 'reset':
    case 'timeout':
      return ended(sessions, session, api)
    default:
      return sessions
  }
}

function ended(
  sessions: TunnelSessions,
  { channels, doors }: TunnelSession,
  api: ProcessApi,
): TunnelSessions {
  breakChannels(channels, api)
  for (const { listener } of doors) if (listener !== undefined) api.close(listener.socket)
  api.clearTimer(ALIVE_TIMER + channels.outer)
  return sessions.delete(channels.outer, {})
}

function onNews(
  session: TunnelSession,
  news: TunnelNews,
  rules: SessionRules,
  api: ProcessApi,
): TunnelSession {
  if (news.kind === 'failed') rules.failed(news.socket, api)
  if (news.kind !== 'said') return session
  const text = frameText(news.frame)
  if (news.frame.type !== FRAME.GLOBAL_REQUEST)
    return text === KEEPALIVE ? { ...session, unanswered: 0 } : session
  const name = /^tcpip-forward (.*)$/.exec(text)?.[1]
  const door = name === undefined ? undefined : rules.open(name, api)
  const isFine = text === KEEPALIVE || door !== undefined
  api.send(
    session.channels.outer,
    writeFrame(isFine ? FRAME.REQUEST_SUCCESS : FRAME.REQUEST_FAILURE, 0, text),
  )
  return door === undefined ? session : { ...session, doors: [...session.doors, door] }
}

function onAliveTimer(
  sessions: TunnelSessions,
  socket: SocketId,
  { alive }: SessionRules,
  api: ProcessApi,
): TunnelSessions {
  const session = sessions.get(socket)
  if (session === undefined || alive === undefined) return sessions
  if (isGivenUp(session.unanswered, alive)) {
    api.abort(socket)
    return ended(sessions, session, api)
  }
  askForLife(socket, api)
  api.setTimer(ALIVE_TIMER + socket, alive.intervalMs)
  return withSession(sessions, { ...session, unanswered: session.unanswered + 1 })
}

/** Asks the other end for a sign of life. */
export function askForLife(outer: SocketId, api: ProcessApi): void {
  api.send(outer, writeFrame(FRAME.GLOBAL_REQUEST, 0, KEEPALIVE))
}

export function isGivenUp(unanswered: number, { countMax = 3 }: Alive): boolean {
  return unanswered >= countMax
}

/** In the order in which they began. */
export function sessionList(sessions: TunnelSessions): TunnelSession[] {
  return [...sessions].map(([, session]) => session).sort((a, b) => a.channels.outer - b.channels.outer)
}

export function withSession(sessions: TunnelSessions, session: TunnelSession): TunnelSessions {
  return sessions.set(session.channels.outer, session, {})
}
