import { NEXTHDR_NONE } from '../../packet/extension-headers.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { headerTest } from '../port-tests.ts'
import { type NegatableRange, not, rangeText, words } from './support.ts'

interface MhOptions {
  readonly type: NegatableRange
}

/** RFC 6275, 6.1; the index is the type's number. */
const TYPES: readonly (readonly [name: string, short: string])[] = [
  ['binding-refresh-request', 'brr'],
  ['home-test-init', 'hoti'],
  ['careof-test-init', 'coti'],
  ['home-test', 'hot'],
  ['careof-test', 'cot'],
  ['binding-update', 'bu'],
  ['binding-acknowledgement', 'ba'],
  ['binding-error', 'be'],
]

/** `-m mh`: net/ipv6/netfilter/ip6t_mh.c. Mobile IPv6. */
export const mh = defineMatch<MhOptions>({
  name: 'mh',
  families: [6],
  protocols: [135],
  summary: 'the type of the mobility header',
  options: [
    {
      name: 'mh-type',
      arguments: 1,
      negatable: true,
      placeholder: 'type[:type]',
      help: `a number or ${TYPES.map(([name, short]) => `${name} (${short})`).join(', ')}`,
      set(options, [text = ''], negated) {
        options.type = { ...parseTypes(text), negated }
      },
    },
  ],
  defaults: () => ({ type: { min: 0, max: 255, negated: false } }),
  save: ({ type }) => (isAny(type) ? '' : `${not(type.negated)}--mh-type ${rangeText(type)}`),
  list({ type }, _family, numeric) {
    if (isAny(type) && !type.negated) return 'mh'
    const name = (number: number): string => (numeric ? undefined : TYPES[number]?.[0]) ?? `${number}`
    const range = type.min === type.max ? name(type.min) : `${name(type.min)}:${name(type.max)}`
    return words('mh', `${type.negated ? '!' : ''}${range}`)
  },
  compile: ({ type }) => [
    headerTest('mh', 6, false),
    {
      option: `${not(type.negated)}--mh-type ${rangeText(type)}`,
      passes({ bytes, transportOffset }, environment) {
        // nothing may follow a mobility header
        if (bytes[transportOffset] !== NEXTHDR_NONE) {
          environment.hotdrop = true
          return false
        }
        const value = bytes[transportOffset + 2]!
        return (value >= type.min && value <= type.max) !== type.negated
      },
      seen: ({ bytes, transportOffset }) => `mh-type ${bytes[transportOffset + 2]}`,
    },
  ],
})

function isAny({ min, max }: NegatableRange): boolean {
  return min === 0 && max === 255
}

function parseTypes(text: string): { readonly min: number; readonly max: number } {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const type = parseType(text)
    return { min: type, max: type }
  }
  const first = text.slice(0, colon)
  const last = text.slice(colon + 1)
  const min = first === '' ? 0 : parseType(first)
  const max = last === '' ? 255 : parseType(last)
  if (min > max) throw new OptionError(`bad range of types '${text}'`, { hint: `write ${max}:${min}` })
  return { min, max }
}

/** A number, or the beginning of a name: the first that fits. */
function parseType(text: string): number {
  const lower = text.toLowerCase()
  const named = TYPES.findIndex(([name, short]) => name.startsWith(lower) || short === lower)
  if (lower !== '' && named >= 0) return named
  const number = parseNumber(text, 0, 255)
  if (number !== undefined) return number
  throw new OptionError(`unknown mobility header type '${text}'`, { expected: 'a name or a number up to 255' })
}
