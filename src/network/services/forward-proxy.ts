import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import { type ConnectFailure, failureOf, failureText } from '../failure.ts'
import type { ProcessApi, ProcessEvent, Program, SocketId } from '../process.ts'
import { parseTarget, parseUrl, readable } from '../target.ts'
import {
  type Decision,
  type Inspection,
  inspect,
  NO_PROXY_STATE,
  PROXY_TIMEOUT_MS,
  type ProxyState,
  passOn,
  proxyRequests,
  respond,
} from './forward-request.ts'
import type { HttpRequest } from './http.ts'
import { type ArrivedRequest, remember } from './http-clients.ts'
import { NO_PAIRS, type Pairs, pair, relay } from './relay.ts'

/** Where a forward proxy listens, and what it lets through. */
export interface ForwardProxyOptions extends Inspection {
  /** Default 3128. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `squid`. */
  readonly name?: string
  /** Hosts that may be reached: names or addresses, `*.example.com`. Default: all. */
  readonly allow?: readonly string[]
  /** How long it waits for the server. Default 60,000. */
  readonly timeoutMs?: number
}

/** What an application proxy remembers. */
export interface ForwardProxyState extends ProxyState {
  /** CONNECT requests whose connection does not stand yet. */
  readonly opening: PersistentMap<SocketId, ArrivedRequest>
  readonly tunnels: Pairs
}

/**
 * An application proxy for clients that know of it (`curl -x`): it ends their connections and opens its own, so that a
 * firewall sees two, and looks at what they say: whole requests for `http://…`, and CONNECT for everything else.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     client: { address: '10.0.0.1/24' },
 *     proxy: { address: '10.0.0.2/24', services: [forwardProxy({ allow: ['web'] })] },
 *     web: { address: '10.0.0.3/24', services: [webServer()] },
 *   },
 *   links: { lan: ['client', 'proxy', 'web'] },
 * })
 * const proxy = 'http://proxy:3128'
 * curl(network, 'client', 'http://web/', { proxy }).result.response.status // 200
 * curl(network, 'client', 'http://client/', { proxy }).result.response.status // 403
 */
export function forwardProxy(options: ForwardProxyOptions = {}): Program<ForwardProxyState> {
  const { port = 3128, address, name = 'squid', allow, timeoutMs = PROXY_TIMEOUT_MS } = options
  const mayReach = (host: string): boolean =>
    allow === undefined || allow.some(each => hostMatches(host, each))
  const decide = (request: HttpRequest): Decision => {
    const url = /^http:\/\//.test(request.path) ? readable(() => parseUrl(request.path)) : undefined
    if (url === undefined) return { status: 400, body: 'not a request for a proxy' }
    const { host, port: to, path, authority } = url
    if (!mayReach(host)) return { status: 403, body: `${host} is not allowed` }
    return inspect({ ...request, path }, options) ?? { target: { host, port: to }, path, host: authority }
  }
  const connect = (state: ForwardProxyState, arrived: ArrivedRequest, api: ProcessApi): ForwardProxyState => {
    const target = readable(() => parseTarget(arrived.request.path, 443))
    if (target === undefined) return respond(state, arrived, 400, 'not a host and a port', api)
    if (!mayReach(target.host)) return respond(state, arrived, 403, `${target.host} is not allowed`, api)
    const socket = api.connect(target.host, target.port)
    return { ...state, opening: state.opening.set(socket, arrived, {}) }
  }
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      return { ...NO_PROXY_STATE, opening: PersistentMap.empty(NUMBER_KEYS), tunnels: NO_PAIRS }
    },
    handle(state, event, api) {
      const opening = 'socket' in event ? state.opening.get(event.socket) : undefined
      if (opening !== undefined) return onOpening(state, opening, event, api)
      const tunnels = relay(state.tunnels, event, api)
      const now = tunnels === state.tunnels ? state : { ...state, tunnels }
      if ('socket' in event && now.tunnels.has(event.socket)) return now
      return proxyRequests(now, event, api, (next, arrived) => {
        if (arrived.request.method === 'CONNECT') return connect(next, arrived, api)
        return passOn(next, arrived, decide(arrived.request), timeoutMs, api)
      })
    },
  }
}

/** News of a connection that a client has asked for with CONNECT. */
function onOpening(
  state: ForwardProxyState,
  arrived: ArrivedRequest,
  event: ProcessEvent,
  api: ProcessApi,
): ForwardProxyState {
  if (!('socket' in event)) return state
  const opening = state.opening.delete(event.socket, {})
  if (event.kind === 'connected') {
    api.send(arrived.socket, 'HTTP/1.1 200 Connection established\r\n\r\n')
    const requests = remember(state.requests, arrived, 200)
    return { ...state, opening, requests, tunnels: pair(state.tunnels, arrived.socket, event.socket) }
  }
  const failure: ConnectFailure | undefined = failureOf(event, event.socket, 0)
  if (failure === undefined) return state
  const status = failure.outcome === 'filtered' ? 504 : 502
  return respond({ ...state, opening }, arrived, status, failureText(failure), api)
}

function hostMatches(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern
}
