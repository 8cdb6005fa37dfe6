import { errorText, reportText } from '../failure.ts'
import type { Network } from '../model.ts'
import { type Program, type SocketId, toText, type Unreachable } from '../process.ts'
import { type Ran, runProgram } from '../run.ts'
import type { IcmpReport } from '../segment.ts'
import { parseTarget } from '../target.ts'

/** What is sent over UDP, and how long to wait for an answer. */
export interface UdpOptions {
  /** Default `?`. */
  readonly data?: string | Uint8Array
  /** Default: the next free one from 40000 on. */
  readonly localPort?: number
  /** How long to wait for an answer. Default 1000. */
  readonly timeoutMs?: number
}

/** What came of a datagram. */
export type UdpResult =
  | { readonly outcome: 'answered'; readonly received: string; readonly text: string }
  /** The host has no such port (ICMP port unreachable). */
  | { readonly outcome: 'refused'; readonly by: IcmpReport | undefined; readonly text: string }
  /** Nothing came back: lost, dropped, or simply not answered; UDP cannot tell. */
  | { readonly outcome: 'filtered'; readonly text: string }
  | {
      readonly outcome: 'unreachable'
      readonly error: Unreachable
      readonly by: IcmpReport | undefined
      readonly text: string
    }

/**
 * Sends one datagram and waits for the first answer, as `nc -u` or `dig` do.
 *
 * @param target `ns:53`, `198.51.100.7:53`, `[2001:db8::1]:53`
 * @throws RangeError for a target that cannot be, or when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.0.0.1/24' },
 *     ns: { address: '10.0.0.2/24', services: [datagramServer({ port: 53, answer: '192.0.2.1' })] },
 *   },
 *   links: { lan: ['laptop', 'ns'] },
 * })
 * udpQuery(network, 'laptop', 'ns:53', { data: 'example.com A' }).result.received // '192.0.2.1'
 * udpQuery(network, 'laptop', 'ns:54').result.outcome // 'refused'
 */
export function udpQuery(
  network: Network,
  from: string,
  target: string,
  options: UdpOptions = {},
): Ran & { readonly result: UdpResult } {
  const { host, port } = parseTarget(target)
  const ran = runProgram(network, from, queryProgram(host, port, options))
  return { network: ran.network, hops: ran.hops, result: ran.result as UdpResult }
}

function queryProgram(host: string, port: number, options: UdpOptions): Program<SocketId> {
  const { data = '?', localPort, timeoutMs = 1000 } = options
  return {
    name: 'nc',
    start(api) {
      const socket = api.openUdp(localPort)
      api.sendTo(socket, host, port, data)
      api.setTimer('give-up', timeoutMs)
      return socket
    },
    handle(socket, event, api) {
      const done = (result: UdpResult): SocketId => {
        api.exit(result)
        return socket
      }
      // A connected socket: what comes from elsewhere is not for it.
      if (event.kind === 'datagram' && event.remote.port === port) {
        const received = toText(event.data)
        return done({ outcome: 'answered', received, text: received })
      }
      if (event.kind === 'datagram-error') {
        const { error, by } = event
        if (error === undefined) return done({ outcome: 'refused', by, text: 'Connection refused' })
        const text = by === undefined ? errorText(error) : reportText(by)
        return done({ outcome: 'unreachable', error, by, text })
      }
      if (event.kind === 'timer') return done({ outcome: 'filtered', text: `no answer in ${timeoutMs} ms` })
      return socket
    },
  }
}
