import { concat } from '../bytes.ts'
import { type ConnectFailure, failureOf, failureText } from '../failure.ts'
import type { Network } from '../model.ts'
import { type ConnectOptions, type Program, type SocketId, toText } from '../process.ts'
import { kill, type Ran, runProgram } from '../run.ts'
import { NO_DATA } from '../segment.ts'
import type { Target } from '../target.ts'

/** What a client says in a protocol in which the server speaks first and both take turns. */
export interface Dialogue {
  /** The client program, as `ss` shows it. */
  readonly name: string
  /** Whether this is all that the server says to its nth turn (0: its greeting). */
  isWhole(reply: string, turn: number): boolean
  /** What to say to the replies so far; undefined: nothing more. */
  next(replies: readonly string[]): string | undefined
}

/** How a client goes about it that asks and is answered line by line. */
export interface ConverseOptions extends ConnectOptions {
  /** For everything. Default: as long as TCP itself tries. */
  readonly timeoutMs?: number
}

/** What came of asking line by line. */
export type ConverseResult =
  | { readonly outcome: 'answered'; readonly replies: readonly string[] }
  /** The connection stood, and then nothing came any more. */
  | { readonly outcome: 'stalled'; readonly text: string }
  | { readonly outcome: 'reset'; readonly text: string }
  /** It ended before everything was said. */
  | { readonly outcome: 'empty'; readonly text: string }
  | (ConnectFailure & { readonly text: string })

interface ConverseState {
  readonly socket: SocketId
  readonly startedMs: number
  readonly connected: boolean
  readonly data: Uint8Array
  readonly replies: readonly string[]
}

/** Connects, says what there is to say, and tells what came back. */
export function converse(
  network: Network,
  from: string,
  target: Target,
  dialogue: Dialogue,
  options: ConverseOptions,
): Ran & { readonly result: ConverseResult } {
  const ran = runProgram(network, from, converseProgram(target, dialogue, options))
  if (ran.exited) return { ...ran, result: ran.result as ConverseResult }
  const result = { outcome: 'stalled', text: stalledText(dialogue.name) } as const
  return { ...kill(ran.network, from, ran.pid), hops: ran.hops, result }
}

function converseProgram(
  { host, port }: Target,
  dialogue: Dialogue,
  options: ConverseOptions,
): Program<ConverseState> {
  const { name } = dialogue
  return {
    name,
    start(api) {
      const socket = api.connect(host, port, options)
      if (options.timeoutMs !== undefined) api.setTimer('give-up', options.timeoutMs)
      return { socket, startedMs: api.nowMs, connected: false, data: NO_DATA, replies: [] }
    },
    handle(state, event, api) {
      const done = (result: ConverseResult): ConverseState => {
        api.exit(result)
        return state
      }
      const afterMs = api.nowMs - state.startedMs
      const fail = (failure: ConnectFailure): ConverseState =>
        done({ ...failure, text: `${name}: ${host}:${port}: ${failureText(failure)}` })
      switch (event.kind) {
        case 'connected':
          return { ...state, connected: true }
        case 'data': {
          const data = concat(state.data, event.data)
          const reply = toText(data)
          if (!dialogue.isWhole(reply, state.replies.length)) return { ...state, data }
          const replies = [...state.replies, reply]
          const say = dialogue.next(replies)
          if (say !== undefined) {
            api.send(state.socket, say)
            return { ...state, data: NO_DATA, replies }
          }
          api.close(state.socket)
          return done({ outcome: 'answered', replies })
        }
        case 'ended':
          return done({ outcome: 'empty', text: `${name}: the server has hung up` })
        case 'reset':
          return done({ outcome: 'reset', text: `${name}: Connection reset by peer` })
        case 'timer':
        case 'timeout':
          if (state.connected) return done({ outcome: 'stalled', text: stalledText(name) })
          api.abort(state.socket)
          return fail({ outcome: 'filtered', afterMs })
        default: {
          const failure = failureOf(event, state.socket, afterMs)
          return failure === undefined ? state : fail(failure)
        }
      }
    },
  }
}

function stalledText(name: string): string {
  return `${name}: nothing came any more`
}
