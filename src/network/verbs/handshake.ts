import { concat } from '../bytes.ts'
import { type ProcessApi, type SocketId, toBytes, toText } from '../process.ts'
import { NO_DATA } from '../segment.ts'
import {
  readSocksReply,
  SOCKS_GREETING,
  SOCKS_METHOD,
  SOCKS_OK,
  socksError,
  socksRequest,
} from '../services/socks.ts'
import { upgradeRequest } from '../services/web-socket.ts'
import { parseUrl, type Target, targetText } from '../target.ts'

/** Something that a client says before it can say what it wants, and how it reads the answer. */
export interface Exchange {
  readonly say: Uint8Array
  /** What came behind a good answer, why it was none, or undefined while it is not complete. */
  hear(data: Uint8Array): Uint8Array | string | undefined
}

/** How far a client has got with its exchanges. */
export interface HandshakeState {
  readonly at: number
  readonly data: Uint8Array
  /** Why it came to nothing. */
  readonly failed: string | undefined
}

/** Of a client whose connection does not stand yet. */
export const NO_HANDSHAKE: HandshakeState = { at: 0, data: NO_DATA, failed: undefined }

/** The connection stands: the first exchange begins, if there is any. */
export function beginHandshake(
  exchanges: readonly Exchange[],
  socket: SocketId,
  api: ProcessApi,
): HandshakeState {
  const first = exchanges[0]
  if (first !== undefined) api.send(socket, first.say)
  return NO_HANDSHAKE
}

/** The server has said something. What is left in `data` when all exchanges are over is the client's. */
export function onHandshake(
  exchanges: readonly Exchange[],
  state: HandshakeState,
  data: Uint8Array,
  socket: SocketId,
  api: ProcessApi,
): HandshakeState {
  let { at } = state
  let all = concat(state.data, data)
  for (let now = exchanges[at]; now !== undefined; now = exchanges[at]) {
    const heard = now.hear(all)
    if (typeof heard === 'string') return { at, data: all, failed: heard }
    if (heard === undefined) break
    all = heard
    at++
    const next = exchanges[at]
    if (next !== undefined) api.send(socket, next.say)
  }
  return { at, data: all, failed: undefined }
}

/** A proxy that a client goes through. */
export interface Proxy extends Target {
  readonly scheme: 'socks5' | 'http'
}

/** `socks5://localhost:1080`, `http://proxy:3128`. @throws RangeError when it is none */
export function parseProxy(text: string): Proxy {
  const { scheme, host, port } = parseUrl(text)
  if (scheme !== 'socks5' && scheme !== 'http')
    throw new RangeError(
      `not a proxy: ${JSON.stringify(text)}; e.g. 'socks5://localhost:1080' or 'http://proxy:3128'`,
    )
  return { scheme, host, port }
}

/** What has to be said to a proxy so that it connects to the target. */
export function exchangesWith(proxy: Proxy, target: Target): readonly Exchange[] {
  if (proxy.scheme === 'http') {
    const name = targetText(target)
    const say = toBytes(`CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n\r\n`)
    return [
      { say, hear: data => hearStatus(data, 200, status => `CONNECT tunnel failed, response ${status}`) },
    ]
  }
  return [
    {
      say: SOCKS_GREETING,
      hear: data => {
        if (data.length < 2) return undefined
        return data[0] === SOCKS_METHOD[0] && data[1] === SOCKS_METHOD[1]
          ? data.subarray(2)
          : 'No authentication method was acceptable.'
      },
    },
    {
      say: socksRequest(target),
      hear: data => {
        const reply = readSocksReply(data)
        if (reply === undefined) return undefined
        if (reply.code === SOCKS_OK) return reply.rest
        return `cannot complete SOCKS5 connection to ${target.host}. (${reply.code}: ${socksError(reply.code)})`
      },
    },
  ]
}

/** The request that turns an HTTP connection into a web socket. */
export function webSocketExchange(path: string, authority: string): Exchange {
  return {
    say: toBytes(upgradeRequest(path, authority)),
    hear: data => hearStatus(data, 101, status => `the server refused to upgrade to websocket: ${status}`),
  }
}

function hearStatus(
  data: Uint8Array,
  good: number,
  refusal: (status: number) => string,
): Uint8Array | string | undefined {
  const text = toText(data)
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1])
  // Heads are ASCII, so that characters are bytes.
  return status === good ? data.subarray(end + 4) : refusal(status)
}
