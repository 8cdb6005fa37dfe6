import type { Address } from '../../address.ts'
import { parseAddress } from '../addresses.ts'
import { defineMatch, OptionError, type OptionSpec, type ParseContext, type Test } from '../extension.ts'
import { not, words } from './support.ts'

interface IprangeOptions {
  readonly source?: AddressRange
  readonly destination?: AddressRange
}

/** Both ends included; nothing lies in a reversed range. */
interface AddressRange {
  readonly first: Address
  readonly last: Address
  readonly negated: boolean
}

const rangeOption = (name: string, side: 'source' | 'destination'): OptionSpec<IprangeOptions> => ({
  name,
  arguments: 1,
  negatable: true,
  placeholder: 'address[-address]',
  help: `the ${side} address lies in this range`,
  set(options, [text = ''], negated, context) {
    options[side] = { ...parseAddresses(text, context), negated }
  },
})

/** `-m iprange`: net/netfilter/xt_iprange.c. */
export const iprange = defineMatch<IprangeOptions>({
  name: 'iprange',
  summary: 'ranges of addresses',
  options: [rangeOption('src-range', 'source'), rangeOption('dst-range', 'destination')],
  finish(options) {
    if (options.source === undefined && options.destination === undefined)
      throw new OptionError('iprange: no range', { expected: '--src-range or --dst-range' })
    return options as IprangeOptions
  },
  save: ({ source, destination }) =>
    words(
      source && `${not(source.negated)}--src-range ${rangeText(source)}`,
      destination && `${not(destination.negated)}--dst-range ${rangeText(destination)}`,
    ),
  list: ({ source, destination }) =>
    words(
      source && `source IP range ${not(source.negated)}${rangeText(source)}`,
      destination && `destination IP range ${not(destination.negated)}${rangeText(destination)}`,
    ),
  compile: ({ source, destination }) => [
    ...rangeTest('src-range', 'source', source),
    ...rangeTest('dst-range', 'destination', destination),
  ],
})

function parseAddresses(text: string, context: ParseContext): { first: Address; last: Address } {
  const dash = text.indexOf('-')
  const first = numericAddress(dash < 0 ? text : text.slice(0, dash), context)
  return { first, last: dash < 0 ? first : numericAddress(text.slice(dash + 1), context) }
}

function numericAddress(text: string, { family }: ParseContext): Address {
  const address = parseAddress(text, family)
  if (address !== undefined) return address
  throw new OptionError(`bad address '${text}'`, { expected: `an IPv${family} address` })
}

function rangeText({ first, last }: AddressRange): string {
  return `${first}-${last}`
}

function rangeTest(
  name: string,
  field: 'source' | 'destination',
  range: AddressRange | undefined,
): readonly Test[] {
  if (range === undefined) return []
  const { first, last, negated } = range
  return [
    {
      option: `${not(negated)}--${name} ${rangeText(range)}`,
      passes: skb => (skb[field].compare(first) >= 0 && skb[field].compare(last) <= 0) !== negated,
      seen: skb => `${field} ${skb[field]}`,
    },
  ]
}
