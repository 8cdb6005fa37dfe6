import { type CheckContext, defineTarget, OptionError, Verdict } from '../extension.ts'
import { countPacket, type Estimator, type EstimatorSettings, estimatorKey } from '../rate-estimator.ts'
import { parseScaled } from '../scaled-values.ts'
import { cutBytes } from './cut-bytes.ts'
import { estimatorsBefore } from './rateest-names.ts'

export interface RateestOptions extends EstimatorSettings {
  readonly name: string
}

const NAME_BYTES = 15
const SECOND = 1_000_000
const TIMES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['s', SECOND],
  ['sec', SECOND],
  ['secs', SECOND],
  ['ms', 1000],
  ['msec', 1000],
  ['msecs', 1000],
  ['us', 1],
  ['usec', 1],
  ['usecs', 1],
])

interface RateestDraft extends RateestOptions {
  readonly intervalUs: number
  readonly ewmaUs: number
}

/** `-j RATEEST`: net/netfilter/xt_RATEEST.c. Measures the rate of what passes, for `-m rateest`. */
export const rateest = defineTarget<RateestDraft>({
  name: 'RATEEST',
  summary: 'measure the rate of the packets that pass, for -m rateest',
  options: [
    {
      name: 'rateest-name',
      arguments: 1,
      mandatory: true,
      placeholder: 'name',
      help: 'what the estimator is called',
      set(options, [text = '']) {
        options.name = cutBytes(text, NAME_BYTES)
      },
    },
    {
      name: 'rateest-interval',
      arguments: 1,
      placeholder: 'time',
      help: 'how often it measures: 250ms to 8s',
      set(options, [text = '']) {
        options.intervalUs = parseScaled(text, TIMES, 'interval')
      },
    },
    {
      name: 'rateest-ewmalog',
      arguments: 1,
      placeholder: 'time',
      help: 'over which time it averages',
      set(options, [text = '']) {
        options.ewmaUs = parseScaled(text, TIMES, 'averaging time')
      },
    },
  ],
  finish({ name = '', intervalUs = 0, ewmaUs = 0 }) {
    return {
      name,
      intervalLog: intervalLogOf(intervalUs),
      ewmaLog: ewmaLogOf(intervalUs, ewmaUs),
    } as RateestDraft
  },
  check: (options, context) =>
    clashes(options, context) ? `"${options.name}" already measures with other settings` : undefined,
  save: ({ name, ...settings }) =>
    `--rateest-name ${name} --rateest-interval ${timeText(intervalUsOf(settings))} --rateest-ewmalog ${timeText(ewmaUsOf(settings))}`,
  list: ({ name, ...settings }) =>
    `name ${name} interval ${timeText(intervalUsOf(settings))} ewmalog ${timeText(ewmaUsOf(settings))}`,
  compile({ name, intervalLog, ewmaLog }) {
    const key = estimatorKey(name)
    const settings = { intervalLog, ewmaLog }
    return (skb, { memory, nowMs }) => {
      memory.set(key, countPacket(memory.get(key) as Estimator | undefined, settings, skb.length, nowMs))
      return Verdict.CONTINUE
    }
  },
})

function clashes({ name, intervalLog, ewmaLog }: RateestOptions, context: CheckContext): boolean {
  return estimatorsBefore(context).some(
    other => other.name === name && (other.intervalLog !== intervalLog || other.ewmaLog !== ewmaLog),
  )
}

/** Rounded up to what the kernel's timer can do. */
function intervalLogOf(intervalUs: number): number {
  let log = 0
  while (log <= 5 && intervalUs > (SECOND / 4) * 2 ** log) log++
  if (log > 5) throw new OptionError('RATEEST: interval value is too large', { expected: 'up to 8s' })
  return log
}

/** The weight whose half-life fits the time; as iptables computes it, with the interval before it is rounded. */
function ewmaLogOf(intervalUs: number, ewmaUs: number): number {
  let log = 1
  while (log <= 30 && intervalUs / -Math.log(1 - 2 ** -log) <= ewmaUs) log++
  if (log === 1 || log > 30)
    throw new OptionError('RATEEST: ewmalog value is out of range', {
      expected: '--rateest-interval, and --rateest-ewmalog longer than it',
    })
  return log - 1
}

function intervalUsOf({ intervalLog }: EstimatorSettings): number {
  return (SECOND / 4) * 2 ** intervalLog
}

/** 32 bits, as iptables computes it. */
function ewmaUsOf(settings: EstimatorSettings): number {
  return (intervalUsOf(settings) * 2 ** settings.ewmaLog) % 2 ** 32
}

function timeText(us: number): string {
  if (us >= SECOND) return `${(us / SECOND).toFixed(1)}s`
  return us >= 1000 ? `${(us / 1000).toFixed(1)}ms` : `${us}us`
}
