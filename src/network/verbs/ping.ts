import type { Address } from '../../address.ts'
import { errorText, reportText } from '../failure.ts'
import type { Network } from '../model.ts'
import type { Program, Unreachable } from '../process.ts'
import { type Ran, runProgram } from '../run.ts'
import type { IcmpReport } from '../segment.ts'

/** The switches of `ping`. */
export interface PingOptions {
  /** `-c`. Default 1. */
  readonly count?: number
  readonly ttl?: number
  /** Bytes of data. Default 56. */
  readonly size?: number
  /** `-i`. Default 1000. */
  readonly intervalMs?: number
  /** `-W`: how long to wait for the last answer. Default 1000. */
  readonly timeoutMs?: number
}

/** What came of one echo request. */
export interface PingAnswer {
  readonly sequence: number
  /** Undefined when nothing came. */
  readonly rttMs: number | undefined
  readonly from: Address | undefined
  readonly ttl: number | undefined
  /** What went wrong, if somebody said so. */
  readonly error: Unreachable | undefined
  readonly by: IcmpReport | undefined
}

/** What the user of `ping` sees; `text` is what it prints. */
export interface PingResult {
  readonly outcome: 'answered' | 'some-lost' | 'unanswered' | 'unreachable'
  readonly sent: number
  readonly received: number
  readonly answers: readonly PingAnswer[]
  readonly text: string
}

interface PingState {
  readonly sentAtMs: readonly number[]
  readonly answers: readonly PingAnswer[]
}

/**
 * Echo requests, one after the other.
 *
 * @param host an address or a name
 * @returns `result` counts requests and answers, `text` is what ping prints; times in milliseconds
 * @throws RangeError when there is no such node to ping from; an unknown `host` is `unreachable`
 * @example
 * const network = createNetwork({
 *   nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } },
 *   links: { lan: ['a', 'b'] },
 * })
 * console.log(ping(network, 'a', 'b', { count: 2 }).result.text)
 * // PING b
 * // 64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=2 ms
 * // 64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 time=2 ms
 * // 2 packets transmitted, 2 received, 0% packet loss
 */
export function ping(
  network: Network,
  from: string,
  host: string,
  options: PingOptions = {},
): Ran & { readonly result: PingResult } {
  const ran = runProgram(network, from, pingProgram(host, options))
  return { network: ran.network, hops: ran.hops, result: ran.result as PingResult }
}

function pingProgram(host: string, options: PingOptions): Program<PingState> {
  const { count = 1, intervalMs = 1000, timeoutMs = 1000 } = options
  return {
    name: 'ping',
    start(api) {
      api.ping(host, 1, options)
      api.setTimer(count > 1 ? 'next' : 'end', count > 1 ? intervalMs : timeoutMs)
      return { sentAtMs: [api.nowMs], answers: [] }
    },
    handle(state, event, api) {
      if (event.kind === 'timer' && event.name === 'next') {
        const sequence = state.sentAtMs.length + 1
        api.ping(host, sequence, options)
        if (sequence < count) api.setTimer('next', intervalMs)
        else api.setTimer('end', timeoutMs)
        return { ...state, sentAtMs: [...state.sentAtMs, api.nowMs] }
      }
      if (event.kind === 'timer') {
        api.exit(resultOf(host, state))
        return state
      }
      if (event.kind !== 'echo-reply' && event.kind !== 'echo-error') return state
      if (state.answers.some(({ sequence }) => sequence === event.sequence)) return state
      const isReply = event.kind === 'echo-reply'
      const answer: PingAnswer = {
        sequence: event.sequence,
        rttMs: isReply ? api.nowMs - (state.sentAtMs[event.sequence - 1] ?? api.nowMs) : undefined,
        from: isReply ? event.from : event.by?.from,
        ttl: isReply ? event.ttl : undefined,
        error: isReply ? undefined : (event.error ?? 'host-unreachable'),
        by: isReply ? undefined : event.by,
      }
      const next = { ...state, answers: [...state.answers, answer] }
      if (next.answers.length === count) api.exit(resultOf(host, next))
      return next
    },
  }
}

function resultOf(host: string, { sentAtMs, answers: known }: PingState): PingResult {
  const answers = sentAtMs.map((_, at): PingAnswer => {
    const nothing = { rttMs: undefined, from: undefined, ttl: undefined, error: undefined, by: undefined }
    return known.find(({ sequence }) => sequence === at + 1) ?? { sequence: at + 1, ...nothing }
  })
  const sent = answers.length
  const received = answers.filter(({ rttMs }) => rttMs !== undefined).length
  const failed = answers.some(({ error }) => error !== undefined)
  const outcome =
    received === sent ? 'answered' : received > 0 ? 'some-lost' : failed ? 'unreachable' : 'unanswered'
  const loss = Math.round((100 * (sent - received)) / sent)
  const lines = answers.flatMap(answer => lineOf(answer))
  const summary = `${sent} packets transmitted, ${received} received, ${loss}% packet loss`
  return { outcome, sent, received, answers, text: [`PING ${host}`, ...lines, summary].join('\n') }
}

function lineOf({ sequence, rttMs, from, ttl, error, by }: PingAnswer): string[] {
  if (rttMs !== undefined) return [`64 bytes from ${from}: icmp_seq=${sequence} ttl=${ttl} time=${rttMs} ms`]
  if (by !== undefined) return [`From ${by.from} icmp_seq=${sequence} ${reportText(by).split(' from ')[0]}`]
  return error === undefined ? [] : [`ping: sendmsg: ${errorText(error)}`]
}
