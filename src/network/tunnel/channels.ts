import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import { concat } from '../bytes.ts'
import type { ProcessApi, ProcessEvent, SocketId } from '../process.ts'
import { NO_DATA } from '../segment.ts'
import type { Target } from '../target.ts'
import { FRAME, type Frame, frameText, readTunnelFrames, writeFrame } from './frames.ts'

/**
 * Connections inside one connection, as one end of a tunnel knows them. Each is a socket here, a channel in the tunnel
 * and a socket at the other end.
 */
export interface Channels {
  /** The connection that carries everything: all that firewalls see. */
  readonly outer: SocketId
  /** Whether the other end's first line was read (`SSH-2.0-…`). */
  readonly greeted: boolean
  /** What has come of a frame. */
  readonly data: Uint8Array
  /** Of the next channel that this end opens; the two ends count odd and even numbers. */
  readonly next: number
  readonly sockets: PersistentMap<number, SocketId>
  readonly numbers: PersistentMap<SocketId, number>
}

/** Something about a tunnel that its program has to deal with. */
export type TunnelNews =
  /** The other end has got through to where the channel was to go. */
  | { readonly kind: 'confirmed'; readonly socket: SocketId }
  /** It has not: nothing will come of this socket. */
  | { readonly kind: 'failed'; readonly socket: SocketId }
  /** A request or an answer to one. */
  | { readonly kind: 'said'; readonly frame: Frame }

/** A tunnel whose connection has just come about. @param side `client`: who has connected */
export function newChannels(outer: SocketId, side: 'client' | 'server'): Channels {
  const next = side === 'client' ? 1 : 2
  return {
    outer,
    greeted: false,
    data: NO_DATA,
    next,
    sockets: PersistentMap.empty(NUMBER_KEYS),
    numbers: PersistentMap.empty(NUMBER_KEYS),
  }
}

/** Asks the other end for a channel that goes on from a socket of this end. */
export function openChannel(channels: Channels, socket: SocketId, to: string, api: ProcessApi): Channels {
  api.send(channels.outer, writeFrame(FRAME.CHANNEL_OPEN, channels.next, to))
  return bound({ ...channels, next: channels.next + 2 }, channels.next, socket)
}

/** Sends data into the channel of a socket. */
export function sendInto(
  channels: Channels,
  socket: SocketId,
  data: string | Uint8Array,
  api: ProcessApi,
): void {
  const channel = channels.numbers.get(socket)
  if (channel !== undefined) api.send(channels.outer, writeFrame(FRAME.CHANNEL_DATA, channel, data))
}

/**
 * What has come through the tunnel.
 *
 * @param targetOf where a channel that the other end asks for is to go on to; undefined: refused
 */
export function takeFrames(
  channels: Channels,
  data: Uint8Array,
  targetOf: (to: string) => Target | undefined,
  api: ProcessApi,
): { readonly channels: Channels; readonly news: readonly TunnelNews[] } {
  let all = concat(channels.data, data)
  if (!channels.greeted) {
    const end = all.indexOf(10)
    if (end < 0) return { channels: { ...channels, data: all }, news: [] }
    all = all.subarray(end + 1)
  }
  const { frames, rest } = readTunnelFrames(all)
  let next: Channels = { ...channels, greeted: true, data: rest }
  const news: TunnelNews[] = []
  for (const frame of frames) next = takeFrame(next, frame, targetOf, news, api)
  return { channels: next, news }
}

function takeFrame(
  channels: Channels,
  frame: Frame,
  targetOf: (to: string) => Target | undefined,
  news: TunnelNews[],
  api: ProcessApi,
): Channels {
  const { type, channel, payload } = frame
  if (type === FRAME.CHANNEL_OPEN) {
    const target = targetOf(frameText(frame))
    if (target !== undefined) return bound(channels, channel, api.connect(target.host, target.port))
    api.send(channels.outer, writeFrame(FRAME.CHANNEL_OPEN_FAILURE, channel))
    return channels
  }
  if (channel === 0) {
    news.push({ kind: 'said', frame })
    return channels
  }
  const socket = channels.sockets.get(channel)
  if (socket === undefined) return channels
  switch (type) {
    case FRAME.CHANNEL_OPEN_CONFIRMATION:
      news.push({ kind: 'confirmed', socket })
      return channels
    case FRAME.CHANNEL_OPEN_FAILURE:
      news.push({ kind: 'failed', socket })
      return unbound(channels, channel, socket)
    case FRAME.CHANNEL_DATA:
      api.send(socket, payload)
      return channels
    case FRAME.CHANNEL_EOF:
      api.close(socket)
      return channels
    case FRAME.CHANNEL_CLOSE:
      api.abort(socket)
      return unbound(channels, channel, socket)
    default:
      return channels
  }
}

/** What has happened to a socket that a channel goes on from; undefined when it is none of this tunnel's. */
export function onChannelSocket(
  channels: Channels,
  event: ProcessEvent,
  api: ProcessApi,
): Channels | undefined {
  const channel = 'socket' in event ? channels.numbers.get(event.socket) : undefined
  if (channel === undefined || !('socket' in event)) return undefined
  const { socket } = event
  const say = (...[type, payload]: [Frame['type'], Uint8Array?]): void =>
    api.send(channels.outer, writeFrame(type, channel, payload))
  switch (event.kind) {
    case 'connected':
      say(FRAME.CHANNEL_OPEN_CONFIRMATION)
      return channels
    case 'data':
      say(FRAME.CHANNEL_DATA, event.data)
      return channels
    case 'ended':
      say(FRAME.CHANNEL_EOF)
      return channels
    case 'refused':
    case 'unreachable':
      say(FRAME.CHANNEL_OPEN_FAILURE)
      return unbound(channels, channel, socket)
    case 'reset':
    case 'timeout':
      say(FRAME.CHANNEL_CLOSE)
      return unbound(channels, channel, socket)
    case 'closed':
      return unbound(channels, channel, socket)
    default:
      return channels
  }
}

/** The tunnel is gone, and with it everything that went through it. */
export function breakChannels(channels: Channels, api: ProcessApi): void {
  const sockets = [...channels.numbers].map(([socket]) => socket)
  for (const socket of sockets.sort((a, b) => a - b)) api.abort(socket)
}

function bound(channels: Channels, channel: number, socket: SocketId): Channels {
  const { sockets, numbers } = channels
  return { ...channels, sockets: sockets.set(channel, socket, {}), numbers: numbers.set(socket, channel, {}) }
}

function unbound(channels: Channels, channel: number, socket: SocketId): Channels {
  const { sockets, numbers } = channels
  return { ...channels, sockets: sockets.delete(channel, {}), numbers: numbers.delete(socket, {}) }
}
