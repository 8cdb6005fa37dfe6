import type { Program, SocketId } from '../process.ts'

/** What an {@link echo} server remembers. */
export interface EchoState {
  /** Its UDP socket. */
  readonly udp: SocketId
}

/**
 * Sends back whatever it gets, over TCP and UDP (RFC 862).
 *
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, mirror: { address: '10.0.0.2/24', services: [echo()] } },
 *   links: { lan: ['laptop', 'mirror'] },
 * })
 * nc(network, 'laptop', 'mirror:7', { send: 'hello' }).result.received // 'hello'
 */
export function echo({
  port = 7,
  address,
}: {
  readonly port?: number
  readonly address?: string
} = {}): Program<EchoState> {
  const options = address === undefined ? {} : { address }
  return {
    name: 'echo',
    start(api) {
      api.listen(port, options)
      return { udp: api.openUdp(port, options) }
    },
    handle(state, event, api) {
      if (event.kind === 'data') api.send(event.socket, event.data)
      if (event.kind === 'ended') api.close(event.socket)
      if (event.kind === 'datagram')
        api.sendTo(event.socket, event.remote.address.toString(), event.remote.port, event.data)
      return state
    },
  }
}
