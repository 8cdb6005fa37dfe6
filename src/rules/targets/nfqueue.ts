import type { Skb } from '../../packet/skb.ts'
import { defineTarget, OptionError } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { parseBounded } from './mark-value.ts'

export interface NfqueueOptions {
  readonly first: number
  /** How many queues packets are spread over. */
  readonly total: number
  readonly bypass: boolean
  readonly cpuFanout: boolean
}

/** `-j NFQUEUE`: net/netfilter/xt_NFQUEUE.c. */
export const nfqueue = defineTarget<NfqueueOptions>({
  name: 'NFQUEUE',
  summary: 'let a program in userspace decide',
  options: [
    {
      name: 'queue-num',
      arguments: 1,
      excludes: ['queue-balance'],
      placeholder: 'number',
      help: 'the queue, 0 by default',
      set(options, [text = '']) {
        options.first = parseBounded(text, 'queue-num', 0, 0xffff)
      },
    },
    {
      name: 'queue-balance',
      arguments: 1,
      excludes: ['queue-num'],
      placeholder: 'first:last',
      help: 'spread connections over these queues',
      set(options, [text = '']) {
        const [first, last] = parseBalance(text)
        options.first = first
        options.total = last - first + 1
      },
    },
    {
      name: 'queue-bypass',
      arguments: 0,
      help: 'accept when nobody listens',
      set(options) {
        options.bypass = true
      },
    },
    {
      name: 'queue-cpu-fanout',
      arguments: 0,
      requires: ['queue-balance'],
      help: 'choose the queue by CPU',
      set(options) {
        options.cpuFanout = true
      },
    },
  ],
  defaults: () => ({ first: 0, total: 1, bypass: false, cpuFanout: false }),
  check: ({ first, total }) => (first + total > 0xffff && total > 1 ? 'too many queues' : undefined),
  save: options => words(options, '--queue-num ', '--queue-balance ', '--queue-'),
  list: options => `NFQUEUE ${words(options, 'num ', 'balance ', '')}`,
  compile({ first, total, bypass }) {
    const only = Object.freeze({ number: first, bypass })
    if (total === 1) return (skb, environment) => environment.queue(skb, only)
    return (skb, environment) => environment.queue(skb, { number: first + (flowHash(skb) % total), bypass })
  },
})

function parseBalance(text: string): readonly [number, number] {
  const colon = text.indexOf(':')
  const first = parseNumber(text.slice(0, Math.max(0, colon)), 0, 0xffff)
  const last = parseNumber(text.slice(colon + 1), 0, 0xffff)
  if (colon < 0 || first === undefined || last === undefined)
    throw new OptionError(`Bad range "${text}"`, { expected: 'first:last, e.g. 0:3' })
  if (first >= last) throw new OptionError(`${first} should be less than ${last}`, { expected: 'first:last' })
  return [first, last]
}

function words(
  { first, total, bypass, cpuFanout }: NfqueueOptions,
  number: string,
  balance: string,
  flag: string,
): string {
  const queues = total === 1 ? `${number}${first}` : `${balance}${first}:${first + total - 1}`
  return `${queues}${bypass ? ` ${flag}bypass` : ''}${cpuFanout ? ` ${flag}cpu-fanout` : ''}`
}

/** Both directions of a flow fall into one queue. The kernel's hash is seeded at random; this one is not. */
function flowHash({ source, destination, protocol }: Skb): number {
  const words =
    source.w0 ^
    source.w1 ^
    source.w2 ^
    source.w3 ^
    destination.w0 ^
    destination.w1 ^
    destination.w2 ^
    destination.w3
  const mixed = Math.imul(words ^ protocol, 0x9e3779b1)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
