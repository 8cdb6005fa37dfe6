import type { ProcessApi, Program } from '../process.ts'
import { parseTarget } from '../target.ts'
import { type CallResult, type Calls, call, noCalls, onCall } from './calls.ts'
import { formatRequest, type HttpResponse, parseResponse } from './http.ts'
import { NO_PAIRS, type Pairs, pair, relay } from './relay.ts'

/** To whom a load balancer hands connections on, and how it checks them. */
export interface LoadBalancerOptions {
  /** Default 80. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `haproxy`. */
  readonly name?: string
  /** `app1:8080`. */
  readonly backends: readonly string[]
  /** Without checks every backend counts as healthy. */
  readonly check?: HealthCheck
}

/** A request that the balancer makes of itself: every backend is asked, and must say 2xx. */
export interface HealthCheck {
  /** Default `/health`. */
  readonly path?: string
  /** Default 5000. */
  readonly intervalMs?: number
  /** How long a backend may take. Default 2000. */
  readonly timeoutMs?: number
  /** How many failures in a row make a backend unhealthy. Default 2. */
  readonly fall?: number
  /** How many successes make it healthy again. Default 1. */
  readonly rise?: number
}

/** What a load balancer thinks of one of its servers. */
export interface Backend {
  readonly address: string
  readonly healthy: boolean
  /** Results in a row that speak against `healthy`. */
  readonly against: number
}

/** What a load balancer remembers. */
export interface LoadBalancerState {
  readonly backends: readonly Backend[]
  /** Whose turn it is. */
  readonly next: number
  readonly pairs: Pairs
  /** Checks under way, by the backend's place in the list. */
  readonly checks: Calls<number>
}

/**
 * Shares connections out among backends, one after the other (round robin), and leaves out those that fail its health
 * checks. It passes bytes on and knows nothing of what they say.
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     client: { address: '10.0.0.1/24' },
 *     lb: { address: '10.0.0.2/24', services: [loadBalancer({ backends: ['one', 'two'], check: { path: '/' } })] },
 *     one: { address: '10.0.0.3/24', services: [webServer({ pages: { '/': 'from one' } })] },
 *     two: { address: '10.0.0.4/24', services: [webServer({ pages: { '/': 'from two' } })] },
 *   },
 *   links: { lan: ['client', 'lb', 'one', 'two'] },
 * })
 * const first = curl(network, 'client', 'http://lb/')
 * first.result.text // 'from one'
 * curl(first.network, 'client', 'http://lb/').result.text // 'from two'
 */
export function loadBalancer(options: LoadBalancerOptions): Program<LoadBalancerState> {
  const { port = 80, address, name = 'haproxy', check } = options
  const targets = options.backends.map(text => parseTarget(text, 80))
  const { path = '/health', intervalMs = 5000, timeoutMs = 2000, fall = 2, rise = 1 } = check ?? {}

  const checkAll = (state: LoadBalancerState, api: ProcessApi): LoadBalancerState => {
    if (check === undefined) return state
    api.setTimer('check', intervalMs)
    let { checks } = state
    targets.forEach((target, context) => {
      const message = formatRequest('GET', path, options.backends[context]!)
      checks = call(checks, { target, message, parse: parseResponse, context, timeoutMs }, api)
    })
    return { ...state, checks }
  }

  const judged = (backend: Backend, passed: boolean): Backend => {
    if (passed === backend.healthy) return { ...backend, against: 0 }
    const against = backend.against + 1
    return against < (passed ? rise : fall)
      ? { ...backend, against }
      : { ...backend, healthy: passed, against: 0 }
  }

  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      const backends = options.backends.map(each => ({ address: each, healthy: true, against: 0 }))
      return checkAll({ backends, next: 0, pairs: NO_PAIRS, checks: noCalls() }, api)
    },
    handle(state, event, api) {
      if (event.kind === 'timer' && event.name === 'check') return checkAll(state, api)
      if (event.kind === 'accepted') {
        const at = nextHealthy(state)
        if (at === undefined) {
          api.close(event.socket)
          return state
        }
        const { host, port: to } = targets[at]!
        return { ...state, next: at + 1, pairs: pair(state.pairs, event.socket, api.connect(host, to)) }
      }
      const { calls: checks, finished } = onCall(state.checks, event, api)
      if (finished !== undefined) {
        const passed = isHealthy(finished.result)
        const backends = state.backends.map((each, at) =>
          at === finished.context ? judged(each, passed) : each,
        )
        return { ...state, checks, backends }
      }
      const pairs = relay(state.pairs, event, api)
      return pairs === state.pairs && checks === state.checks ? state : { ...state, pairs, checks }
    },
  }
}

function nextHealthy({ backends, next }: LoadBalancerState): number | undefined {
  for (let tried = 0; tried < backends.length; tried++) {
    const at = (next + tried) % backends.length
    if (backends[at]!.healthy) return at
  }
  return undefined
}

function isHealthy(result: CallResult): boolean {
  if (result.kind === 'failed') return false
  const { status } = result.answer as HttpResponse
  return status >= 200 && status < 300
}
