import { Address } from '../../address.ts'
import { NEXTHDR_ROUTING } from '../../packet/extension-headers.ts'
import type { Skb } from '../../packet/skb.ts'
import { type Draft, defineMatch, type OptionSpec, type Test } from '../extension.ts'
import { findExtensionHeader } from './ipv6-headers.ts'
import { type HostMask, hostMatcher, not, parseHostMask, requireNumber, words } from './support.ts'

type NumberField = 'next' | 'length' | 'left' | 'last' | 'tag'
type Relation = 'eq' | 'gt' | 'lt'

interface NumberTest {
  readonly option: string
  readonly field: NumberField
  readonly relation: Relation
  readonly negated: boolean
}

interface SegmentTest {
  readonly which: 'p' | 'n' | 'l'
  readonly segment: HostMask
  readonly negated: boolean
}

interface SrhOptions {
  /** One value a field, however many relations: `--srh-hdr-len-lt 9` also changes what -eq compares with. */
  readonly values: Readonly<Partial<Record<NumberField, number>>>
  readonly numbers: readonly NumberTest[]
  readonly segments: readonly SegmentTest[]
}

/** In the order in which they are printed and tested. */
const NUMBERS: readonly (readonly [option: string, field: NumberField, relation: Relation, help: string])[] = [
  ['next-hdr', 'next', 'eq', 'the protocol behind the header'],
  ['hdr-len-eq', 'length', 'eq', 'length field equal to'],
  ['hdr-len-gt', 'length', 'gt', 'length field greater than'],
  ['hdr-len-lt', 'length', 'lt', 'length field less than'],
  ['segs-left-eq', 'left', 'eq', 'segments left equal to'],
  ['segs-left-gt', 'left', 'gt', 'segments left greater than'],
  ['segs-left-lt', 'left', 'lt', 'segments left less than'],
  ['last-entry-eq', 'last', 'eq', 'last entry equal to'],
  ['last-entry-gt', 'last', 'gt', 'last entry greater than'],
  ['last-entry-lt', 'last', 'lt', 'last entry less than'],
  ['tag', 'tag', 'eq', 'the tag'],
]

const SEGMENTS: readonly (readonly [which: SegmentTest['which'], help: string])[] = [
  ['p', 'the segment that was visited before'],
  ['n', 'the segment that comes next'],
  ['l', 'the last segment'],
]

const numberOption = ([name, field, relation, help]: (typeof NUMBERS)[number]): OptionSpec<SrhOptions> => ({
  name: `srh-${name}`,
  arguments: 1,
  negatable: true,
  placeholder: 'number',
  help,
  set(options: Draft<SrhOptions>, [text = ''], negated) {
    const value = requireNumber(text, 0, field === 'tag' ? 0xffff : 0xff)
    options.values = { ...options.values, [field]: value }
    options.numbers = [...(options.numbers ?? []), { option: name, field, relation, negated }]
  },
})

const segmentOption = ([which, help]: (typeof SEGMENTS)[number]): OptionSpec<SrhOptions> => ({
  name: `srh-${which}sid`,
  arguments: 1,
  negatable: true,
  placeholder: 'address[/length]',
  help,
  set(options, [text = ''], negated, context) {
    const segment = parseHostMask(text, context)
    options.segments = [...(options.segments ?? []), { which, segment, negated }]
  },
})

/** `-m srh`: net/ipv6/netfilter/ip6t_srh.c, revision 1. The segment routing header (RFC 8754). */
export const srh = defineMatch<SrhOptions>({
  name: 'srh',
  families: [6],
  summary: 'the IPv6 segment routing header',
  options: [...NUMBERS.map(numberOption), ...SEGMENTS.map(segmentOption)],
  defaults: () => ({ values: {}, numbers: [], segments: [] }),
  finish(options) {
    const { numbers = [], segments = [] } = options
    const place = (test: NumberTest): number => NUMBERS.findIndex(([name]) => name === test.option)
    const rank = (test: SegmentTest): number => SEGMENTS.findIndex(([which]) => which === test.which)
    return {
      values: options.values ?? {},
      numbers: numbers.toSorted((a, b) => place(a) - place(b)),
      segments: segments.toSorted((a, b) => rank(a) - rank(b)),
    }
  },
  save: ({ values, numbers, segments }) =>
    words(
      ...numbers.map(({ option, field, negated }) => `${not(negated)}--srh-${option} ${values[field]}`),
      ...segments.map(test => segmentText(test)),
    ),
  list: ({ values, numbers, segments }) =>
    words(
      'srh',
      ...numbers.map(({ option, field, negated }) => `${negated ? '!' : ''}${option}:${values[field]}`),
      ...segments.map(
        ({ which, segment, negated }) =>
          `${which}sid ${negated ? '!' : ''} ${segment.address}/${segment.length}`,
      ),
    ),
  compile: options => [
    { option: '-m srh', passes: skb => headerOf(skb) >= 0, seen: () => 'no segment routing header' },
    ...options.numbers.map(test => numberTest(test, options.values[test.field]!)),
    ...options.segments.map(segmentTest),
  ],
})

function segmentText({ which, segment, negated }: SegmentTest): string {
  return `${not(negated)}--srh-${which}sid ${segment.address}/${segment.length}`
}

/** Where a whole, sane segment routing header begins; -1: there is none. */
function headerOf(skb: Skb): number {
  const at = findExtensionHeader(skb, NEXTHDR_ROUTING)
  const { bytes } = skb
  if (at < 0 || at + 8 > bytes.length) return -1
  if (bytes.length - at < (bytes[at + 1]! + 1) * 8) return -1
  const isSegmentRouting = bytes[at + 2] === 4
  return isSegmentRouting && bytes[at + 3]! <= bytes[at + 4]! ? at : -1
}

/** The tag is compared as the machine reads it, which is not how the network writes it. */
const READERS: Readonly<Record<NumberField, (bytes: Uint8Array, at: number) => number>> = {
  next: (bytes, at) => bytes[at]!,
  length: (bytes, at) => bytes[at + 1]!,
  left: (bytes, at) => bytes[at + 3]!,
  last: (bytes, at) => bytes[at + 4]!,
  tag: (bytes, at) => bytes[at + 6]! | (bytes[at + 7]! << 8),
}

function numberTest({ option, field, relation, negated }: NumberTest, value: number): Test {
  const read = READERS[field]
  const low = relation === 'gt' ? value + 1 : relation === 'lt' ? 0 : value
  const high = relation === 'lt' ? value - 1 : relation === 'gt' ? 0xffff : value
  return {
    option: `${not(negated)}--srh-${option} ${value}`,
    passes(skb) {
      const seen = read(skb.bytes, headerOf(skb))
      return (seen >= low && seen <= high) !== negated
    },
    seen: skb => `${option} ${read(skb.bytes, headerOf(skb))}`,
  }
}

function segmentTest(test: SegmentTest): Test {
  const matches = hostMatcher(test.segment)
  const { which, negated } = test
  return {
    option: segmentText(test),
    passes(skb) {
      const segment = segmentOf(skb, which)
      return segment !== undefined && matches(segment) !== negated
    },
    seen: skb => `${which}sid ${segmentOf(skb, which) ?? '(none)'}`,
  }
}

/** Segments stand in reverse order; the first one has none before it, the last none behind it. */
function segmentOf(skb: Skb, which: SegmentTest['which']): Address | undefined {
  const at = headerOf(skb)
  const left = skb.bytes[at + 3]!
  if (which === 'p' && left === skb.bytes[at + 4]) return undefined
  if (which === 'n' && left === 0) return undefined
  const index = which === 'p' ? left + 1 : which === 'n' ? left - 1 : 0
  const offset = at + 8 + index * 16
  return offset + 16 > skb.bytes.length ? undefined : Address.read(6, skb.bytes, offset)
}
