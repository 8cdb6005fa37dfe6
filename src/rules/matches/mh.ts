import { NEXTHDR_NONE } from '../../packet/extension-headers.ts'
import { defineMatch, OptionError, type Test } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { headerTest } from '../port-tests.ts'
import { type NegatableRange, not, rangeText, words } from './support.ts'

interface MhOptions {
  readonly type: NegatableRange
}

const IPPROTO_MH = 135
const HEADER_BYTES = 6

/** Mobility header types (RFC 6275, 6.1) by number: the name, and what it may be called for short. */
const TYPES = [
  ['binding-refresh-request', 'brr'],
  ['home-test-init', 'hoti'],
  ['careof-test-init', 'coti'],
  ['home-test', 'hot'],
  ['careof-test', 'cot'],
  ['binding-update', 'bu'],
  ['binding-acknowledgement', 'ba'],
  ['binding-error', 'be'],
] as const

const ANY: NegatableRange = { min: 0, max: 255, negated: false }

/** `-m mh`: net/ipv6/netfilter/ip6t_mh.c. Mobile IPv6's header, which nothing may follow. */
export const mh = defineMatch<MhOptions>({
  name: 'mh',
  families: [6],
  protocols: [IPPROTO_MH],
  summary: 'the mobility header',
  options: [
    {
      name: 'mh-type',
      arguments: 1,
      negatable: true,
      placeholder: 'type[:type]',
      help: TYPES.map(([name, short]) => `${name} (${short})`).join(', '),
      set(options, [text = ''], negated) {
        options.type = { ...parseTypes(text), negated }
      },
    },
  ],
  defaults: () => ({ type: ANY }),
  save: ({ type }) => (isAny(type) ? '' : `${not(type.negated)}--mh-type ${rangeText(type)}`),
  list: ({ type }, _family, numeric) =>
    words('mh', !(isAny(type) && !type.negated) && `${type.negated ? '!' : ''}${listed(type, numeric)}`),
  compile: ({ type }) => [headerTest('mh', HEADER_BYTES, false), PAYLOAD, typeTest(type)],
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
  const min = colon === 0 ? 0 : parseType(text.slice(0, colon))
  const max = colon === text.length - 1 ? 255 : parseType(text.slice(colon + 1))
  if (min > max) throw new OptionError(`bad range '${text}'`, { hint: `write ${max}:${min}` })
  return { min, max }
}

/** A name, the first that begins so, or a number. */
function parseType(text: string): number {
  const word = text.toLowerCase()
  const whole = TYPES.findIndex(names => names.some(name => name === word))
  const type = whole >= 0 ? whole : TYPES.findIndex(names => names.some(name => name.startsWith(word)))
  const found = type >= 0 ? type : parseNumber(text, 0, 255)
  if (found === undefined)
    throw new OptionError(`bad type '${text}'`, { expected: TYPES.map(([name]) => name).join(', ') })
  return found
}

function listed({ min, max }: NegatableRange, numeric: boolean): string {
  const name = (type: number) => (numeric ? undefined : TYPES[type]?.[0]) ?? `${type}`
  return min === max ? name(min) : `${name(min)}:${name(max)}`
}

/** "Payload Proto" must say that nothing follows (RFC 6275, 6.1.1); else the packet is dropped. */
const PAYLOAD: Test = {
  option: '-m mh',
  passes(skb, environment) {
    if (skb.bytes[skb.transportOffset] === NEXTHDR_NONE) return true
    environment.hotdrop = true
    return false
  },
  seen: skb => `payload protocol ${skb.bytes[skb.transportOffset]}`,
}

function typeTest(type: NegatableRange): Test {
  const { min, max, negated } = type
  return {
    option: `${not(negated)}--mh-type ${rangeText(type)}`,
    passes(skb) {
      const seen = skb.bytes[skb.transportOffset + 2]!
      return (seen >= min && seen <= max) !== negated
    },
    seen: skb => `mh-type ${skb.bytes[skb.transportOffset + 2]}`,
    pure: true,
  }
}
