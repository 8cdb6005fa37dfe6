import { defineMatch, type MatchEnvironment, OptionError, type Test } from '../extension.ts'
import { not, requireNumber, UINT32_MAX, words } from './support.ts'

type StatisticOptions =
  | { readonly mode: 'nth'; readonly negated: boolean; readonly every: number; readonly packet: number }
  /** `probability` is a fraction of 2³¹. */
  | { readonly mode: 'random'; readonly negated: boolean; readonly probability: number }

interface StatisticDraft {
  readonly mode: 'nth' | 'random'
  readonly negated: boolean
  readonly every: number
  readonly packet: number
  readonly probability: number
}

const CERTAINTY = 2 ** 31

/** `-m statistic`: net/netfilter/xt_statistic.c. Every n-th packet, or some by chance. */
export const statistic = defineMatch<StatisticDraft>({
  name: 'statistic',
  summary: 'every n-th packet, or a part of them by chance',
  options: [
    {
      name: 'mode',
      arguments: 1,
      mandatory: true,
      placeholder: 'nth|random',
      help: 'how to choose',
      set(options, [text = '']) {
        if (text !== 'nth' && text !== 'random')
          throw new OptionError(`bad mode '${text}'`, { expected: 'nth or random' })
        options.mode = text
      },
    },
    {
      name: 'probability',
      arguments: 1,
      negatable: true,
      placeholder: 'p',
      help: 'of a match, from 0 to 1 (random)',
      set(options, [text = ''], negated) {
        const number = text.trim() === '' ? Number.NaN : Number(text)
        if (!(number >= 0 && number <= 1))
          throw new OptionError(`bad probability '${text}'`, { expected: 'a number from 0 to 1' })
        options.probability = Math.round(CERTAINTY * number)
        options.negated = negated
      },
    },
    {
      name: 'every',
      arguments: 1,
      negatable: true,
      requires: ['packet'],
      placeholder: 'n',
      help: 'one packet of n (nth)',
      set(options, [text = ''], negated) {
        options.every = requireNumber(text, 1, UINT32_MAX)
        options.negated = negated
      },
    },
    {
      name: 'packet',
      arguments: 1,
      requires: ['every'],
      placeholder: 'p',
      help: 'which one of them, from 0 (nth)',
      set(options, [text = '']) {
        options.packet = requireNumber(text, 0, UINT32_MAX)
      },
    },
  ],
  finish({ mode, negated = false, every, packet, probability }) {
    if (mode === 'random') {
      if (probability === undefined) throw new OptionError('--probability is missing in random mode')
      return { mode, negated, probability } as StatisticDraft
    }
    if (every === undefined || packet === undefined)
      throw new OptionError('--every and --packet are missing in nth mode')
    if (packet >= every)
      throw new OptionError(`bad packet ${packet}`, { expected: `a number from 0 to ${every - 1}` })
    return { mode: 'nth', negated, every, packet } as StatisticDraft
  },
  save: options => describe(options as StatisticOptions, '--'),
  list: options => words('statistic', describe(options as StatisticOptions, '')),
  compile: (draft, { instance }) => {
    const options = draft as StatisticOptions
    return [options.mode === 'nth' ? nthTest(options, `statistic/${instance}`) : randomTest(options)]
  },
})

function describe(options: StatisticOptions, dashes: string): string {
  const mode = `${dashes}mode ${options.mode} ${not(options.negated)}${dashes}`
  if (options.mode === 'random') return `${mode}probability ${(options.probability / CERTAINTY).toFixed(11)}`
  const packet = dashes !== '' || options.packet !== 0 ? ` ${dashes}packet ${options.packet}` : ''
  return `${mode}every ${options.every}${packet}`
}

/** The count goes from `every - 1 - packet` to `every - 1` and begins again at 0, where it matches. */
function nthTest(options: StatisticOptions & { mode: 'nth' }, key: string): Test {
  const { every, packet, negated } = options
  const countOf = ({ memory }: MatchEnvironment): number =>
    (memory.get(key) as number | undefined) ?? every - 1 - packet
  return {
    option: describe(options, '--'),
    passes(_skb, environment) {
      const count = countOf(environment)
      const next = count === every - 1 ? 0 : count + 1
      environment.memory.set(key, next)
      return (next === 0) !== negated
    },
    seen: (_skb, environment) => `packet ${countOf(environment)} of ${every}`,
  }
}

function randomTest(options: StatisticOptions & { mode: 'random' }): Test {
  const { probability, negated } = options
  return {
    option: describe(options, '--'),
    passes(_skb, { random }) {
      if (random === undefined)
        throw new Error('-m statistic --mode random needs a source of random numbers, supplied by the caller')
      return random() < probability !== negated
    },
    seen: () => 'the other outcome',
  }
}
