import type { Address } from '../../address.ts'
import { defineMatch, type MatchEnvironment, OptionError, type OptionSpec, type Test } from '../extension.ts'
import { words } from './support.ts'

interface AddrtypeOptions {
  readonly source?: TypeMatch
  readonly destination?: TypeMatch
  readonly limit?: 'in' | 'out'
}

interface TypeMatch {
  readonly types: readonly AddressType[]
  readonly negated: boolean
}

/** The kernel's `RTN_*`, in its order. */
const TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const
type AddressType = (typeof TYPES)[number]

const NOT_IN_IPV6: ReadonlySet<AddressType> = new Set([
  'BROADCAST',
  'BLACKHOLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
])

const typeOption = (name: string, side: 'source' | 'destination'): OptionSpec<AddrtypeOptions> => ({
  name,
  arguments: 1,
  negatable: true,
  placeholder: 'type[,type...]',
  help: `type of the ${side} address: LOCAL, UNICAST, BROADCAST, …`,
  set(options, [text = ''], negated) {
    options[side] = { types: parseTypes(text), negated }
  },
})

const limitOption = (limit: 'in' | 'out'): OptionSpec<AddrtypeOptions> => ({
  name: `limit-iface-${limit}`,
  arguments: 0,
  excludes: [limit === 'in' ? 'limit-iface-out' : 'limit-iface-in'],
  help: `as the ${limit === 'in' ? 'incoming' : 'outgoing'} device sees it`,
  set(options) {
    options.limit = limit
  },
})

/** `-m addrtype`: net/netfilter/xt_addrtype.c. What routing says about an address. */
export const addrtype = defineMatch<AddrtypeOptions>({
  name: 'addrtype',
  summary: 'whether an address is local, broadcast, …',
  options: [
    typeOption('src-type', 'source'),
    typeOption('dst-type', 'destination'),
    limitOption('in'),
    limitOption('out'),
  ],
  finish(options) {
    if (options.source === undefined && options.destination === undefined)
      throw new OptionError('addrtype: no type', { expected: '--src-type or --dst-type' })
    return options as AddrtypeOptions
  },
  check({ source, destination, limit }, { family, hooks }) {
    if (limit === 'out' && (hooks.has('PREROUTING') || hooks.has('INPUT')))
      return 'addrtype: output interface limitation not valid in PREROUTING and INPUT'
    if (limit === 'in' && (hooks.has('POSTROUTING') || hooks.has('OUTPUT')))
      return 'addrtype: input interface limitation not valid in POSTROUTING and OUTPUT'
    if (family === 4) return undefined
    const bad = [source, destination].flatMap(match => match?.types ?? []).find(type => NOT_IN_IPV6.has(type))
    return bad === undefined ? undefined : `addrtype: ipv6 does not know ${bad}`
  },
  save: ({ source, destination, limit }) =>
    words(
      source && optionText('src-type', source),
      destination && optionText('dst-type', destination),
      limit && `--limit-iface-${limit}`,
    ),
  list: ({ source, destination, limit }) =>
    words(
      'ADDRTYPE match',
      source && `src-type ${source.negated ? '!' : ''}${source.types.join(',')}`,
      destination && `dst-type ${destination.negated ? '!' : ''}${destination.types.join(',')}`,
      limit && `limit-${limit}`,
    ),
  compile({ source, destination, limit }, { family }) {
    const device = limit === undefined ? undefined : limit === 'in' ? 'inDevice' : 'outDevice'
    const tests: Test[] = []
    if (source) tests.push(typeTest('src-type', 'source', source, device, family))
    if (destination) tests.push(typeTest('dst-type', 'destination', destination, device, family))
    return tests
  },
})

function optionText(name: string, { types, negated }: TypeMatch): string {
  return `${negated ? '! ' : ''}--${name} ${types.join(',')}`
}

/** Names may be abbreviated; the first that fits counts. */
function parseTypes(text: string): readonly AddressType[] {
  const found = text.split(',').map(word => {
    const type = word === '' ? undefined : TYPES.find(name => name.startsWith(word.toUpperCase()))
    if (type === undefined) throw new OptionError(`bad type '${word}'`, { expected: TYPES.join(', ') })
    return type
  })
  return TYPES.filter(type => found.includes(type))
}

function typeTest(
  name: string,
  field: 'source' | 'destination',
  match: TypeMatch,
  device: 'inDevice' | 'outDevice' | undefined,
  family: 4 | 6,
): Test {
  const { negated } = match
  const wanted: ReadonlySet<string> = new Set(match.types)
  const asksRouting = match.types.some(type => ROUTED.has(type))
  const holds =
    family === 4
      ? (address: Address, at: string | undefined, environment: MatchEnvironment): boolean =>
          wanted.has(environment.addressType(address, at))
      : (address: Address, at: string | undefined, environment: MatchEnvironment): boolean =>
          holds6(wanted, asksRouting, address, at, environment)
  return {
    option: optionText(name, match),
    passes: (skb, environment) =>
      holds(skb[field], device === undefined ? undefined : skb[device], environment) !== negated,
    seen: (skb, environment) => {
      const at = device === undefined ? undefined : skb[device]
      return `${name} ${environment.addressType(skb[field], at)}`
    },
  }
}

const ROUTED: ReadonlySet<string> = new Set(['LOCAL', 'ANYCAST', 'UNREACHABLE'])

/** `match_type6`: the kind of address by its bits first, and only these three by routing. All must agree. */
function holds6(
  wanted: ReadonlySet<string>,
  asksRouting: boolean,
  address: Address,
  device: string | undefined,
  environment: MatchEnvironment,
): boolean {
  const multicast = address.w0 >>> 24 === 0xff
  const mapped = address.w0 === 0 && address.w1 === 0 && address.w2 === 0xffff
  if (wanted.has('MULTICAST') && !multicast) return false
  if (wanted.has('UNICAST') && (multicast || mapped || address.isZero())) return false
  if (wanted.has('UNSPEC') && !address.isZero()) return false
  if (!asksRouting) return true
  const type = environment.addressType(address, device)
  return ROUTED.has(type) && wanted.has(type)
}
