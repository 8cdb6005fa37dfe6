import type { Program } from '../process.ts'

/** Where a UDP server listens, and what it answers. */
export interface DatagramServerOptions {
  readonly port: number
  readonly address?: string
  /** As `ss` shows it. Default `dnsmasq`. */
  readonly name?: string
  /** Said to whatever comes; without it, it only listens. */
  readonly answer?: string
}

/**
 * A UDP server that says the same to everybody: a stand-in for DNS, NTP, syslog.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.0.0.1/24' },
 *     ns: { address: '10.0.0.2/24', services: [datagramServer({ port: 53, answer: '192.0.2.1' })] },
 *   },
 *   links: { lan: ['laptop', 'ns'] },
 * })
 * udpQuery(network, 'laptop', 'ns:53').result.text // '192.0.2.1'
 */
export function datagramServer(options: DatagramServerOptions): Program<undefined> {
  const { port, address, name = 'dnsmasq', answer } = options
  return {
    name,
    start(api) {
      api.openUdp(port, address === undefined ? {} : { address })
      return undefined
    },
    handle(state, event, api) {
      if (event.kind === 'datagram' && answer !== undefined)
        api.sendTo(event.socket, event.remote.address.toString(), event.remote.port, answer)
      return state
    },
  }
}
