import type { Program } from '../process.ts'
import { parseTarget } from '../target.ts'
import {
  type Decision,
  type Inspection,
  inspect,
  NO_PROXY_STATE,
  PROXY_TIMEOUT_MS,
  type ProxyState,
  passOn,
  proxyRequests,
} from './forward-request.ts'
import type { HttpRequest } from './http.ts'

/** Where a reverse proxy listens, what it lets through, and to whom. */
export interface ReverseProxyOptions extends Inspection {
  /** Default 80. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `nginx`. */
  readonly name?: string
  /** By the beginning of the path, the longest one counts: `{ '/': 'app:8080', '/external': 'other-service.com:80' }`. */
  readonly routes: { readonly [prefix: string]: string }
  /** How long it waits for the server behind. Default 60,000. */
  readonly timeoutMs?: number
}

/**
 * A reverse proxy (`ProxyPass`): clients take it for the server. Each request that comes in makes it open a connection
 * out to the server that the path belongs to; 502 when that one refuses, 504 when nobody answers. With `methods` or
 * `forbid` it is a web application firewall.
 *
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     client: { address: '10.0.0.1/24' },
 *     front: { address: '10.0.0.2/24', services: [reverseProxy({ routes: { '/': 'app:8080' }, forbid: ['../'] })] },
 *     app: { address: '10.0.0.3/24', services: [webServer({ port: 8080 })] },
 *   },
 *   links: { lan: ['client', 'front', 'app'] },
 * })
 * curl(network, 'client', 'http://front/').result.text // 'hello'
 * curl(network, 'client', 'http://front/../secret').result.response.status // 403
 */
export function reverseProxy(options: ReverseProxyOptions): Program<ProxyState> {
  const { port = 80, address, name = 'nginx', timeoutMs = PROXY_TIMEOUT_MS } = options
  const routes = Object.entries(options.routes)
    .map(([prefix, upstream]) => ({ prefix, upstream, target: parseTarget(upstream, 80) }))
    .sort((a, b) => b.prefix.length - a.prefix.length)
  const decide = (request: HttpRequest): Decision => {
    const refused = inspect(request, options)
    if (refused !== undefined) return refused
    const route = routes.find(({ prefix }) => request.path.startsWith(prefix))
    if (route === undefined) return { status: 404, body: 'not found' }
    return { target: route.target, path: request.path, host: route.upstream }
  }
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      return NO_PROXY_STATE
    },
    handle: (state, event, api) =>
      proxyRequests(state, event, api, (now, arrived) =>
        passOn(now, arrived, decide(arrived.request), timeoutMs, api),
      ),
  }
}
