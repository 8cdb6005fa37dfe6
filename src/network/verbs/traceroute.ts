import type { Address } from '../../address.ts'
import type { Network } from '../model.ts'
import type { ProcessApi, ProcessEvent, Program, SocketId } from '../process.ts'
import { type Ran, runProgram } from '../run.ts'
import type { IcmpReport } from '../segment.ts'

/** The switches of `traceroute`. */
export interface TracerouteOptions {
  /** `udp` as Unix does, or echo requests (`-I`). Default `udp`. */
  readonly method?: 'udp' | 'icmp'
  /** `-m`. Default 30. */
  readonly maxHops?: number
  /** `-w`: for each hop. Default 1000. */
  readonly waitMs?: number
}

/** Who answered for one TTL. */
export interface TracerouteHop {
  readonly ttl: number
  /** Who answered; undefined for `*`. */
  readonly from: Address | undefined
  readonly rttMs: number | undefined
  /** `!H`, `!N`, `!X` …: the way ends here. */
  readonly note: string
}

/** What the user of `traceroute` sees; `text` is what it prints. */
export interface TracerouteResult {
  /** `reached`: the last hop is the target. `blocked`: somebody said that there is no way on. */
  readonly outcome: 'reached' | 'blocked' | 'lost'
  readonly hops: readonly TracerouteHop[]
  readonly text: string
}

interface TraceState {
  readonly socket: SocketId
  readonly ttl: number
  readonly sentAtMs: number
  readonly hops: readonly TracerouteHop[]
}

const FIRST_TRACE_PORT = 33434

/**
 * The routers on the way to a host, found by letting packets run out of hops. An internet answers as 198.18.0.1
 * or 2001:2::1.
 *
 * @param host an address or a name
 * @returns `result` has a hop for each TTL, `text` is what traceroute prints; times in milliseconds
 * @throws RangeError when there is no such node to start from
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     laptop: { address: '10.6.34.100/24' },
 *     fw: {
 *       interfaces: { lan0: '10.6.34.1/24', wan0: '203.0.113.1/24' },
 *       rules: '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n',
 *     },
 *     web: { address: '198.51.100.7', services: [webServer()] },
 *   },
 *   links: { lan: ['laptop', 'fw:lan0'], internet: ['fw:wan0', 'web'] },
 * })
 * console.log(traceroute(network, 'laptop', 'web').result.text)
 * // traceroute to web
 * //  1  10.6.34.1  2 ms
 * //  2  198.18.0.1  12 ms
 * //  3  198.51.100.7  22 ms
 */
export function traceroute(
  network: Network,
  from: string,
  host: string,
  options: TracerouteOptions = {},
): Ran & { readonly result: TracerouteResult } {
  const ran = runProgram(network, from, traceProgram(host, options))
  return { network: ran.network, hops: ran.hops, result: ran.result as TracerouteResult }
}

function traceProgram(host: string, options: TracerouteOptions): Program<TraceState> {
  const { method = 'udp', maxHops = 30, waitMs = 1000 } = options
  const probe = (socket: SocketId, ttl: number, api: ProcessApi): void => {
    if (method === 'icmp') api.ping(host, ttl, { ttl })
    else api.sendTo(socket, host, FIRST_TRACE_PORT + ttl - 1, new Uint8Array(32), { ttl })
    api.setTimer('wait', waitMs)
  }
  return {
    name: 'traceroute',
    start(api) {
      const socket = method === 'udp' ? api.openUdp() : 0
      probe(socket, 1, api)
      return { socket, ttl: 1, sentAtMs: api.nowMs, hops: [] }
    },
    handle(state, event, api) {
      const answer = answerOf(event, state.ttl, method)
      if (answer === undefined) return state
      const rttMs = answer.from === undefined ? undefined : api.nowMs - state.sentAtMs
      const hop = { ttl: state.ttl, from: answer.from, rttMs, note: answer.note }
      const hops = [...state.hops, hop]
      if (answer.end !== undefined || state.ttl >= maxHops) {
        api.exit(resultOf(host, hops, answer.end ?? 'lost'))
        return state
      }
      const ttl = state.ttl + 1
      probe(state.socket, ttl, api)
      return { ...state, ttl, sentAtMs: api.nowMs, hops }
    },
  }
}

interface Answer {
  readonly from: Address | undefined
  readonly note: string
  readonly end: 'reached' | 'blocked' | undefined
}

/** What an event says about the probe of this TTL; undefined for nothing. */
function answerOf(event: ProcessEvent, ttl: number, method: 'udp' | 'icmp'): Answer | undefined {
  if (event.kind === 'timer') return { from: undefined, note: '', end: undefined }
  if (event.kind === 'echo-reply' && event.sequence === ttl)
    return { from: event.from, note: '', end: 'reached' }
  if (event.kind !== 'echo-error' && event.kind !== 'datagram-error') return undefined
  const number = event.kind === 'echo-error' ? event.sequence : event.remote.port - FIRST_TRACE_PORT + 1
  if (number !== ttl) return undefined
  const { by } = event
  if (by === undefined) return { from: undefined, note: '!S', end: 'blocked' }
  if (by.type === (by.from.family === 4 ? 11 : 3)) return { from: by.from, note: '', end: undefined }
  const isPort = by.from.equals(by.destination) && isPortUnreachable(by)
  if (method === 'udp' && isPort) return { from: by.from, note: '', end: 'reached' }
  return { from: by.from, note: noteOf(by), end: 'blocked' }
}

function isPortUnreachable({ from, type, code }: IcmpReport): boolean {
  return from.family === 4 ? type === 3 && code === 3 : type === 1 && code === 4
}

/** As traceroute(8) writes them. */
function noteOf({ from, type, code }: IcmpReport): string {
  if (from.family === 6) return ['!N', '!X', '!S', '!H', '!p', '!X', '!X'][code] ?? `!<${code}>`
  if (type !== 3) return `!<${type}-${code}>`
  const notes: Readonly<Record<number, string>> = {
    0: '!N',
    1: '!H',
    2: '!P',
    3: '!p',
    4: '!F',
    9: '!X',
    10: '!X',
    13: '!X',
  }
  return notes[code] ?? `!<${code}>`
}

function resultOf(
  host: string,
  hops: readonly TracerouteHop[],
  outcome: TracerouteResult['outcome'],
): TracerouteResult {
  const lines = hops.map(({ ttl, from, rttMs, note }) => {
    const answer = from === undefined ? '*' : `${from}  ${rttMs} ms`
    return `${String(ttl).padStart(2)}  ${answer}${note === '' ? '' : ` ${note}`}`
  })
  return { outcome, hops, text: [`traceroute to ${host}`, ...lines].join('\n') }
}
