import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import { concat } from '../bytes.ts'
import type { ProcessApi, ProcessEvent, SocketId } from '../process.ts'
import { endpointText, NO_DATA } from '../segment.ts'
import { formatResponse, type HttpRequest, isNotHttp, parseRequest } from './http.ts'

/** The clients of an HTTP server whose requests are not complete, with what has come of them. */
export type HttpClients = PersistentMap<SocketId, { readonly from: string; readonly data: Uint8Array }>

export const NO_CLIENTS: HttpClients = PersistentMap.empty(NUMBER_KEYS)

/** A whole request. */
export interface ArrivedRequest {
  readonly socket: SocketId
  /** Whom the server takes for the client. */
  readonly from: string
  readonly request: HttpRequest
}

/** A request that a server has answered, and how. */
export interface WebRequest {
  readonly from: string
  readonly request: HttpRequest
  readonly status: number
}

/** How many requests a server remembers. */
const KEPT_REQUESTS = 100

/**
 * What an HTTP server makes of an event: it collects requests, one a connection. What is no HTTP gets a 400. Whoever
 * gets a request has to {@link answer} it.
 */
export function takeRequest(
  clients: HttpClients,
  event: ProcessEvent,
  api: ProcessApi,
): { readonly clients: HttpClients; readonly arrived?: ArrivedRequest } {
  if (event.kind === 'accepted') {
    const from = endpointText(event.remote.address, event.remote.port)
    return { clients: clients.set(event.socket, { from, data: NO_DATA }, {}) }
  }
  const client = 'socket' in event ? clients.get(event.socket) : undefined
  if (client === undefined || !('socket' in event)) return { clients }
  const { socket } = event
  const without = (): HttpClients => clients.delete(socket, {})
  switch (event.kind) {
    case 'data': {
      const data = concat(client.data, event.data)
      const request = parseRequest(data)
      if (request !== undefined)
        return { clients: without(), arrived: { socket, from: client.from, request } }
      if (!isNotHttp(data)) return { clients: clients.set(socket, { ...client, data }, {}) }
      answer(socket, 400, 'bad request', api)
      return { clients: without() }
    }
    case 'ended':
      api.close(socket)
      return { clients: without() }
    case 'closed':
    case 'reset':
    case 'timeout':
      return { clients: without() }
    default:
      return { clients }
  }
}

/** Answers a request; the connection ends with it. */
export function answer(socket: SocketId, status: number, body: string, api: ProcessApi): void {
  api.send(socket, formatResponse(status, body))
  api.close(socket)
}

/** The list with one more, the oldest gone if there are too many. */
export function remember(
  requests: readonly WebRequest[],
  { from, request }: ArrivedRequest,
  status: number,
): readonly WebRequest[] {
  return [...requests.slice(1 - KEPT_REQUESTS), { from, request, status }]
}
