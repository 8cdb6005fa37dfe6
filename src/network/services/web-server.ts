import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import type { Program, SocketId } from '../process.ts'
import { endpointText, NO_DATA } from '../segment.ts'
import { formatResponse, type HttpRequest, parseRequest } from './http.ts'

export interface WebServerOptions {
  /** Default 80. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `nginx`. */
  readonly name?: string
  /** By path; anything else is 404. Default: `hello` for every path. */
  readonly pages?: { readonly [path: string]: string }
}

/** What a web server remembers: its clients, with what has come of requests that are not complete, and what it has answered. */
export interface WebServerState {
  readonly clients: PersistentMap<SocketId, { readonly from: string; readonly data: Uint8Array }>
  /** The latest, at most {@link KEPT_REQUESTS}. */
  readonly requests: readonly WebRequest[]
}

export const KEPT_REQUESTS = 100

export interface WebRequest {
  /** Whom the server takes for the client. */
  readonly from: string
  readonly request: HttpRequest
  readonly status: number
}

/** Answers HTTP requests, one a connection, and closes. */
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
      return { clients: PersistentMap.empty(NUMBER_KEYS), requests: [] }
    },
    handle(state, event, api) {
      const { clients, requests } = state
      switch (event.kind) {
        case 'accepted': {
          const from = endpointText(event.remote.address, event.remote.port)
          return { clients: clients.set(event.socket, { from, data: NO_DATA }, {}), requests }
        }
        case 'data': {
          const client = clients.get(event.socket)
          if (client === undefined) return state
          const { from } = client
          const data = concat(client.data, event.data)
          const request = parseRequest(data)
          if (request === undefined)
            return { clients: clients.set(event.socket, { from, data }, {}), requests }
          const { status, body } = respond(request)
          api.send(event.socket, formatResponse(status, body))
          api.close(event.socket)
          const kept = requests.slice(1 - KEPT_REQUESTS)
          return { clients: clients.delete(event.socket, {}), requests: [...kept, { from, request, status }] }
        }
        case 'ended':
          api.close(event.socket)
          return state
        case 'closed':
        case 'reset':
        case 'timeout':
          return { clients: clients.delete(event.socket, {}), requests }
        default:
          return state
      }
    },
  }
}

/** Both, one behind the other; `b` itself if `a` is empty. */
export function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
