import { type Connection, ORIGINAL, REPLY } from '../../conntrack/connection.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { scanNumber } from '../numbers.ts'
import { not } from './support.ts'

interface ConnbytesOptions {
  readonly from: bigint
  readonly to: bigint
  readonly negated: boolean
  readonly mode: Mode
  readonly direction: CountedDirection
}

const MODES = ['packets', 'bytes', 'avgpkt'] as const
type Mode = (typeof MODES)[number]
const DIRECTIONS = ['original', 'reply', 'both'] as const
type CountedDirection = (typeof DIRECTIONS)[number]

const UINT64_MAX = 0xffff_ffff_ffff_ffffn

/** `-m connbytes`: net/netfilter/xt_connbytes.c. The counters include the packet itself. */
export const connbytes = defineMatch<ConnbytesOptions>({
  name: 'connbytes',
  summary: 'how much a connection has transferred',
  options: [
    {
      name: 'connbytes',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'from[:to]',
      help: 'packets, bytes, or bytes per packet',
      set(options, [text = ''], negated) {
        const { from, to } = parseBounds(text)
        if (to < from) throw new OptionError(`${from} should be less than ${to}`)
        options.from = from
        options.to = to
        // negation is a reversed range to the kernel, which one number cannot be
        options.negated = negated && from !== to
      },
    },
    {
      name: 'connbytes-dir',
      arguments: 1,
      mandatory: true,
      placeholder: DIRECTIONS.join('|'),
      help: 'whose packets to count',
      set(options, [text = '']) {
        options.direction = oneOf(DIRECTIONS, text)
      },
    },
    {
      name: 'connbytes-mode',
      arguments: 1,
      mandatory: true,
      placeholder: MODES.join('|'),
      help: 'what to count',
      set(options, [text = '']) {
        options.mode = oneOf(MODES, text)
      },
    },
  ],
  needsConntrack: () => true,
  needsAccounting: true,
  save: options =>
    `${boundsText(options)} --connbytes-mode ${options.mode} --connbytes-dir ${options.direction}`,
  list: options =>
    `${boundsText(options).replace('--', '')} connbytes mode ${options.mode} connbytes direction ${options.direction}`,
  compile(options) {
    const { negated, mode, direction } = options
    const from = Number(options.from)
    const to = Number(options.to)
    const measure = MEASURES[mode]
    return [
      {
        option: `${boundsText(options)} --connbytes-mode ${mode} --connbytes-dir ${direction}`,
        passes({ connection }) {
          // what `-j CT` has put there in raw counts nothing, nor does what began without accounting
          if (connection === undefined || !connection.isAccounted) return false
          const value = measure(connection, direction)
          return (value >= from && value <= to) !== negated
        },
        seen: ({ connection }) =>
          connection === undefined ? 'no connection' : `${measure(connection, direction)} ${mode}`,
      },
    ]
  },
})

function oneOf<T extends string>(known: readonly T[], text: string): T {
  const found = known.find(word => word === text)
  if (found === undefined) throw new OptionError(`unknown '${text}'`, { expected: known.join(', ') })
  return found
}

function parseBounds(text: string): { from: bigint; to: bigint } {
  const parts = text.split(':')
  const [first = '', last = ''] = parts
  if (parts.length > 2) throw new OptionError(`bad range '${text}'`, { expected: 'from[:to]' })
  return {
    from: first === '' ? 0n : bound(first),
    to: last === '' ? UINT64_MAX : bound(last),
  }
}

function bound(text: string): bigint {
  const scanned = scanNumber(text)
  if (scanned === undefined || scanned.rest !== '' || scanned.value > UINT64_MAX)
    throw new OptionError(`bad value '${text}'`, { expected: 'a 64-bit number' })
  return scanned.value
}

function boundsText({ from, to, negated }: ConnbytesOptions): string {
  const upper = to !== 0n && to < UINT64_MAX ? `:${to}` : ''
  return `${not(negated)}--connbytes ${from}${upper}`
}

function sum(counters: readonly [number, number], direction: CountedDirection): number {
  if (direction === 'both') return counters[ORIGINAL] + counters[REPLY]
  return counters[direction === 'original' ? ORIGINAL : REPLY]
}

const MEASURES: Readonly<Record<Mode, (connection: Connection, direction: CountedDirection) => number>> = {
  packets: ({ packets }, direction) => sum(packets, direction),
  bytes: ({ bytes }, direction) => sum(bytes, direction),
  avgpkt: ({ packets, bytes }, direction) => {
    const count = sum(packets, direction)
    return count === 0 ? 0 : Math.floor(sum(bytes, direction) / count)
  },
}
