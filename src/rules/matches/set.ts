import { type Draft, defineMatch, OptionError, type OptionSpec } from '../extension.ts'
import { parseBigNumber } from '../numbers.ts'
import { not, words } from './support.ts'

interface SetOptions {
  readonly name: string
  readonly negated: boolean
  readonly flags: readonly ('src' | 'dst')[]
  readonly returnNomatch: boolean
  readonly updateCounters: boolean
  readonly updateSubcounters: boolean
  readonly packets?: CounterMatch
  readonly bytes?: CounterMatch
}

/** What a set element's counter must be. */
interface CounterMatch {
  readonly relation: 'eq' | 'ne' | 'lt' | 'gt'
  readonly value: bigint
}

const MAX_FLAGS = 6

const counterOption = (
  counter: 'packets' | 'bytes',
  relation: 'eq' | 'lt' | 'gt',
): OptionSpec<SetOptions> => ({
  name: `${counter}-${relation}`,
  arguments: 1,
  negatable: relation === 'eq',
  placeholder: 'value',
  help: `the element's ${counter} counter`,
  set(options, [text = ''], negated) {
    const value = parseBigNumber(text)
    if (value === undefined) throw new OptionError(`bad value '${text}'`, { expected: 'a 64-bit number' })
    if (options[counter] !== undefined)
      throw new OptionError(`only one of the --${counter} options is allowed`)
    options[counter] = { relation: negated ? 'ne' : relation, value }
  },
})

const updateOption = (
  name: string,
  field: 'updateCounters' | 'updateSubcounters',
): OptionSpec<SetOptions> => ({
  name,
  arguments: 0,
  negatable: true,
  help: 'with !: do not count a match in the element',
  set(options, _args, negated) {
    if (!negated) throw new OptionError(`--${name} can only be given with !`)
    options[field] = false
  },
})

const setMatch = (
  options: Draft<SetOptions>,
  [name = '', flags = '']: readonly string[],
  negated: boolean,
) => {
  if (name.length > 31)
    throw new OptionError(`setname '${name}' too long`, { expected: 'at most 31 characters' })
  options.name = name
  options.flags = parseSetFlags(flags)
  options.negated = negated
}

/** `-m set`: net/netfilter/xt_set.c. Whether an ipset holds what the packet shows. */
export const set = defineMatch<SetOptions>({
  name: 'set',
  summary: 'membership in an ipset',
  options: [
    {
      name: 'match-set',
      aliases: ['set'],
      arguments: 2,
      negatable: true,
      mandatory: true,
      placeholder: 'name flags',
      help: 'the set, and which addresses and ports to look up: src or dst for each of its dimensions',
      set: setMatch,
    },
    {
      name: 'return-nomatch',
      arguments: 0,
      help: 'match elements that are marked nomatch',
      set(options) {
        options.returnNomatch = true
      },
    },
    updateOption('update-counters', 'updateCounters'),
    updateOption('update-subcounters', 'updateSubcounters'),
    ...(['packets', 'bytes'] as const).flatMap(counter =>
      (['eq', 'lt', 'gt'] as const).map(relation => counterOption(counter, relation)),
    ),
  ],
  defaults: () => ({ returnNomatch: false, updateCounters: true, updateSubcounters: true }),
  save: options => describe(options, '--'),
  list: options => describe(options, ''),
  compile(options) {
    const { name, flags, negated } = options
    return [
      {
        option: `${not(negated)}--match-set ${name} ${flags.join(',')}`,
        passes: (skb, environment) =>
          environment.sets.test(name, skb, flags, options, environment) !== negated,
        seen: skb => `${skb.source} → ${skb.destination}`,
      },
    ]
  },
})

/** `src,dst`: one word for each dimension of the set; also what `-j SET` reads. */
export function parseSetFlags(text: string): readonly ('src' | 'dst')[] {
  const flags = text.split(',').map(word => {
    if (word === 'src' || word === 'dst') return word
    throw new OptionError(`bad flag '${word}'`, { expected: 'src or dst, up to 6 of them' })
  })
  if (flags.length > MAX_FLAGS) throw new OptionError('too many flags', { expected: `at most ${MAX_FLAGS}` })
  return flags
}

function describe(options: SetOptions, dashes: string): string {
  const { name, flags, negated, returnNomatch, updateCounters, updateSubcounters, packets, bytes } = options
  return words(
    `${not(negated)}${dashes}match-set ${name} ${flags.join(',')}`,
    returnNomatch && `${dashes}return-nomatch`,
    !updateCounters && `! ${dashes}update-counters`,
    !updateSubcounters && `! ${dashes}update-subcounters`,
    packets && counterText('packets', packets, dashes),
    bytes && counterText('bytes', bytes, dashes),
  )
}

function counterText(name: string, { relation, value }: CounterMatch, dashes: string): string {
  return relation === 'ne' ? `! ${dashes}${name}-eq ${value}` : `${dashes}${name}-${relation} ${value}`
}
