import { suggestion } from '../../nearest.ts'
import { type LogEntry, type Network, nc, ping, udpQuery } from '../../network/index.ts'
import { parseTarget } from '../../network/target.ts'
import { because, type Judged, telling } from './result.ts'

/** How the caller tries to reach the target. */
export interface ReachOptions {
  /** Default `tcp`; a target without a port is pinged. */
  readonly protocol?: 'tcp' | 'udp'
  readonly localPort?: number
  /** How long the caller waits. Default: as long as TCP tries (127 s), 1 s for UDP and ping. */
  readonly timeoutMs?: number
}

type Seen = 'reached' | 'refused' | 'filtered' | 'unreachable'

/** About networks: what becomes of a connection, seen by the one who opens it. The network itself stays as it was. */
export const networkMatchers = {
  /**
   * `expect(network).toReach('laptop', 'web:443')`: it is open (TCP), answers (UDP), or answers pings (no port).
   *
   * @param from the node that opens it
   * @param target a node or address, with a port, or without one to ping it
   * @param options protocol, local port, how long to wait in milliseconds
   * @example
   * const network = createNetwork({
   *   nodes: {
   *     laptop: { address: '10.6.0.2/24' },
   *     web: { address: '10.6.0.7/24', services: [listener({ port: 443 })] },
   *   },
   *   links: { lan: ['laptop', 'web'] },
   * })
   * expect(network).toReach('laptop', 'web:443')
   * expect(network).not.toReach('laptop', 'web:80')
   */
  toReach: (network: Network, from: string, target: string, options: ReachOptions = {}): Judged =>
    judge(network, from, target, options, 'reached', 'reach'),
  /**
   * `expect(network).toRefuse('laptop', 'web:22')`: a RST, or ICMP port unreachable, comes back.
   *
   * @param from the node that opens it
   * @param target a node or address, with a port, or without one to ping it
   * @param options protocol, local port, how long to wait in milliseconds
   * @example
   * const network = createNetwork({
   *   nodes: {
   *     laptop: { address: '10.6.0.2/24' },
   *     web: { address: '10.6.0.7/24', services: [listener({ port: 443 })] },
   *   },
   *   links: { lan: ['laptop', 'web'] },
   * })
   * expect(network).toRefuse('laptop', 'web:22')
   * expect(network).toRefuse('laptop', 'web:53', { protocol: 'udp' })
   * expect(network).not.toRefuse('laptop', 'web:443')
   */
  toRefuse: (network: Network, from: string, target: string, options: ReachOptions = {}): Judged =>
    judge(network, from, target, options, 'refused', 'be refused by'),
  /**
   * `expect(network).toFilter('attacker', 'web:22')`: nothing comes back.
   *
   * @param from the node that opens it
   * @param target a node or address, with a port, or without one to ping it
   * @param options protocol, local port, how long to wait in milliseconds
   * @example
   * const network = createNetwork({
   *   nodes: {
   *     laptop: { address: '10.6.0.2/24' },
   *     web: { address: '10.6.0.7/24', services: [listener({ port: 443 })], rules: 'iptables -A INPUT -p tcp --dport 22 -j DROP' },
   *   },
   *   links: { lan: ['laptop', 'web'] },
   * })
   * expect(network).toFilter('laptop', 'web:22', { timeoutMs: 1000 })
   * expect(network).not.toFilter('laptop', 'web:443')
   */
  toFilter: (network: Network, from: string, target: string, options: ReachOptions = {}): Judged =>
    judge(network, from, target, options, 'filtered', 'be filtered on the way to'),
}

function judge(
  network: Network,
  from: string,
  target: string,
  options: ReachOptions,
  wanted: Seen,
  verb: string,
): Judged {
  const { seen, text, hops } = attempt(network, from, target, options)
  const pass = seen === wanted
  const message = (): string => {
    const expected = `expected ${from} ${pass ? 'not ' : ''}to ${verb} ${target}`
    return because(`${expected}, but it ${pass ? 'was' : `was ${seen}`}: ${text}`, telling(hops))
  }
  return { pass, message }
}

interface Attempt {
  readonly seen: Seen
  readonly text: string
  readonly hops: readonly LogEntry[]
}

function attempt(network: Network, from: string, target: string, options: ReachOptions): Attempt {
  const { protocol = 'tcp', ...rest } = options
  const isHost = !/:\d+$/.test(target) || (target.match(/:/g)!.length > 1 && !target.startsWith('['))
  refuseUnknown(network, isHost ? target : parseTarget(target).host)
  if (isHost) {
    const { result, hops } = ping(network, from, target, rest)
    const seen = PINGED[result.outcome]
    return { seen, text: result.text, hops }
  }
  const { result, hops } =
    protocol === 'udp' ? udpQuery(network, from, target, rest) : nc(network, from, target, rest)
  const { outcome, text } = result
  return { seen: outcome === 'open' || outcome === 'answered' ? 'reached' : outcome, text, hops }
}

/** `not.toReach` a host that is not there would always hold. */
function refuseUnknown({ topology }: Network, host: string): void {
  if (topology.addressesOf(host).length > 0) return
  const known = [...topology.hostNames].map(([name]) => name)
  throw new RangeError(`no host '${host}' in this network: ${suggestion(host, known)}`)
}

const PINGED = {
  answered: 'reached',
  'some-lost': 'reached',
  unanswered: 'filtered',
  unreachable: 'unreachable',
} as const
