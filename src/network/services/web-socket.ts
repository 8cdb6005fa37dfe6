import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import { concat } from '../bytes.ts'
import type { ProcessApi, Program, SocketId } from '../process.ts'
import { toBytes, toText } from '../process.ts'
import { NO_DATA } from '../segment.ts'
import { formatRequest } from './http.ts'
import { answer, type HttpClients, NO_CLIENTS, takeRequest } from './http-clients.ts'

/** Where clients of a web socket connect, and what they are told unasked. */
export interface WebSocketServerOptions {
  /** Default 80. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `node`. */
  readonly name?: string
  /** Where it takes web sockets. Default: everywhere. */
  readonly path?: string
  /** Said unasked to everybody who is connected, `{0}` being a count from 1. */
  readonly news?: string
  /** How often it says its news. Default 30,000. */
  readonly everyMs?: number
  /** How often it pings, to keep connections alive. Default: never. */
  readonly pingMs?: number
}

/** What a server of web sockets remembers. */
export interface WebSocketServerState {
  readonly clients: HttpClients
  /** Who has a web socket open, with what has come of a frame. */
  readonly open: PersistentMap<SocketId, Uint8Array>
  /** How often it has said its news. */
  readonly told: number
  /** The latest texts that it was sent, at most 100. */
  readonly received: readonly string[]
}

/**
 * A server that clients stay connected to, so that it can say something whenever it likes (RFC 6455: the Upgrade request
 * and frames; the key that proves that a server knows web sockets is left out).
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     client: { address: '10.0.0.1/24' },
 *     web: { address: '10.0.0.2/24', services: [webSocketServer({ news: 'event {0};', everyMs: 10_000 })] },
 *   },
 *   links: { lan: ['client', 'web'] },
 * })
 * const opened = connect(network, 'client', 'ws://web/')
 * received(tick(opened.network, 25_000).network, opened.result.connection) // 'event 1;event 2;'
 */
export function webSocketServer(options: WebSocketServerOptions = {}): Program<WebSocketServerState> {
  const { port = 80, address, name = 'node', path, news, everyMs = 30_000, pingMs } = options
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      if (news !== undefined) api.setTimer('news', everyMs)
      if (pingMs !== undefined) api.setTimer('ping', pingMs)
      return { clients: NO_CLIENTS, open: PersistentMap.empty(NUMBER_KEYS), told: 0, received: [] }
    },
    handle(state, event, api) {
      if (event.kind === 'timer') {
        if (event.name === 'ping') {
          api.setTimer('ping', pingMs!)
          tellAll(state, frame(PING, NO_DATA), api)
          return state
        }
        api.setTimer('news', everyMs)
        const told = state.told + 1
        tellAll(state, frame(TEXT, toBytes(news!.replaceAll('{0}', String(told)))), api)
        return { ...state, told }
      }
      const frames = 'socket' in event ? state.open.get(event.socket) : undefined
      if (frames !== undefined && 'socket' in event) {
        const { socket } = event
        if (event.kind === 'data') return onFrames(state, socket, concat(frames, event.data), api)
        if (event.kind === 'ended') api.close(socket)
        return { ...state, open: state.open.delete(socket, {}) }
      }
      const { clients, arrived } = takeRequest(state.clients, event, api)
      if (arrived === undefined) return clients === state.clients ? state : { ...state, clients }
      const { socket, request } = arrived
      const upgrades = request.headers.get('upgrade')?.toLowerCase() === 'websocket'
      if (!upgrades || (path !== undefined && request.path !== path)) {
        answer(socket, upgrades ? 404 : 400, 'no web socket here', api)
        return { ...state, clients }
      }
      api.send(
        socket,
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      )
      return { ...state, clients, open: state.open.set(socket, NO_DATA, {}) }
    },
  }
}

function tellAll({ open }: WebSocketServerState, data: Uint8Array, api: ProcessApi): void {
  for (const socket of [...open].map(([id]) => id).sort((a, b) => a - b)) api.send(socket, data)
}

function onFrames(
  state: WebSocketServerState,
  socket: SocketId,
  data: Uint8Array,
  api: ProcessApi,
): WebSocketServerState {
  const { frames, rest } = readFrames(data)
  const texts = frames.flatMap(({ opcode, payload }) => (opcode === TEXT ? [toText(payload)] : []))
  for (const { opcode, payload } of frames) if (opcode === PING) api.send(socket, frame(PONG, payload))
  if (frames.some(({ opcode }) => opcode === CLOSE)) api.close(socket)
  return {
    ...state,
    open: state.open.set(socket, rest, {}),
    received: [...state.received, ...texts].slice(-100),
  }
}

/** What a client asks for a web socket with. */
export function upgradeRequest(path: string, authority: string): string {
  return formatRequest('GET', path, authority, '', {
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
  }).replace('Connection: close', 'Connection: Upgrade')
}

export const TEXT = 1
const CLOSE = 8
export const PING = 9
export const PONG = 10

/** A frame of RFC 6455 section 5.2. Clients have to mask: here with zeros, which leaves the text readable. */
export function frame(opcode: number, payload: Uint8Array, masked = false): Uint8Array {
  const long = payload.length > 125
  const head = [0x80 | opcode, (masked ? 0x80 : 0) | (long ? 126 : payload.length)]
  if (long) head.push(payload.length >> 8, payload.length & 0xff)
  if (masked) head.push(0, 0, 0, 0)
  return concat(Uint8Array.from(head), payload)
}

/** Whole frames from the beginning of the data, and what is left. */
export function readFrames(data: Uint8Array): {
  readonly frames: readonly { readonly opcode: number; readonly payload: Uint8Array }[]
  readonly rest: Uint8Array
} {
  const frames: { opcode: number; payload: Uint8Array }[] = []
  let rest = data
  for (;;) {
    if (rest.length < 2) return { frames, rest }
    const masked = rest[1]! >= 0x80
    const short = rest[1]! & 0x7f
    const lengthEnd = short === 127 ? 10 : short === 126 ? 4 : 2
    const from = lengthEnd + (masked ? 4 : 0)
    if (rest.length < from) return { frames, rest }
    const length = short < 126 ? short : (rest[lengthEnd - 2]! << 8) | rest[lengthEnd - 1]!
    if (rest.length < from + length) return { frames, rest }
    const key = rest.subarray(lengthEnd, from)
    const payload = rest.subarray(from, from + length)
    frames.push({
      opcode: rest[0]! & 0xf,
      payload: masked ? payload.map((byte, at) => byte ^ key[at & 3]!) : payload,
    })
    rest = rest.subarray(from + length)
  }
}
