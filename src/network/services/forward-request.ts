import type { ProcessApi, ProcessEvent } from '../process.ts'
import type { Target } from '../target.ts'
import { type CallResult, type Calls, call, noCalls, onCall } from './calls.ts'
import { formatRequest, type HttpRequest, type HttpResponse, parseResponse } from './http.ts'
import {
  type ArrivedRequest,
  answer,
  type HttpClients,
  NO_CLIENTS,
  remember,
  takeRequest,
  type WebRequest,
} from './http-clients.ts'

/** What an HTTP proxy of any kind remembers. */
export interface ProxyState {
  readonly clients: HttpClients
  /** Requests that it has passed on and that are not answered yet. */
  readonly calls: Calls<ArrivedRequest>
  /** The latest that it has answered, at most 100. */
  readonly requests: readonly WebRequest[]
}

export const NO_PROXY_STATE: ProxyState = { clients: NO_CLIENTS, calls: noCalls(), requests: [] }

/** What a proxy looks at before it passes a request on; a packet filter sees nothing of this. */
export interface Inspection {
  /** Methods that pass. Default: all. */
  readonly methods?: readonly string[]
  /** Texts that must not be in the path (percent signs decoded) or the body, in whatever case: `../`, `<script`. */
  readonly forbid?: readonly string[]
}

/** Where a request goes on to, or the status it is refused with. */
export type Decision =
  | { readonly target: Target; readonly path: string; readonly host: string }
  | { readonly status: number; readonly body: string }

/** How long a proxy waits for the server behind it. */
export const PROXY_TIMEOUT_MS = 60_000

/**
 * What an HTTP proxy makes of an event: it takes whole requests, decides, opens a connection of its own and passes the
 * answer back. The client's connection ends here: no packet of it goes on.
 */
export function proxyRequests<State extends ProxyState>(
  state: State,
  event: ProcessEvent,
  api: ProcessApi,
  take: (state: State, arrived: ArrivedRequest) => State,
): State {
  const { calls, finished } = onCall(state.calls, event, api)
  if (finished !== undefined) return passBack({ ...state, calls }, finished.context, finished.result, api)
  const { clients, arrived } = takeRequest(state.clients, event, api)
  if (arrived === undefined && clients === state.clients && calls === state.calls) return state
  const next = { ...state, clients, calls }
  return arrived === undefined ? next : take(next, arrived)
}

/** Does with a request what was decided. */
export function passOn<State extends ProxyState>(
  state: State,
  arrived: ArrivedRequest,
  decision: Decision,
  timeoutMs: number,
  api: ProcessApi,
): State {
  if ('status' in decision) return respond(state, arrived, decision.status, decision.body, api)
  const message = passedRequest(arrived, decision.path, decision.host)
  const options = { target: decision.target, message, parse: parseResponse, context: arrived, timeoutMs }
  return { ...state, calls: call(state.calls, options, api) }
}

function passBack<State extends ProxyState>(
  state: State,
  arrived: ArrivedRequest,
  result: CallResult,
  api: ProcessApi,
): State {
  if (result.kind === 'failed') return respond(state, arrived, result.late ? 504 : 502, result.why, api)
  const { status, body } = result.answer as HttpResponse
  return respond(state, arrived, status, body, api)
}

/** Answers a request itself. */
export function respond<State extends ProxyState>(
  state: State,
  arrived: ArrivedRequest,
  status: number,
  body: string,
  api: ProcessApi,
): State {
  answer(arrived.socket, status, body, api)
  return { ...state, requests: remember(state.requests, arrived, status) }
}

/** The request as it goes on to another server, under that one's name. */
export function passedRequest({ from, request }: ArrivedRequest, path: string, host: string): string {
  const headers = { ...passedHeaders(request.headers), 'X-Forwarded-For': hostOf(from) }
  return formatRequest(request.method, path, host, request.body, headers)
}

/** Without those that are about one connection only (RFC 9110 section 7.6.1). */
function passedHeaders(headers: ReadonlyMap<string, string>): Record<string, string> {
  const own = new Set([
    'host',
    'connection',
    'upgrade',
    'content-length',
    'x-forwarded-for',
    'proxy-connection',
  ])
  return Object.fromEntries([...headers].filter(([name]) => !own.has(name)))
}

function hostOf(end: string): string {
  return end.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

/** The refusal of what an inspection forbids. */
export function inspect(request: HttpRequest, { methods, forbid = [] }: Inspection): Decision | undefined {
  if (methods !== undefined && !methods.includes(request.method))
    return { status: 405, body: `${request.method} is not allowed` }
  const text = `${decoded(request.path)}\n${request.body}`.toLowerCase()
  const found = forbid.find(part => text.includes(part.toLowerCase()))
  return found === undefined ? undefined : { status: 403, body: `forbidden: ${found}` }
}

function decoded(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
