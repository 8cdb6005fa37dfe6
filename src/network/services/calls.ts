import { NUMBER_KEYS, PersistentMap } from '../../persistent/map.ts'
import { concat } from '../bytes.ts'
import { type ConnectFailure, failureOf, failureText } from '../failure.ts'
import type { ProcessApi, ProcessEvent, SocketId } from '../process.ts'
import { NO_DATA } from '../segment.ts'
import type { Target } from '../target.ts'

/**
 * Requests that a server has sent out itself and that are not answered yet: the outbound connections behind an inbound
 * one. `Context` is what the caller wants to know again when the answer is there.
 */
export type Calls<Context> = PersistentMap<SocketId, Call<Context>>

interface Call<Context> {
  readonly context: Context
  readonly startedMs: number
  readonly data: Uint8Array
  readonly parse: Parse
}

/** The whole answer, or undefined while it is not complete. */
type Parse = (data: Uint8Array) => unknown

export interface CallOptions<Context> {
  readonly target: Target
  readonly message: string | Uint8Array
  readonly parse: Parse
  readonly context: Context
  readonly timeoutMs: number
}

/** What has become of a call. */
export type CallResult =
  | { readonly kind: 'answered'; readonly answer: unknown }
  /** `late`: nobody answered, neither yes nor no. `why` as `strerror` has it. */
  | { readonly kind: 'failed'; readonly late: boolean; readonly why: string }

export function noCalls<Context>(): Calls<Context> {
  return PersistentMap.empty(NUMBER_KEYS)
}

/** Connects, and sends the message when the connection stands. */
export function call<Context>(
  calls: Calls<Context>,
  { target, message, parse, context, timeoutMs }: CallOptions<Context>,
  api: ProcessApi,
): Calls<Context> {
  const socket = api.connect(target.host, target.port)
  api.send(socket, message)
  api.setTimer(timerName(socket), timeoutMs)
  return calls.set(socket, { context, startedMs: api.nowMs, data: NO_DATA, parse }, {})
}

/** What an event means for the calls; with `finished` when one has come to its end. */
export function onCall<Context>(
  calls: Calls<Context>,
  event: ProcessEvent,
  api: ProcessApi,
): {
  readonly calls: Calls<Context>
  readonly finished?: { readonly context: Context; readonly result: CallResult }
} {
  const socket = socketOf(event)
  const found = socket === undefined ? undefined : calls.get(socket)
  if (socket === undefined || found === undefined) return { calls }
  const finish = (result: CallResult) => {
    api.clearTimer(timerName(socket))
    return { calls: calls.delete(socket, {}), finished: { context: found.context, result } }
  }
  const fail = (failure: ConnectFailure) =>
    finish({ kind: 'failed', late: failure.outcome === 'filtered', why: failureText(failure) })
  switch (event.kind) {
    case 'data': {
      const data = concat(found.data, event.data)
      const answer = found.parse(data)
      if (answer === undefined) return { calls: calls.set(socket, { ...found, data }, {}) }
      api.close(socket)
      return finish({ kind: 'answered', answer })
    }
    case 'ended':
      api.close(socket)
      return finish({ kind: 'failed', late: false, why: 'Empty reply' })
    case 'reset':
      return finish({ kind: 'failed', late: false, why: 'Connection reset by peer' })
    case 'timer':
      api.abort(socket)
      return fail({ outcome: 'filtered', afterMs: api.nowMs - found.startedMs })
    default: {
      const failure = failureOf(event, socket, api.nowMs - found.startedMs)
      return failure === undefined ? { calls } : fail(failure)
    }
  }
}

const PREFIX = 'call '

function timerName(socket: SocketId): string {
  return PREFIX + socket
}

function socketOf(event: ProcessEvent): SocketId | undefined {
  if ('socket' in event) return event.socket
  return event.kind === 'timer' && event.name.startsWith(PREFIX)
    ? Number(event.name.slice(PREFIX.length))
    : undefined
}
