import type { Program } from '../process.ts'
import type { HttpRequest } from './http.ts'
import {
  answer,
  type HttpClients,
  NO_CLIENTS,
  remember,
  takeRequest,
  type WebRequest,
} from './http-clients.ts'

/** Where a web server listens, and its pages. */
export interface WebServerOptions {
  /** Default 80. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `nginx`. */
  readonly name?: string
  /** By path; anything else is 404. Default: `hello` for every path. */
  readonly pages?: { readonly [path: string]: string }
}

/** What a web server remembers. */
export interface WebServerState {
  readonly clients: HttpClients
  /** The latest that it has answered, at most 100. */
  readonly requests: readonly WebRequest[]
}

/**
 * Answers HTTP requests, one a connection, and closes.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     client: { address: '10.0.0.1/24' },
 *     web: { address: '10.0.0.2/24', services: [webServer({ pages: { '/': 'welcome' } })] },
 *   },
 *   links: { lan: ['client', 'web'] },
 * })
 * curl(network, 'client', 'http://web/').result.text // 'welcome'
 */
export function webServer(options: WebServerOptions = {}): Program<WebServerState> {
  const { port = 80, address, name = 'nginx', pages } = options
  const respond = ({ path }: HttpRequest): { status: number; body: string } => {
    if (pages === undefined) return { status: 200, body: 'hello' }
    const page = pages[path]
    return page === undefined ? { status: 404, body: 'not found' } : { status: 200, body: page }
  }
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      return { clients: NO_CLIENTS, requests: [] }
    },
    handle(state, event, api) {
      const { clients, arrived } = takeRequest(state.clients, event, api)
      if (arrived === undefined) return clients === state.clients ? state : { ...state, clients }
      const { status, body } = respond(arrived.request)
      answer(arrived.socket, status, body, api)
      return { clients, requests: remember(state.requests, arrived, status) }
    },
  }
}
