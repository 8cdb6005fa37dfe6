import { concat } from '../bytes.ts'
import { type ConnectFailure, failureOf, failureText } from '../failure.ts'
import type { Network } from '../model.ts'
import { type ConnectOptions, type Program, type SocketId, toBytes, toText } from '../process.ts'
import { type Ran, runProgram } from '../run.ts'
import { NO_DATA } from '../segment.ts'
import { parseTarget } from '../target.ts'

/** The switches of `nc`. */
export interface NcOptions extends ConnectOptions {
  /** `-w`: how long to wait for the connection. Default: as long as TCP itself tries. */
  readonly timeoutMs?: number
  /** Sent once the connection stands. */
  readonly send?: string | Uint8Array
  /** How long to read what the other side says. Default 0, as with `-z`; with `send` 1000. */
  readonly readMs?: number
}

/** What the user of `nc -zv` sees; `text` is what it prints. */
export type NcResult =
  | {
      readonly outcome: 'open'
      /** What the other side said meanwhile. */
      readonly received: string
      readonly text: string
    }
  | (ConnectFailure & { readonly text: string })

interface NcState {
  readonly socket: SocketId
  readonly startedMs: number
  readonly received: Uint8Array
}

/**
 * Tries a TCP port, as `nc -zv host port` does: open, refused, or filtered (nobody answers).
 *
 * @param target `web:80`, `198.51.100.7:80`, `[2001:db8::1]:80`
 * @returns `result` is what the user sees, `text` what nc prints; times in milliseconds
 * @throws RangeError for a target that cannot be, or when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * nc(network, 'laptop', 'web:80').result.text // 'Connection to web 80 port [tcp/*] succeeded!'
 * nc(network, 'laptop', 'web:81').result.outcome // 'refused'
 * nc(cutLink(network, 'lan'), 'laptop', 'web:80', { timeoutMs: 3000 }).result.afterMs // 3000
 */
export function nc(
  network: Network,
  from: string,
  target: string,
  options: NcOptions = {},
): Ran & { readonly result: NcResult } {
  const { host, port } = parseTarget(target)
  return tryPort(network, from, host, port, options, 'nc', {
    open: () => `Connection to ${host} ${port} port [tcp/*] succeeded!`,
    failed: failure => `nc: connect to ${host} port ${port} (tcp) failed: ${failureText(failure)}`,
  })
}

/**
 * `telnet host port`: as {@link nc}, reading for a second what the server says first.
 *
 * @param target as {@link nc} takes it; without a port 23
 * @throws RangeError for a target that cannot be, or when there is no such node
 * @example
 * const network = createNetwork({
 *   nodes: { laptop: { address: '10.0.0.1/24' }, web: { address: '10.0.0.2/24', services: [webServer()] } },
 *   links: { lan: ['laptop', 'web'] },
 * })
 * console.log(telnet(network, 'laptop', 'web').result.text)
 * // Trying web...
 * // telnet: Unable to connect to remote host: Connection refused
 */
export function telnet(
  network: Network,
  from: string,
  target: string,
  options: NcOptions = {},
): Ran & { readonly result: NcResult } {
  const { host, port } = parseTarget(target, 23)
  return tryPort(network, from, host, port, { readMs: 1000, ...options }, 'telnet', {
    open: received =>
      `Trying ${host}...\nConnected to ${host}.\nEscape character is '^]'.${received === '' ? '' : `\n${received}`}`,
    failed: failure => `Trying ${host}...\ntelnet: Unable to connect to remote host: ${failureText(failure)}`,
  })
}

interface Texts {
  open(received: string): string
  failed(failure: ConnectFailure): string
}

function tryPort(
  network: Network,
  from: string,
  host: string,
  port: number,
  options: NcOptions,
  name: string,
  texts: Texts,
): Ran & { readonly result: NcResult } {
  const ran = runProgram(network, from, tryProgram(host, port, options, name, texts))
  return { network: ran.network, hops: ran.hops, result: ran.result as NcResult }
}

function tryProgram(
  host: string,
  port: number,
  options: NcOptions,
  name: string,
  texts: Texts,
): Program<NcState> {
  const { timeoutMs, send } = options
  const readMs = options.readMs ?? (send === undefined ? 0 : 1000)
  return {
    name,
    start(api) {
      const socket = api.connect(host, port, options)
      if (timeoutMs !== undefined) api.setTimer('give-up', timeoutMs)
      return { socket, startedMs: api.nowMs, received: NO_DATA }
    },
    handle(state, event, api) {
      const afterMs = api.nowMs - state.startedMs
      const finish = (result: NcResult): NcState => {
        api.exit(result)
        return state
      }
      const open = (): NcState => {
        const received = toText(state.received)
        return finish({ outcome: 'open', received, text: texts.open(received) })
      }
      const fail = (failure: ConnectFailure): NcState => finish({ ...failure, text: texts.failed(failure) })
      if (event.kind === 'connected') {
        api.clearTimer('give-up')
        if (send !== undefined) api.send(state.socket, toBytes(send))
        if (readMs === 0) return open()
        api.setTimer('read', readMs)
        return state
      }
      if (event.kind === 'data') return { ...state, received: concat(state.received, event.data) }
      if (event.kind === 'reset' || (event.kind === 'timer' && event.name === 'read')) return open()
      if (event.kind === 'ended') return open()
      if (event.kind === 'timer') {
        api.abort(state.socket)
        return fail({ outcome: 'filtered', afterMs })
      }
      const failure = failureOf(event, state.socket, afterMs)
      return failure === undefined ? state : fail(failure)
    },
  }
}
