import type { ProcessApi, Program } from '../process.ts'
import { parseTarget, parseUrl } from '../target.ts'
import { type CallOptions, type CallResult, type Calls, call, noCalls, onCall } from './calls.ts'
import { parseRows, queryMessage } from './database.ts'
import { formatRequest, type HttpResponse, parseResponse } from './http.ts'
import {
  type ArrivedRequest,
  answer,
  type HttpClients,
  NO_CLIENTS,
  remember,
  takeRequest,
  type WebRequest,
} from './http-clients.ts'

/** What an application serves, and whom it calls meanwhile. */
export interface AppServerOptions {
  /** Default 3000. */
  readonly port?: number
  readonly address?: string
  /** As `ss` shows it. Default `node`. */
  readonly name?: string
  /** By path; anything else is 404. */
  readonly routes: { readonly [path: string]: AppRoute }
  /** How long it waits for each service that it calls. Default 5000. */
  readonly timeoutMs?: number
}

/** What a request for a path makes the server do, one after the other. */
export interface AppRoute {
  /** Of the answer; what the calls brought follows, one a line. */
  readonly body?: string
  /** Asked before it answers: `http://stock:8080/items`, or `postgres://db:5432/SELECT 1`. 502 or 504 if one fails. */
  readonly calls?: readonly string[]
  /** Webhooks: told by POST once it has answered. Nobody waits for what comes of it. */
  readonly notifies?: readonly string[]
}

/** What an application server remembers. */
export interface AppServerState {
  readonly clients: HttpClients
  readonly calls: Calls<Work | Notice>
  /** The latest that it has answered, at most 100. */
  readonly requests: readonly WebRequest[]
  /** What has become of the latest webhooks, at most 100: `http://hooks/paid: 200`. */
  readonly notices: readonly string[]
}

/** A request that is not answered yet. */
interface Work {
  readonly arrived: ArrivedRequest
  readonly route: AppRoute
  readonly results: readonly string[]
}

/** A webhook that is under way. */
interface Notice {
  readonly url: string
}

/**
 * An application behind a web server: its answers need other services, so that an inbound request causes outbound ones.
 * Several of them that call each other are microservices.
 *
 *
 * @example
 * const network = createNetwork({
 *   nodes: {
 *     client: { address: '10.0.0.1/24' },
 *     shop: {
 *       address: '10.0.0.2/24',
 *       services: [appServer({ routes: { '/order': { body: 'ordered', calls: ['http://stock:8080/'] } } })],
 *     },
 *     stock: { address: '10.0.0.3/24', services: [webServer({ port: 8080, pages: { '/': '3 left' } })] },
 *   },
 *   links: { lan: ['client', 'shop', 'stock'] },
 * })
 * curl(network, 'client', 'http://shop:3000/order').result.text.split('\n') // [ 'ordered', '3 left' ]
 */
export function appServer(options: AppServerOptions): Program<AppServerState> {
  const { port = 3000, address, name = 'node', routes, timeoutMs = 5000 } = options
  return {
    name,
    start(api) {
      api.listen(port, address === undefined ? {} : { address })
      return { clients: NO_CLIENTS, calls: noCalls(), requests: [], notices: [] }
    },
    handle(state, event, api) {
      const { calls, finished } = onCall(state.calls, event, api)
      if (finished !== undefined) {
        const { context, result } = finished
        if ('url' in context) return noted({ ...state, calls }, context, result)
        return continued({ ...state, calls }, context, result, timeoutMs, api)
      }
      const { clients, arrived } = takeRequest(state.clients, event, api)
      const now = clients === state.clients && calls === state.calls ? state : { ...state, clients, calls }
      if (arrived === undefined) return now
      const route = Object.hasOwn(routes, arrived.request.path) ? routes[arrived.request.path]! : undefined
      if (route === undefined) return answered(now, arrived, 404, 'not found', api)
      return proceed(now, { arrived, route, results: [] }, timeoutMs, api)
    },
  }
}

/** The next call, or the answer when there is none left. */
function proceed(state: AppServerState, work: Work, timeoutMs: number, api: ProcessApi): AppServerState {
  const { arrived, route, results } = work
  const { body, calls = [], notifies = [] } = route
  const url = calls[results.length]
  if (url !== undefined) return { ...state, calls: call(state.calls, requestOf(url, work, timeoutMs), api) }
  const text = [...(body === undefined ? [] : [body]), ...results].join('\n')
  let next = answered(state, arrived, 200, text, api)
  for (const hook of notifies)
    next = { ...next, calls: call(next.calls, noticeOf(hook, arrived, timeoutMs), api) }
  return next
}

function continued(
  state: AppServerState,
  work: Work,
  result: CallResult,
  timeoutMs: number,
  api: ProcessApi,
): AppServerState {
  const url = work.route.calls![work.results.length]!
  if (result.kind === 'failed')
    return answered(state, work.arrived, result.late ? 504 : 502, `${url}: ${result.why}`, api)
  const { answer: found } = result
  if (typeof found !== 'string' && (found as HttpResponse).status >= 400)
    return answered(state, work.arrived, 502, `${url}: ${(found as HttpResponse).status}`, api)
  const text = typeof found === 'string' ? found : (found as HttpResponse).body
  return proceed(state, { ...work, results: [...work.results, text] }, timeoutMs, api)
}

function answered(
  state: AppServerState,
  arrived: ArrivedRequest,
  status: number,
  body: string,
  api: ProcessApi,
): AppServerState {
  answer(arrived.socket, status, body, api)
  return { ...state, requests: remember(state.requests, arrived, status) }
}

function noted(state: AppServerState, { url }: Notice, result: CallResult): AppServerState {
  const end = result.kind === 'failed' ? result.why : String((result.answer as HttpResponse).status)
  return { ...state, notices: [...state.notices.slice(-99), `${url}: ${end}`] }
}

function requestOf(url: string, context: Work, timeoutMs: number): CallOptions<Work> {
  const database = /^postgres:\/\/([^/]+)\/(.*)$/s.exec(url)
  if (database !== null) {
    const target = parseTarget(database[1]!, 5432)
    return { target, message: queryMessage(database[2]!), parse: parseRows, context, timeoutMs }
  }
  const { host, port, path, authority } = parseUrl(url)
  const message = formatRequest('GET', path, authority)
  return { target: { host, port }, message, parse: parseResponse, context, timeoutMs }
}

function noticeOf(url: string, { request }: ArrivedRequest, timeoutMs: number): CallOptions<Notice> {
  const { host, port, path, authority } = parseUrl(url)
  const message = formatRequest('POST', path, authority, `${request.method} ${request.path}`)
  return { target: { host, port }, message, parse: parseResponse, context: { url }, timeoutMs }
}
