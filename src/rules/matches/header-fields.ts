/** Matches on single fields of the IP header: length, ttl, hl, tos, dscp. */
import { type Draft, defineMatch, type MatchExtension, OptionError, type OptionSpec } from '../extension.ts'
import { parseNumber, scanNumber } from '../numbers.ts'
import {
  hex,
  type NegatableNumber,
  type NegatableRange,
  not,
  parseRange,
  rangeText,
  requireNumber,
} from './support.ts'

/** `-m length`: net/netfilter/xt_length.c. The length of the whole packet from its IP header. */
export const length = defineMatch<{ readonly length: NegatableRange }>({
  name: 'length',
  summary: "the packet's length",
  options: [
    {
      name: 'length',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'length[:length]',
      help: 'in bytes, with the IP header',
      set(options, [text = ''], negated) {
        options.length = { ...parseRange(text, 65535), negated }
      },
    },
  ],
  save: ({ length }) => `${not(length.negated)}--length ${rangeText(length)}`,
  list: ({ length }) => `length ${length.negated ? '!' : ''}${rangeText(length)}`,
  compile: ({ length }) => [
    {
      option: `${not(length.negated)}--length ${rangeText(length)}`,
      passes: ({ bytes }) => (bytes.length >= length.min && bytes.length <= length.max) !== length.negated,
      seen: ({ bytes }) => `length ${bytes.length}`,
    },
  ],
})

interface HopOptions {
  readonly relation: 'eq' | 'ne' | 'lt' | 'gt'
  readonly value: number
}

const SIGNS = { eq: '==', ne: '!=', lt: '<', gt: '>' } as const

/** `-m ttl` and `-m hl`: net/netfilter/xt_hl.c. FORWARD and later see the value after it was decremented. */
export const ttl = hopMatch('ttl', 4, ['ttl'])
export const hl = hopMatch('hl', 6, [])

function hopMatch(name: 'ttl' | 'hl', family: 4 | 6, aliases: readonly string[]): MatchExtension {
  const label = name.toUpperCase()
  const optionText = ({ relation, value }: HopOptions): string =>
    relation === 'ne' ? `! --${name}-eq ${value}` : `--${name}-${relation} ${value}`
  const option = (relation: 'eq' | 'lt' | 'gt', help: string): OptionSpec<HopOptions> => ({
    name: `${name}-${relation}`,
    aliases: relation === 'eq' ? aliases : [],
    arguments: 1,
    negatable: relation === 'eq',
    excludes: ['eq', 'lt', 'gt'].filter(other => other !== relation).map(other => `${name}-${other}`),
    placeholder: 'value',
    help,
    set(options: Draft<HopOptions>, [text = ''], negated) {
      options.relation = negated ? 'ne' : relation
      options.value = requireNumber(text, 0, 255)
    },
  })
  return defineMatch<HopOptions>({
    name,
    families: [family],
    summary: family === 4 ? 'time to live' : 'hop limit',
    options: [option('eq', 'equal to'), option('lt', 'less than'), option('gt', 'greater than')],
    finish(options) {
      if (options.relation === undefined)
        throw new OptionError(`${label} match: nothing to compare with`, {
          expected: `--${name}-eq, --${name}-lt or --${name}-gt`,
        })
      return options as HopOptions
    },
    save: optionText,
    list: ({ relation, value }) => `${label} match ${label} ${SIGNS[relation]} ${value}`,
    compile(options) {
      const { relation, value } = options
      const low = relation === 'gt' ? value + 1 : relation === 'lt' ? 0 : value
      const high = relation === 'lt' ? value - 1 : relation === 'gt' ? 255 : value
      const negated = relation === 'ne'
      const at = family === 4 ? 8 : 7
      return [
        {
          option: optionText(options),
          passes: ({ bytes }) => (bytes[at]! >= low && bytes[at]! <= high) !== negated,
          seen: ({ bytes }) => `${name} ${bytes[at]}`,
        },
      ]
    },
  })
}

interface TosOptions {
  readonly value: number
  readonly mask: number
  readonly negated: boolean
}

const TOS_NAMES: readonly (readonly [string, number])[] = [
  ['Minimize-Delay', 0x10],
  ['Maximize-Throughput', 0x08],
  ['Maximize-Reliability', 0x04],
  ['Minimize-Cost', 0x02],
  ['Normal-Service', 0x00],
]

/** What a name stands for leaves the ECN bits alone. */
const TOS_NAME_MASK = 0x3f

/** `-m tos`: net/netfilter/xt_dscp.c, `tos_mt`. IPv4's TOS or IPv6's traffic class. */
export const tos = defineMatch<TosOptions>({
  name: 'tos',
  summary: 'type of service',
  options: [
    {
      name: 'tos',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'value[/mask]|name',
      help: TOS_NAMES.map(([name]) => name).join(', '),
      set(options, [text = ''], negated) {
        Object.assign(options, parseTos(text), { negated })
      },
    },
  ],
  save: tosText,
  list({ value, mask, negated }, _family, numeric) {
    const name = TOS_NAMES.find(([, known]) => known === value)
    const text =
      !numeric && mask === TOS_NAME_MASK && name ? ` ${name[0]}` : `${hex(value, 2)}/${hex(mask, 2)}`
    return `tos match${negated ? '!' : ''}${text}`
  },
  compile(options) {
    const { value, mask, negated } = options
    return [
      {
        option: tosText(options),
        passes: skb => ((skb.tos & mask) === value) !== negated,
        seen: skb => `tos ${hex(skb.tos, 2)}`,
      },
    ]
  },
})

function tosText({ value, mask, negated }: TosOptions): string {
  return `${not(negated)}--tos ${hex(value, 2)}/${hex(mask, 2)}`
}

/** Also what `-j TOS --set-tos` reads. */
function parseTos(text: string): { readonly value: number; readonly mask: number } {
  const scanned = scanNumber(text)
  if (scanned === undefined || scanned.value > 255) {
    const found = TOS_NAMES.find(([name]) => name.toLowerCase() === text.toLowerCase())
    if (found === undefined)
      throw new OptionError(`unknown TOS '${text}'`, {
        expected: 'value[/mask] or a name such as Minimize-Delay',
      })
    return { value: found[1], mask: TOS_NAME_MASK }
  }
  if (scanned.rest === '') return { value: Number(scanned.value), mask: 0xff }
  const mask = scanned.rest.startsWith('/') ? parseNumber(scanned.rest.slice(1), 0, 255) : undefined
  if (mask === undefined) throw new OptionError(`bad TOS '${text}'`, { expected: 'value/mask' })
  return { value: Number(scanned.value), mask }
}

const DSCP_CLASSES: readonly (readonly [string, number])[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(n => [`CS${n}`, n * 8] as const),
  ['BE', 0],
  ...[1, 2, 3, 4].flatMap(x => [1, 2, 3].map(y => [`AF${x}${y}`, x * 8 + y * 2] as const)),
  ['EF', 0x2e],
]

/** Also what `-j DSCP --set-dscp-class` reads. */
function parseDscpClass(text: string): number {
  const found = DSCP_CLASSES.find(([name]) => text.toUpperCase().startsWith(name))
  if (found === undefined)
    throw new OptionError(`unknown DSCP class '${text}'`, { expected: 'BE, EF, AF11…AF43 or CS0…CS7' })
  return found[1]
}

/** `-m dscp`: net/netfilter/xt_dscp.c. */
export const dscp = defineMatch<{ readonly dscp: NegatableNumber }>({
  name: 'dscp',
  summary: 'differentiated services code point',
  options: [
    {
      name: 'dscp',
      arguments: 1,
      negatable: true,
      excludes: ['dscp-class'],
      placeholder: 'value',
      help: 'from 0 to 63',
      set(options, [text = ''], negated) {
        options.dscp = { value: requireNumber(text, 0, 63), negated }
      },
    },
    {
      name: 'dscp-class',
      arguments: 1,
      negatable: true,
      excludes: ['dscp'],
      placeholder: 'class',
      help: 'BE, EF, AFxx or CSx',
      set(options, [text = ''], negated) {
        options.dscp = { value: parseDscpClass(text), negated }
      },
    },
  ],
  finish(options) {
    if (options.dscp === undefined)
      throw new OptionError('dscp: no value', { expected: '--dscp or --dscp-class' })
    return { dscp: options.dscp }
  },
  save: ({ dscp }) => `${not(dscp.negated)}--dscp ${hex(dscp.value, 2)}`,
  list: ({ dscp }) => `DSCP match ${dscp.negated ? '!' : ''}${hex(dscp.value, 2)}`,
  compile: ({ dscp }) => [
    {
      option: `${not(dscp.negated)}--dscp ${hex(dscp.value, 2)}`,
      passes: skb => (skb.tos >> 2 === dscp.value) !== dscp.negated,
      seen: skb => `dscp ${hex(skb.tos >> 2, 2)}`,
    },
  ],
})
