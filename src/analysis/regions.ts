import { EMPTY, FULL, type Node } from './bdd.ts'
import { FIELD_NAMES, type FieldName } from './fields.ts'
import { fieldText } from './region-text.ts'
import type { PacketSpace } from './space.ts'
import { taste } from './taste.ts'

/** A set of packets that people can read: every field for itself is one of some values. */
export interface Region {
  /** Only fields that are not free: `{ in: 'lan0', protocol: 'tcp', dport: '22' }`. */
  readonly fields: { readonly [name in FieldName]?: string }
  /** Conditions that are no fields, with `not ` before those that must fail. */
  readonly conditions: readonly string[]
  /** One vector of it. */
  readonly bits: Uint8Array
}

/** Widened first to last: what people care about least comes first, so that it is free wherever it can be. */
const WIDENING: readonly FieldName[] = [...FIELD_NAMES].reverse()
/** Fields at whose differences people look first keep their shape: widened last. */
const KEPT: readonly FieldName[] = ['protocol', 'dport', 'destination', 'source', 'out', 'in', 'state']
const ORDER: readonly FieldName[] = [...WIDENING.filter(name => !KEPT.includes(name)), ...KEPT.toReversed()]

/** The regions of a set, disjoint; `complete` is false when there are more than were asked for. */
export interface Regions {
  readonly regions: readonly Region[]
  readonly complete: boolean
}

/**
 * Cuts a set into boxes, greedily: takes a packet of what is left, widens one field after the other as far as the set
 * goes, and takes the box away.
 *
 * @param domain what lies outside of it does not exist, so boxes may reach into it
 * @param prefer sets to take the packets from where possible, best first
 */
export function regionsOf(
  space: PacketSpace,
  set: Node,
  domain: Node,
  prefer: readonly Node[] = [],
  limit = 20,
): Regions {
  const { bdd } = space
  const regions: Region[] = []
  let rest = set
  while (rest !== EMPTY) {
    if (regions.length === limit) return { regions, complete: false }
    const liked = prefer.map(node => bdd.and(rest, node)).find(node => node !== EMPTY) ?? rest
    const bits = new Uint8Array(space.width)
    bdd.pick(liked, bits, taste(space, {}))
    const { box, region } = widen(space, rest, domain, bits)
    regions.push(region)
    rest = bdd.difference(rest, box)
  }
  return { regions, complete: true }
}

/** One variable's or field's levels, from `from` to `to` (exclusive). */
interface Axis {
  readonly name: FieldName | undefined
  readonly from: number
  readonly to: number
}

function widen(
  space: PacketSpace,
  rest: Node,
  domain: Node,
  bits: Uint8Array,
): { box: Node; region: Region } {
  const { bdd } = space
  const outside = bdd.difference(domain, rest)
  const axes = axesOf(space)
  const sides = new Map<Axis, Node>(axes.map(axis => [axis, pointSide(space, axis, bits)]))
  for (const axis of axes) {
    const others = axes.filter(other => other !== axis).map(other => sides.get(other)!)
    const bad = bdd.and(space.conjunction(others), outside)
    const before = bdd.exists(bad, axis.to, space.width)
    sides.set(axis, bdd.not(bdd.exists(before, 0, axis.from)))
  }
  const box = space.conjunction([...sides.values()])
  const fields: { [name in FieldName]?: string } = {}
  const conditions: string[] = []
  for (const [axis, side] of sides) {
    if (side === FULL) continue
    const { name, from } = axis
    if (name === undefined) {
      const { text } = space.opaqueAt(from)!
      conditions.push(bits[from] === 1 ? text : `not ${text}`)
      continue
    }
    const possible = bdd.exists(bdd.exists(domain, axis.to, space.width), 0, from)
    if (bdd.isSubset(possible, side)) continue
    fields[name] = fieldText(space, name, side, possible)
  }
  return { box, region: { fields: inOrder(fields), conditions, bits } }
}

function axesOf(space: PacketSpace): readonly Axis[] {
  const axes: Axis[] = []
  for (let level = space.width - 1; level >= space.fieldBits; level--)
    axes.push({ name: undefined, from: level, to: level + 1 })
  for (const name of ORDER) {
    const { offset, bits } = space.fields[name]
    axes.push({ name, from: offset, to: offset + bits })
  }
  return axes
}

function pointSide(space: PacketSpace, { from, to }: Axis, bits: Uint8Array): Node {
  let node: Node = FULL
  for (let level = to - 1; level >= from; level--) {
    node = bits[level] === 1 ? space.bdd.make(level, EMPTY, node) : space.bdd.make(level, node, EMPTY)
  }
  return node
}

function inOrder(fields: { readonly [name in FieldName]?: string }): Region['fields'] {
  const ordered: { [name in FieldName]?: string } = {}
  for (const name of FIELD_NAMES) if (fields[name] !== undefined) ordered[name] = fields[name]
  return ordered
}

const LABELS: { readonly [name in FieldName]?: string } = {
  kind: 'packet',
  source: 'from',
  destination: 'to',
  icmpType: 'icmp type',
  icmpCode: 'icmp code',
  packetType: 'packet type',
}

/**
 * `in lan0, state NEW, protocol tcp, to 10.0.0.0/8, dport 22 when -m set --match-set bad src`; `any packet`.
 *
 * @example
 * const rules = text => parseRules(text, { family: 4 }).ruleset
 * const before = rules('iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22 -j ACCEPT')
 * const after = rules('iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22:23 -j ACCEPT')
 * formatRegion(diffRulesets(before, after).differences[0].region) // 'protocol tcp, packet whole, dport 23'
 */
export function formatRegion({ fields, conditions }: Pick<Region, 'fields' | 'conditions'>): string {
  const parts = Object.entries(fields).map(([name, text]) => `${LABELS[name as FieldName] ?? name} ${text}`)
  const what = parts.length === 0 ? 'any packet' : parts.join(', ')
  return conditions.length === 0 ? what : `${what} when ${conditions.join(' and ')}`
}
