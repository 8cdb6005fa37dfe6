import { concat } from '../bytes.ts'
import { type ConnectFailure, failureOf, failureText } from '../failure.ts'
import type { Network } from '../model.ts'
import { type ConnectOptions, type Program, type SocketId, toText } from '../process.ts'
import { kill, type Ran, runProgram } from '../run.ts'
import { NO_DATA } from '../segment.ts'
import { formatRequest, type HttpResponse, parseResponse } from '../services/http.ts'
import { parseUrl } from '../target.ts'
import {
  beginHandshake,
  exchangesWith,
  type HandshakeState,
  NO_HANDSHAKE,
  onHandshake,
  parseProxy,
} from './handshake.ts'

/** The switches of `curl`. */
export interface CurlOptions extends ConnectOptions {
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** `-x`: `socks5://localhost:1080` or `http://proxy:3128`. Names are then the proxy's to look up. */
  readonly proxy?: string
  /** `--max-time`. Default: as long as TCP itself tries (127 s for a SYN that nobody answers). */
  readonly timeoutMs?: number
}

/** What the user of `curl` sees; `text` is what it prints. */
export type CurlResult =
  | { readonly outcome: 'answered'; readonly response: HttpResponse; readonly text: string }
  /** The connection stood, and was broken off. */
  | { readonly outcome: 'reset'; readonly text: string }
  /** It stood, and ended without a whole answer. */
  | { readonly outcome: 'empty'; readonly text: string }
  /** It stood, and then nothing came any more. */
  | { readonly outcome: 'stalled'; readonly afterMs: number; readonly text: string }
  /** A proxy could or would not connect. */
  | { readonly outcome: 'blocked'; readonly text: string }
  | (ConnectFailure & { readonly text: string })

interface CurlState {
  readonly socket: SocketId
  readonly startedMs: number
  readonly connected: boolean
  readonly handshake: HandshakeState
  readonly data: Uint8Array
}

/**
 * Fetches a page, as `curl` would: `http://web:8080/path` (https is told apart by its port only).
 *
 * @returns what the caller sees; `text` is what curl prints
 * @throws RangeError for a URL that cannot be, or when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * curl(network, 'laptop', 'http://web/').result.text // 'hello'
 * curl(network, 'laptop', 'http://web:8080/').result.outcome // 'refused'
 */
export function curl(
  network: Network,
  from: string,
  url: string,
  options: CurlOptions = {},
): Ran & { readonly result: CurlResult } {
  const ran = runProgram(network, from, curlProgram(url, options))
  if (ran.exited) return { ...ran, result: ran.result as CurlResult }
  const afterMs = ran.network.nowMs - network.nowMs
  const text = `curl: (28) Operation timed out after ${afterMs} milliseconds with 0 bytes received`
  return {
    ...kill(ran.network, from, ran.pid),
    hops: ran.hops,
    result: { outcome: 'stalled', afterMs, text },
  }
}

function curlProgram(url: string, options: CurlOptions): Program<CurlState> {
  const { scheme, path, authority, ...server } = parseUrl(url)
  const { method = options.body === undefined ? 'GET' : 'POST', body, headers, timeoutMs } = options
  const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy)
  const { host, port } = proxy ?? server
  // An HTTP proxy gets whole requests for http, and passes on bytes for https.
  const isWhole = proxy?.scheme === 'http' && scheme === 'http'
  const exchanges = proxy === undefined || isWhole ? [] : exchangesWith(proxy, server)
  const request = formatRequest(
    method,
    isWhole ? `http://${authority}${path}` : path,
    authority,
    body,
    headers,
  )
  return {
    name: 'curl',
    start(api) {
      const socket = api.connect(host, port, options)
      if (timeoutMs !== undefined) api.setTimer('max-time', timeoutMs)
      return { socket, startedMs: api.nowMs, connected: false, handshake: NO_HANDSHAKE, data: NO_DATA }
    },
    handle(state, event, api) {
      const afterMs = api.nowMs - state.startedMs
      const done = (result: CurlResult): CurlState => {
        api.exit(result)
        return state
      }
      if (event.kind === 'connected') {
        const handshake = beginHandshake(exchanges, state.socket, api)
        if (exchanges.length === 0) api.send(state.socket, request)
        return { ...state, connected: true, handshake }
      }
      if (event.kind === 'data' && state.handshake.at < exchanges.length) {
        const handshake = onHandshake(exchanges, state.handshake, event.data, state.socket, api)
        if (handshake.failed !== undefined)
          return done({ outcome: 'blocked', text: `curl: (97) ${handshake.failed}` })
        if (handshake.at === exchanges.length) api.send(state.socket, request)
        return { ...state, handshake }
      }
      if (event.kind === 'data') {
        const data = concat(state.data, event.data)
        const response = parseResponse(data)
        if (response === undefined) return { ...state, data }
        api.close(state.socket)
        return done({ outcome: 'answered', response, text: response.body })
      }
      if (event.kind === 'ended')
        return done({ outcome: 'empty', text: `curl: (52) Empty reply from server${partOf(state.data)}` })
      if (event.kind === 'reset')
        return done({ outcome: 'reset', text: 'curl: (56) Recv failure: Connection reset by peer' })
      if (event.kind === 'timer' || (event.kind === 'timeout' && state.connected)) {
        const text = `curl: (28) Operation timed out after ${afterMs} milliseconds with ${state.data.length} bytes received`
        if (state.connected) return done({ outcome: 'stalled', afterMs, text })
        api.abort(state.socket)
        return done({ outcome: 'filtered', afterMs, text })
      }
      const failure = failureOf(event, state.socket, afterMs)
      return failure === undefined ? state : done({ ...failure, text: textOf(failure, host, port, afterMs) })
    },
  }
}

function partOf(data: Uint8Array): string {
  return data.length === 0 ? '' : `; it began with ${JSON.stringify(toText(data.subarray(0, 40)))}`
}

function textOf(failure: ConnectFailure, host: string, port: number, afterMs: number): string {
  if (failure.outcome === 'unreachable' && failure.error === 'unknown-host')
    return `curl: (6) Could not resolve host: ${host}`
  const code = failure.outcome === 'filtered' ? 28 : 7
  return `curl: (${code}) Failed to connect to ${host} port ${port} after ${afterMs} ms: ${failureText(failure)}`
}
