import { type ConnectFailure, failureOf, reportText } from '../failure.ts'
import type { Network } from '../model.ts'
import type { Program, SocketId } from '../process.ts'
import { type Ran, runProgram } from '../run.ts'

/** What a port scan found out about one port. */
export interface ScannedPort {
  readonly port: number
  /** `closed`: a RST came back. `filtered`: nothing did, or an ICMP error: there is a firewall. */
  readonly state: 'open' | 'closed' | 'filtered'
  /** As nmap says it: `syn-ack`, `reset`, `no-response`, `port-unreachable from 203.0.113.1`. */
  readonly reason: string
}

/** What a port scan found out; `text` is what it prints. */
export interface ScanResult {
  readonly ports: readonly ScannedPort[]
  readonly open: readonly number[]
  readonly closed: readonly number[]
  readonly filtered: readonly number[]
  readonly text: string
}

interface ScanState {
  readonly sockets: ReadonlyMap<SocketId, number>
  readonly found: ReadonlyMap<number, ScannedPort>
}

/**
 * Tries many ports at once, as nmap does; each SYN is sent twice before a port counts as filtered.
 *
 * @param host an address or a name
 * @param ports `[22, 80]` or nmap's way: `'1-1024,8080'`
 * @returns `result` has the ports in the order that they were given in, and by state
 * @throws RangeError for ports that cannot be, or when there is no such node to scan from
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * const guarded = iptablesOn(network, 'web', 'iptables -A INPUT -p tcp --dport 22 -j DROP')
 * console.log(scan(guarded, 'laptop', 'web', '22,79-80').result.text)
 * // scan report for web
 * // PORT      STATE    REASON
 * // 22/tcp    filtered no-response
 * // 79/tcp    closed   reset
 * // 80/tcp    open     syn-ack
 */
export function scan(
  network: Network,
  from: string,
  host: string,
  ports: string | readonly number[],
): Ran & { readonly result: ScanResult } {
  const wanted = typeof ports === 'string' ? parsePorts(ports) : ports
  const ran = runProgram(network, from, scanProgram(host, wanted))
  return { network: ran.network, hops: ran.hops, result: ran.result as ScanResult }
}

function scanProgram(host: string, ports: readonly number[]): Program<ScanState> {
  return {
    name: 'nmap',
    start(api) {
      const sockets = new Map(ports.map(port => [api.connect(host, port, { synRetries: 1 }), port]))
      if (ports.length === 0) api.exit(resultOf(host, [], new Map()))
      return { sockets, found: new Map() }
    },
    handle(state, event, api) {
      if (!('socket' in event)) return state
      const port = state.sockets.get(event.socket)
      if (port === undefined || state.found.has(port)) return state
      const failure = failureOf(event, event.socket, 0)
      if (event.kind !== 'connected' && failure === undefined) return state
      if (event.kind === 'connected') api.abort(event.socket)
      const found = new Map(state.found).set(port, judge(port, failure))
      if (found.size === ports.length) api.exit(resultOf(host, ports, found))
      return { ...state, found }
    },
  }
}

function judge(port: number, failure: ConnectFailure | undefined): ScannedPort {
  if (failure === undefined) return { port, state: 'open', reason: 'syn-ack' }
  if (failure.outcome === 'filtered') return { port, state: 'filtered', reason: 'no-response' }
  if (failure.by !== undefined) return { port, state: 'filtered', reason: reportText(failure.by) }
  return failure.outcome === 'refused'
    ? { port, state: 'closed', reason: 'reset' }
    : { port, state: 'filtered', reason: failure.error }
}

function resultOf(
  host: string,
  wanted: readonly number[],
  found: ReadonlyMap<number, ScannedPort>,
): ScanResult {
  const ports = wanted.map(port => found.get(port)!)
  const of = (state: ScannedPort['state']) =>
    ports.filter(port => port.state === state).map(({ port }) => port)
  const rows = ports.map(
    ({ port, state, reason }) => `${`${port}/tcp`.padEnd(9)} ${state.padEnd(8)} ${reason}`,
  )
  const text = [`scan report for ${host}`, 'PORT      STATE    REASON', ...rows].join('\n')
  return { ports, open: of('open'), closed: of('closed'), filtered: of('filtered'), text }
}

/** `1-1024,8080` */
export function parsePorts(text: string): number[] {
  const ports = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim())
    const first = Number(match?.[1])
    const last = match?.[2] === undefined ? first : Number(match[2])
    if (match === null || first < 1 || last > 65535 || last < first)
      throw new RangeError(`not ports: ${JSON.stringify(part)}; e.g. '22,80,8000-8080'`)
    for (let port = first; port <= last; port++) ports.add(port)
  }
  return [...ports]
}
