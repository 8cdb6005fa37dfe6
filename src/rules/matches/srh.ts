import { Address } from '../../address.ts'
import { NEXTHDR_ROUTING } from '../../packet/extension-headers.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type OptionSpec } from '../extension.ts'
import { findExtensionHeader } from './ipv6-headers.ts'
import { type HostMask, hostMatcher, not, parseHostMask, requireNumber, words } from './support.ts'

type NumberField = 'nextHeader' | 'length' | 'left' | 'last' | 'tag'
type SidField = 'previous' | 'next' | 'final'
type Relation = 'eq' | 'gt' | 'lt'

/** `! --srh-segs-left-gt 3` */
interface Comparison {
  readonly field: NumberField
  readonly relation: Relation
  readonly negated: boolean
}

interface Sid {
  readonly field: SidField
  readonly sid: HostMask
  readonly negated: boolean
}

/** The kernel keeps one value a field: where eq, gt and lt stand side by side, the last value is that of all three. */
interface SrhOptions {
  readonly values: { readonly [field in NumberField]?: number }
  readonly comparisons: readonly Comparison[]
  readonly sids: readonly Sid[]
}

interface NumberRow {
  readonly field: NumberField
  readonly relation: Relation
  /** Without `srh-`. */
  readonly name: string
  readonly help: string
}

/** In the order in which they are printed. */
const NUMBERS: readonly NumberRow[] = [
  { field: 'nextHeader', relation: 'eq', name: 'next-hdr', help: 'what follows the header' },
  ...relations('length', 'hdr-len', "the header's length field"),
  ...relations('left', 'segs-left', 'segments left'),
  ...relations('last', 'last-entry', 'number of the last segment'),
  { field: 'tag', relation: 'eq', name: 'tag', help: 'tag' },
]

function relations(field: NumberField, name: string, help: string): NumberRow[] {
  return [
    { field, relation: 'eq', name: `${name}-eq`, help: `${help}, equal to` },
    { field, relation: 'gt', name: `${name}-gt`, help: `${help}, greater than` },
    { field, relation: 'lt', name: `${name}-lt`, help: `${help}, less than` },
  ]
}

const SIDS: readonly { readonly field: SidField; readonly name: string; readonly help: string }[] = [
  { field: 'previous', name: 'psid', help: 'the segment before this one' },
  { field: 'next', name: 'nsid', help: 'the segment after this one' },
  { field: 'final', name: 'lsid', help: 'the last segment' },
]

/** `-m srh`: net/ipv6/netfilter/ip6t_srh.c. The segment routing header (RFC 8754). */
export const srh = defineMatch<SrhOptions>({
  name: 'srh',
  families: [6],
  summary: 'the segment routing header',
  options: [...NUMBERS.map(numberOption), ...SIDS.map(sidOption)],
  defaults: () => ({ values: {}, comparisons: [], sids: [] }),
  save: srhText,
  list: ({ values, comparisons, sids }) =>
    words(
      'srh',
      ...inOrder(comparisons).map(
        ([{ name, field }, { negated }]) => `${name}:${negated ? '!' : ''}${values[field]}`,
      ),
      ...sidsInOrder(sids).map(
        ([{ name }, { sid, negated }]) => `${name} ${negated ? '!' : ''} ${sidText(sid)}`,
      ),
    ),
  compile: options => [
    {
      option: words('-m srh', srhText(options)),
      passes: compileHeader(options),
      seen(skb) {
        const at = findHeader(skb)
        if (at < 0) return 'no segment routing header'
        const { bytes } = skb
        return `segs-left ${bytes[at + 3]} last-entry ${bytes[at + 4]} tag ${skb.u16(at + 6)}`
      },
      pure: true,
    },
  ],
})

function numberOption({ field, relation, name, help }: NumberRow): OptionSpec<SrhOptions> {
  return {
    name: `srh-${name}`,
    arguments: 1,
    negatable: true,
    placeholder: 'number',
    help,
    set(options, [text = ''], negated) {
      const value = requireNumber(text, 0, field === 'tag' ? 0xffff : 0xff)
      options.values = { ...options.values, [field]: value }
      options.comparisons = [...(options.comparisons ?? []), { field, relation, negated }]
    },
  }
}

function sidOption({ field, name, help }: (typeof SIDS)[number]): OptionSpec<SrhOptions> {
  return {
    name: `srh-${name}`,
    arguments: 1,
    negatable: true,
    placeholder: 'address[/mask]',
    help,
    set(options, [text = ''], negated, context) {
      options.sids = [...(options.sids ?? []), { field, sid: parseHostMask(text, context), negated }]
    },
  }
}

/** With the mask, even a whole one. */
function sidText({ address, length }: HostMask): string {
  return `${address}/${length}`
}

function inOrder(comparisons: readonly Comparison[]): (readonly [NumberRow, Comparison])[] {
  return NUMBERS.flatMap(row =>
    comparisons
      .filter(({ field, relation }) => field === row.field && relation === row.relation)
      .map(comparison => [row, comparison] as const),
  )
}

function sidsInOrder(sids: readonly Sid[]): (readonly [(typeof SIDS)[number], Sid])[] {
  return SIDS.flatMap(row => sids.filter(({ field }) => field === row.field).map(sid => [row, sid] as const))
}

function srhText({ values, comparisons, sids }: SrhOptions): string {
  return words(
    ...inOrder(comparisons).map(
      ([{ name, field }, { negated }]) => `${not(negated)}--srh-${name} ${values[field]}`,
    ),
    ...sidsInOrder(sids).map(
      ([{ name }, { sid, negated }]) => `${not(negated)}--srh-${name} ${sidText(sid)}`,
    ),
  )
}

const HEADER_BYTES = 8
const SEGMENT_BYTES = 16
const TYPE_SEGMENT_ROUTING = 4

/** Where a whole segment routing header with a sensible number of segments left begins; -1: there is none. */
function findHeader(skb: Skb): number {
  const { bytes } = skb
  const at = findExtensionHeader(skb, NEXTHDR_ROUTING)
  if (at < 0 || at + HEADER_BYTES > bytes.length) return -1
  if (at + (bytes[at + 1]! + 1) * 8 > bytes.length) return -1
  return bytes[at + 2] === TYPE_SEGMENT_ROUTING && bytes[at + 3]! <= bytes[at + 4]! ? at : -1
}

function compileHeader({ values, comparisons, sids }: SrhOptions): (skb: Skb) => boolean {
  const tests = sids.map(({ field, sid, negated }) => ({ field, matches: hostMatcher(sid), negated }))
  return skb => {
    const at = findHeader(skb)
    return (
      at >= 0 &&
      comparisons.every(
        ({ field, relation, negated }) =>
          compare(readField(skb, at, field), relation, values[field]!) !== negated,
      ) &&
      tests.every(({ field, matches, negated }) => {
        const segment = readSegment(skb, at, field)
        return segment !== undefined && matches(segment) !== negated
      })
    )
  }
}

function compare(seen: number, relation: Relation, value: number): boolean {
  if (relation === 'eq') return seen === value
  return relation === 'gt' ? seen > value : seen < value
}

function readField(skb: Skb, at: number, field: NumberField): number {
  switch (field) {
    case 'nextHeader':
      return skb.bytes[at]!
    case 'length':
      return skb.bytes[at + 1]!
    case 'left':
      return skb.bytes[at + 3]!
    case 'last':
      return skb.bytes[at + 4]!
    case 'tag':
      // the kernel forgets to swap it: `--srh-tag 7` is the tag 0x0700
      return skb.bytes[at + 6]! | (skb.bytes[at + 7]! << 8)
    default:
      return field satisfies never
  }
}

/** Segments stand in the header from the last to the first. */
function readSegment({ bytes }: Skb, at: number, field: SidField): Address | undefined {
  const left = bytes[at + 3]!
  if ((field === 'previous' && left === bytes[at + 4]) || (field === 'next' && left === 0)) return undefined
  const index = field === 'final' ? 0 : field === 'previous' ? left + 1 : left - 1
  const offset = at + HEADER_BYTES + index * SEGMENT_BYTES
  return offset + SEGMENT_BYTES > bytes.length ? undefined : Address.read(6, bytes, offset)
}
