import { type LogEntry, type Network, nc, ping, udpQuery } from '../../network/index.ts'
import { because, type Judged, telling } from './result.ts'

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
  /** `expect(network).toReach('laptop', 'web:443')`: it is open (TCP), answers (UDP), or answers pings (no port). */
  toReach: (network: Network, from: string, target: string, options: ReachOptions = {}): Judged =>
    judge(network, from, target, options, 'reached', 'reach'),
  /** `expect(network).toRefuse('laptop', 'web:22')`: a RST, or ICMP port unreachable, comes back. */
  toRefuse: (network: Network, from: string, target: string, options: ReachOptions = {}): Judged =>
    judge(network, from, target, options, 'refused', 'be refused by'),
  /** `expect(network).toFilter('attacker', 'web:22')`: nothing comes back. */
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
  if (!/:\d+$/.test(target) || (target.match(/:/g)!.length > 1 && !target.startsWith('['))) {
    const { result, hops } = ping(network, from, target, rest)
    const seen = PINGED[result.outcome]
    return { seen, text: result.text, hops }
  }
  const { result, hops } =
    protocol === 'udp' ? udpQuery(network, from, target, rest) : nc(network, from, target, rest)
  const { outcome, text } = result
  return { seen: outcome === 'open' || outcome === 'answered' ? 'reached' : outcome, text, hops }
}

const PINGED = {
  answered: 'reached',
  'some-lost': 'reached',
  unanswered: 'filtered',
  unreachable: 'unreachable',
} as const
