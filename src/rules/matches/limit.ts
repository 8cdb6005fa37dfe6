import { defineMatch, type MatchEnvironment, OptionError } from '../extension.ts'
import { HZ, toJiffies } from './jiffies.ts'
import { parseRate, rateText } from './rates.ts'
import { requireNumber, UINT32_MAX, words } from './support.ts'

interface LimitOptions {
  /** The time between two packets, in 1/10000 s: what the kernel calls `avg`. */
  readonly average: number
  readonly burst: number
}

/** What a bucket holds, and when (in jiffies) it was last filled. */
interface Bucket {
  readonly credit: number
  readonly filledAt: number
}

const SCALE = 10_000
const DEFAULT_AVERAGE = (3600 * SCALE) / 3
const DEFAULT_BURST = 5

/** The largest power of two for which a day's credits fit into 32 bits. */
const CREDITS_PER_JIFFY = 2 ** Math.floor(Math.log2(Math.floor(UINT32_MAX / (HZ * 86400))))

/**
 * `-m limit`: net/netfilter/xt_limit.c. A token bucket of its own for every rule, full at first; it pays only when the
 * match is reached.
 */
export const limit = defineMatch<LimitOptions>({
  name: 'limit',
  summary: 'at most so many packets in a time',
  options: [
    {
      name: 'limit',
      arguments: 1,
      placeholder: 'rate[/second|/minute|/hour|/day]',
      help: 'the average rate (default 3/hour)',
      set(options, [text = '']) {
        options.average = parseAverage(text)
      },
    },
    {
      name: 'limit-burst',
      arguments: 1,
      placeholder: 'number',
      help: 'how many may come at once (default 5)',
      set(options, [text = '']) {
        options.burst = requireNumber(text, 0, 10_000)
      },
    },
  ],
  defaults: () => ({ average: DEFAULT_AVERAGE, burst: DEFAULT_BURST }),
  check: ({ average, burst }) =>
    burst === 0 || userCredits(Math.imul(average, burst) >>> 0) < userCredits(average)
      ? `limit: overflow, try a lower burst or a higher rate: ${average}/${burst}`
      : undefined,
  save: options => words(`--limit ${rateText(options.average, SCALE)}`, burstText(options)),
  list: ({ average, burst }) => `limit: avg ${rateText(average, SCALE)} burst ${burst}`,
  compile(options, { instance }) {
    const { average, burst } = options
    const capacity = userCredits(Math.imul(average, burst) >>> 0)
    const cost = userCredits(average)
    const key = `limit/${instance}`
    const creditAt = (environment: MatchEnvironment, now: number): number => {
      const bucket = environment.memory.get(key) as Bucket | undefined
      if (bucket === undefined) return capacity
      const credit = (bucket.credit + (now - bucket.filledAt) * CREDITS_PER_JIFFY) % 2 ** 32
      return Math.min(credit, capacity)
    }
    return [
      {
        option: words(`--limit ${rateText(average, SCALE)}`, burstText(options)),
        passes(_skb, environment) {
          const now = toJiffies(environment.nowMs)
          const credit = creditAt(environment, now)
          const holds = credit >= cost
          const bucket: Bucket = { credit: holds ? credit - cost : credit, filledAt: now }
          environment.memory.set(key, bucket)
          return holds
        },
        seen(_skb, environment) {
          const credit = creditAt(environment, toJiffies(environment.nowMs))
          return `a bucket with ${Math.floor(credit / cost)} of ${burst} packets left`
        },
      },
    ]
  },
})

function burstText({ burst }: LimitOptions): string {
  return burst === DEFAULT_BURST ? '' : `--limit-burst ${burst}`
}

function parseAverage(text: string): number {
  const average = parseRate(text, SCALE)
  if (average === 0n) throw new OptionError(`rate too fast '${text}'`, { expected: 'at most 10000/second' })
  return Number(average & 0xffff_ffffn)
}

/** `user2credits`, in 32 bits */
function userCredits(user: number): number {
  const perSecond = HZ * CREDITS_PER_JIFFY
  if (user > UINT32_MAX / perSecond) return Math.imul(Math.floor(user / SCALE), perSecond) >>> 0
  return Math.floor((user * perSecond) / SCALE)
}
