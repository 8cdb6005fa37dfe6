import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import { type Program, type SocketId, toText } from '../process.ts'
import { endpointText } from '../segment.ts'

/** Where a TCP server listens, and what it says. */
export interface ListenerOptions {
  readonly port: number
  readonly address?: string
  /** As `ss` shows it. Default `nc`. */
  readonly name?: string
  /** Said to everybody who connects, as mail and SSH servers do. */
  readonly greeting?: string
  /** Said to whatever comes. */
  readonly answer?: string
}

/** What a listener remembers. */
export interface ListenerState {
  /** Who is connected. */
  readonly clients: PersistentMap<SocketId, string>
  /** Everything that was said to it, in order. */
  readonly received: readonly { readonly from: string; readonly text: string }[]
}

/**
 * A server that takes connections, keeps them open and remembers what it is told: `nc -lk`, and with a greeting or an
 * answer a stand-in for many protocols.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.0.0.1/24' },
 *     gate: { address: '10.0.0.2/24', services: [listener({ port: 22, greeting: 'SSH-2.0' })] },
 *   },
 *   links: { lan: ['laptop', 'gate'] },
 * })
 * nc(network, 'laptop', 'gate:22', { readMs: 100 }).result.received // 'SSH-2.0'
 */
export function listener(options: ListenerOptions): Program<ListenerState> {
  const { port, address, name = 'nc', greeting, answer } = options
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      return { clients: PersistentMap.empty(NUMBER_KEYS), received: [] }
    },
    handle(state, event, api) {
      const { clients, received } = state
      switch (event.kind) {
        case 'accepted': {
          if (greeting !== undefined) api.send(event.socket, greeting)
          const from = endpointText(event.remote.address, event.remote.port)
          return { received, clients: clients.set(event.socket, from, {}) }
        }
        case 'data': {
          if (answer !== undefined) api.send(event.socket, answer)
          const from = clients.get(event.socket) ?? ''
          return { clients, received: [...received, { from, text: toText(event.data) }] }
        }
        case 'ended':
          api.close(event.socket)
          return state
        case 'closed':
        case 'reset':
        case 'timeout':
          return { received, clients: clients.delete(event.socket, {}) }
        default:
          return state
      }
    },
  }
}
