import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import { concat } from '../bytes.ts'
import type { ProcessApi, ProcessEvent, Program, SocketId } from '../process.ts'
import { NO_DATA } from '../segment.ts'
import type { Target } from '../target.ts'
import { NO_PAIRS, type Pairs, pair, relay } from './relay.ts'
import {
  readSocksGreeting,
  readSocksRequest,
  SOCKS_METHOD,
  SOCKS_NO_METHOD,
  SOCKS_OK,
  socksCode,
  socksReply,
} from './socks.ts'

/** Where a SOCKS proxy listens. */
export interface SocksServerOptions {
  /** Default 1080. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `danted`. */
  readonly name?: string
}

/** What a SOCKS server remembers. */
export interface SocksServerState {
  readonly clients: SocksClients
  /** Connections under way, each with the client that wants it. */
  readonly opening: PersistentMap<SocketId, SocketId>
  readonly tunnels: Pairs
}

/**
 * A SOCKS5 proxy (RFC 1928): it connects where the client says and then passes bytes on in both directions.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     client: { address: '10.0.0.1/24' },
 *     relay: { address: '10.0.0.2/24', services: [socksServer()] },
 *     web: { address: '10.0.0.3/24', services: [webServer()], rules: 'iptables -A INPUT -s 10.0.0.1 -j DROP' },
 *   },
 *   links: { lan: ['client', 'relay', 'web'] },
 * })
 * curl(network, 'client', 'http://web/', { timeoutMs: 1000 }).result.outcome // 'filtered'
 * curl(network, 'client', 'http://web/', { proxy: 'socks5://relay' }).result.outcome // 'answered'
 */
export function socksServer(options: SocksServerOptions = {}): Program<SocksServerState> {
  const { port = 1080, address, name = 'danted' } = options
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      return { clients: NO_SOCKS_CLIENTS, opening: PersistentMap.empty(NUMBER_KEYS), tunnels: NO_PAIRS }
    },
    handle(state, event, api) {
      const client = 'socket' in event ? state.opening.get(event.socket) : undefined
      if (client !== undefined) return onOpening(state, client, event, api)
      const { clients, asked } = onSocksClient(state.clients, event, api)
      if (asked !== undefined) {
        const opening = state.opening.set(api.connect(asked.target.host, asked.target.port), asked.socket, {})
        return { ...state, clients, opening }
      }
      const tunnels = relay(state.tunnels, event, api)
      return clients === state.clients && tunnels === state.tunnels ? state : { ...state, clients, tunnels }
    },
  }
}

/** News of a connection that a client has asked for. */
function onOpening(
  state: SocksServerState,
  client: SocketId,
  event: ProcessEvent,
  api: ProcessApi,
): SocksServerState {
  if (!('socket' in event)) return state
  const opening = state.opening.delete(event.socket, {})
  switch (event.kind) {
    case 'connected':
      api.send(client, socksReply(SOCKS_OK))
      return { ...state, opening, tunnels: pair(state.tunnels, client, event.socket) }
    case 'refused':
    case 'unreachable':
    case 'timeout':
      api.send(client, socksReply(socksCode(event)))
      api.close(client)
      return { ...state, opening }
    default:
      return state
  }
}

/** Clients that have not said yet where they want to go. */
export type SocksClients = PersistentMap<SocketId, { readonly greeted: boolean; readonly data: Uint8Array }>

export const NO_SOCKS_CLIENTS: SocksClients = PersistentMap.empty(NUMBER_KEYS)

/** The server's half of the handshake, up to where the client wants to go. Whoever gets that has to answer it. */
export function onSocksClient(
  clients: SocksClients,
  event: ProcessEvent,
  api: ProcessApi,
): {
  readonly clients: SocksClients
  readonly asked?: { readonly socket: SocketId; readonly target: Target }
} {
  if (event.kind === 'accepted')
    return { clients: clients.set(event.socket, { greeted: false, data: NO_DATA }, {}) }
  const client = 'socket' in event ? clients.get(event.socket) : undefined
  if (client === undefined || !('socket' in event)) return { clients }
  const { socket } = event
  if (event.kind === 'ended') api.close(socket)
  if (event.kind !== 'data') return { clients: clients.delete(socket, {}) }
  let { greeted } = client
  let data = concat(client.data, event.data)
  for (;;) {
    const heard = greeted ? readSocksRequest(data) : readSocksGreeting(data)
    switch (heard.kind) {
      case 'incomplete':
        return { clients: clients.set(socket, { greeted, data }, {}) }
      case 'request':
        return { clients: clients.delete(socket, {}), asked: { socket, target: heard.target } }
      case 'wrong':
        if (heard.code !== undefined) api.send(socket, socksReply(heard.code))
        api.close(socket)
        return { clients: clients.delete(socket, {}) }
      default:
        if (!heard.acceptable) {
          api.send(socket, SOCKS_NO_METHOD)
          api.close(socket)
          return { clients: clients.delete(socket, {}) }
        }
        api.send(socket, SOCKS_METHOD)
        greeted = true
        data = heard.rest
    }
  }
}
