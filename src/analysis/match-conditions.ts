/** The matches that packet sets understand exactly: one entry each, beside the kernel's own test in rules/matches. */
import type { Address } from '../address.ts'
import type { ConntrackOptions } from '../rules/matches/conntrack-options.ts'
import { StateBit } from '../rules/matches/states.ts'
import type { TcpOptions } from '../rules/matches/tcp.ts'
import type { UdpOptions } from '../rules/matches/udp.ts'
import { FULL, type Node } from './bdd.ts'
import { DIRECTIONS, KINDS, PACKET_TYPES, type STATES } from './fields.ts'
import type { PacketSpace } from './space.ts'
import type { Mutable } from './table-context.ts'
import { NO_MAC } from './vocabulary.ts'

interface ExactMatch {
  /** What must stand still in the table for the translation to hold. */
  needs(options: object): readonly Mutable[]
  /** @param opaque makes the free variable for a part that is no field */
  translate(options: object, space: PacketSpace, opaque: (text: string) => Node): Node
}

function exact<O>(
  needs: readonly Mutable[],
  translate: (options: O, space: PacketSpace, opaque: (text: string) => Node) => Node,
): ExactMatch {
  return { needs: () => needs, translate: (options, space, opaque) => translate(options as O, space, opaque) }
}

interface NumberRange {
  readonly min: number
  readonly max: number
}
interface Negatable {
  readonly negated: boolean
}

export const EXACT_MATCHES: Readonly<Record<string, ExactMatch>> = {
  comment: exact([], () => FULL),

  tcp: exact<TcpOptions>([], ({ sport, dport, flags, option }, space, opaque) =>
    space.all(
      whole(space),
      port(space, 'sport', sport),
      port(space, 'dport', dport),
      flags === undefined || (flags.mask === 0 && flags.compare === 0)
        ? space.negatedIf(flags?.negated ?? false, FULL)
        : space.negatedIf(flags.negated, flagsAre(space, flags.mask, flags.compare)),
      option === undefined ? FULL : opaque(`${option.negated ? '! ' : ''}--tcp-option ${option.kind}`),
    ),
  ),

  udp: exact<UdpOptions>([], ({ sport, dport }, space) =>
    space.all(whole(space), port(space, 'sport', sport), port(space, 'dport', dport)),
  ),

  multiport: exact<
    Negatable & { readonly side: 'sports' | 'dports' | 'ports'; readonly ranges: readonly NumberRange[] }
  >([], ({ side, ranges, negated }, space) => {
    const among = (name: 'sport' | 'dport'): Node =>
      space.any(...ranges.map(({ min, max }) => space.between(name, min, max)))
    const ports =
      side === 'ports'
        ? space.any(among('sport'), among('dport'))
        : among(side === 'sports' ? 'sport' : 'dport')
    return space.all(whole(space), space.negatedIf(negated, ports))
  }),

  icmp: exact<IcmpOptions>([], (options, space) => icmpType(options, space, 255)),
  icmp6: exact<IcmpOptions>([], (options, space) => icmpType(options, space, undefined)),

  iprange: exact<{ readonly source?: AddressRange; readonly destination?: AddressRange }>(
    ['addresses'],
    ({ source, destination }, space) =>
      space.all(addressRange(space, 'source', source), addressRange(space, 'destination', destination)),
  ),

  mac: exact<Negatable & { readonly address: string }>([], ({ address, negated }, space) =>
    space.named('mac', mac => mac !== NO_MAC && (mac === address) !== negated),
  ),

  pkttype: exact<Negatable & { readonly type: (typeof PACKET_TYPES)[number] }>(
    [],
    ({ type, negated }, space) =>
      space.negatedIf(negated, space.is('packetType', PACKET_TYPES.indexOf(type))),
  ),

  mark: exact<Negatable & { readonly mark: { readonly value: number; readonly mask: number } }>(
    ['mark'],
    ({ mark, negated }, space) =>
      space.negatedIf(
        negated,
        (mark.value & ~mark.mask) !== 0 ? 0 : space.masked('mark', mark.value, mark.mask),
      ),
  ),

  length: exact<{ readonly length: NumberRange & Negatable }>(['length'], ({ length }, space) =>
    space.negatedIf(length.negated, space.between('length', length.min, length.max)),
  ),

  ttl: exact<HopOptions>(['ttl'], hops),
  hl: exact<HopOptions>(['ttl'], hops),

  tos: exact<Negatable & { readonly value: number; readonly mask: number }>(
    ['tos'],
    ({ value, mask, negated }, space) =>
      space.negatedIf(negated, (value & ~mask) !== 0 ? 0 : space.masked('tos', value, mask)),
  ),

  dscp: exact<{ readonly dscp: Negatable & { readonly value: number } }>(['tos'], ({ dscp }, space) =>
    space.negatedIf(dscp.negated, space.masked('tos', dscp.value << 2, 0xfc)),
  ),

  state: exact<Negatable & { readonly states: number }>(['state'], ({ states, negated }, space) =>
    space.negatedIf(negated, stateIn(space, states)),
  ),

  conntrack: exact<ConntrackOptions>(['state'], conntrack),
}

function whole(space: PacketSpace): Node {
  return space.is('kind', KINDS.indexOf('whole'))
}

function port(
  space: PacketSpace,
  name: 'sport' | 'dport',
  match: (NumberRange & Negatable) | undefined,
): Node {
  return match === undefined
    ? FULL
    : space.negatedIf(match.negated, space.between(name, match.min, match.max))
}

function flagsAre(space: PacketSpace, mask: number, compare: number): Node {
  return (compare & ~mask) !== 0 ? 0 : space.masked('flags', compare, mask)
}

interface IcmpOptions extends Negatable {
  readonly type: number
  readonly min: number
  readonly max: number
}

function icmpType(
  { type, min, max, negated }: IcmpOptions,
  space: PacketSpace,
  any: number | undefined,
): Node {
  const types =
    type === any ? FULL : space.all(space.is('icmpType', type), space.between('icmpCode', min, max))
  return space.all(whole(space), space.negatedIf(negated, types))
}

interface AddressRange extends Negatable {
  readonly first: Address
  readonly last: Address
}

function addressRange(
  space: PacketSpace,
  name: 'source' | 'destination',
  range: AddressRange | undefined,
): Node {
  if (range === undefined) return FULL
  return space.negatedIf(range.negated, space.inAddressRange(name, range.first, range.last))
}

interface HopOptions {
  readonly relation: 'eq' | 'ne' | 'lt' | 'gt'
  readonly value: number
}

function hops({ relation, value }: HopOptions, space: PacketSpace): Node {
  switch (relation) {
    case 'eq':
      return space.is('ttl', value)
    case 'ne':
      return space.bdd.not(space.is('ttl', value))
    case 'lt':
      return space.between('ttl', 0, value - 1)
    case 'gt':
      return space.between('ttl', value + 1, 255)
    default:
      return relation satisfies never
  }
}

function stateIn(space: PacketSpace, bits: number): Node {
  const named = space.named('state', state => (bits & StateBit[state as (typeof STATES)[number]]) !== 0)
  return space.any(
    named,
    (bits & StateBit.SNAT) === 0 ? 0 : space.is('snat', 1),
    (bits & StateBit.DNAT) === 0 ? 0 : space.is('dnat', 1),
  )
}

/** A packet has a connection unless it is INVALID or UNTRACKED; without one only `--ctstate` is asked. */
function conntrack(options: ConntrackOptions, space: PacketSpace, opaque: (text: string) => Node): Node {
  const { state, protocol, addresses, ports, status, expire, direction } = options
  const parts: Node[] = []
  if (direction !== undefined)
    parts.push(space.is('direction', DIRECTIONS.indexOf(direction === 0 ? 'original' : 'reply')))
  const rest = { protocol, addresses, ports, status, expire }
  if (Object.values(rest).some(part => part !== undefined)) parts.push(opaque(`ct ${JSON.stringify(rest)}`))
  const others = space.all(...parts)
  const tracked = space.named('state', name => name !== 'INVALID' && name !== 'UNTRACKED')
  if (state === undefined) return space.all(tracked, others)
  return space.all(
    space.negatedIf(state.negated, stateIn(space, state.value)),
    space.any(space.bdd.not(tracked), others),
  )
}
