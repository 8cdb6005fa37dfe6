import type { CounterTest, SetQuery } from '../../sets/set-use.ts'
import { type Draft, defineMatch, OptionError, type OptionSpec } from '../extension.ts'
import { parseBigNumber } from '../numbers.ts'
import { readSetReference, type SetReference, setReferenceText } from '../set-flags.ts'
import { not, words } from './support.ts'

interface SetOptions extends SetReference {
  readonly negated: boolean
  readonly returnNomatch?: boolean
  readonly skipsCounters?: boolean
  readonly skipsSubcounters?: boolean
  readonly packets?: CounterTest
  readonly bytes?: CounterTest
}

type Counter = 'packets' | 'bytes'

/** `-m set`: net/netfilter/xt_set.c, revision 4. */
export const set = defineMatch<SetOptions>({
  name: 'set',
  summary: 'is the packet in an ipset?',
  options: [
    {
      name: 'match-set',
      aliases: ['set'],
      arguments: 2,
      negatable: true,
      placeholder: 'name src,dst',
      help: 'the set, and for each of its dimensions which side of the packet it is about',
      set(options, args, negated, context) {
        Object.assign(options, readSetReference(args, context), { negated })
      },
    },
    {
      name: 'return-nomatch',
      arguments: 0,
      repeatable: true,
      help: 'match the exceptions (nomatch) of the set, and them alone',
      set(options) {
        options.returnNomatch = true
      },
    },
    skipOption('update-counters', 'skipsCounters', 'with !: matching leaves the counters of the elements'),
    skipOption(
      'update-subcounters',
      'skipsSubcounters',
      'with !: leave the counters of the sets in a list:set',
    ),
    ...counterOptions('packets', 'packet'),
    ...counterOptions('bytes', 'byte'),
  ],
  finish(options) {
    if (options.setName === undefined)
      throw new OptionError('You must specify `--match-set` with proper arguments', {
        expected: '--match-set name src,dst',
      })
    return options as SetOptions
  },
  save: options => describe(options, '--'),
  list: options => describe(options, ''),
  compile(options) {
    const { negated } = options
    const query: SetQuery = {
      setName: options.setName,
      count: options.count,
      sources: options.sources,
      returnNomatch: options.returnNomatch ?? false,
      skipsCounters: options.skipsCounters ?? false,
      skipsSubcounters: options.skipsSubcounters ?? false,
      packets: options.packets,
      bytes: options.bytes,
    }
    return [
      {
        option: describe(options, '--'),
        passes: (skb, { sets }) => sets.test(skb, query) !== negated,
        seen: (skb, { sets }) => sets.shown(skb, query),
      },
    ]
  },
})

/** The set that a use of the match names. */
export function setsOfMatch(options: object): string {
  return (options as SetOptions).setName
}

/** Without `!` it says what is so anyway. */
function skipOption(
  name: string,
  field: 'skipsCounters' | 'skipsSubcounters',
  help: string,
): OptionSpec<SetOptions> {
  return {
    name,
    arguments: 0,
    negatable: true,
    repeatable: true,
    help,
    set(options, _args, negated) {
      if (negated) options[field] = true
    },
  }
}

function counterOptions(counter: Counter, noun: string): OptionSpec<SetOptions>[] {
  const names = ['eq', 'lt', 'gt'].map(operator => `${counter}-${operator}`)
  const option = (operator: 'eq' | 'lt' | 'gt', help: string): OptionSpec<SetOptions> => ({
    name: `${counter}-${operator}`,
    arguments: 1,
    negatable: operator === 'eq',
    excludes: names,
    placeholder: 'value',
    help: `the element's ${noun} counter is ${help} the value`,
    set(options, [text = ''], negated) {
      readCounter(options, counter, negated ? 'ne' : operator, text)
    },
  })
  return [option('eq', ''), option('lt', 'less than'), option('gt', 'greater than')]
}

function readCounter(
  options: Draft<SetOptions>,
  counter: Counter,
  operator: CounterTest['operator'],
  text: string,
): void {
  const value = parseBigNumber(text)
  if (value === undefined)
    throw new OptionError(`cannot parse '${text}' as a counter value`, { expected: 'a 64-bit number' })
  options[counter] = { operator, value }
}

/** @param dashes what precedes the options */
function describe(options: SetOptions, dashes: '--' | ''): string {
  const { negated, returnNomatch, skipsCounters, skipsSubcounters, packets, bytes } = options
  return words(
    `${not(negated)}${dashes}match-set ${setReferenceText(options)}`,
    returnNomatch === true && `${dashes}return-nomatch`,
    skipsCounters === true && `! ${dashes}update-counters`,
    skipsSubcounters === true && `! ${dashes}update-subcounters`,
    packets !== undefined && counterText('packets', packets, dashes),
    bytes !== undefined && counterText('bytes', bytes, dashes),
  )
}

function counterText(counter: Counter, { operator, value }: CounterTest, dashes: string): string {
  return operator === 'ne' ? `! ${dashes}${counter}-eq ${value}` : `${dashes}${counter}-${operator} ${value}`
}
