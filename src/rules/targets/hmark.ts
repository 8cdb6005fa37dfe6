import { type Family, maskOf } from '../../address.ts'
import { type Draft, defineTarget, OptionError, type OptionSpec, Verdict } from '../extension.ts'
import { parsePrefixLength } from '../matches/support.ts'
import { type HashInput, hashConnection, hashPacket } from './hmark-hash.ts'
import { ALL_BITS, hex, parseBounded } from './mark-value.ts'

export interface HmarkOptions {
  readonly srcPrefix?: number
  readonly dstPrefix?: number
  readonly sportMask?: number
  readonly dportMask?: number
  readonly spiMask?: number
  readonly sport?: number
  readonly dport?: number
  readonly spi?: number
  readonly protoMask?: number
  readonly seed: number
  readonly modulus: number
  readonly offset?: number
  /** Hash the connection's tuples instead of the packet's header. */
  readonly ct: boolean
}

/** Options with a number, in the order in which they are printed: how, and with how many bits. */
const NUMBERS: readonly {
  readonly field: 'sportMask' | 'dportMask' | 'spiMask' | 'sport' | 'dport' | 'spi' | 'protoMask'
  readonly name: string
  readonly bits: 16 | 32
  /** Hexadecimal digits, at least. */
  readonly digits: number
  readonly help: string
}[] = [
  {
    field: 'sportMask',
    name: 'sport-mask',
    bits: 16,
    digits: 4,
    help: 'which bits of the source port are hashed',
  },
  {
    field: 'dportMask',
    name: 'dport-mask',
    bits: 16,
    digits: 4,
    help: 'which bits of the destination port are hashed',
  },
  {
    field: 'spiMask',
    name: 'spi-mask',
    bits: 32,
    digits: 8,
    help: 'which bits of the SPI of AH or ESP are hashed',
  },
  { field: 'sport', name: 'sport', bits: 16, digits: 4, help: 'bits to set in the source port' },
  { field: 'dport', name: 'dport', bits: 16, digits: 4, help: 'bits to set in the destination port' },
  { field: 'spi', name: 'spi', bits: 32, digits: 8, help: 'bits to set in the SPI' },
  {
    field: 'protoMask',
    name: 'proto-mask',
    bits: 16,
    digits: 2,
    help: 'which bits of the protocol go into the mark',
  },
]

/** `-j HMARK`: net/netfilter/xt_HMARK.c. The fwmark becomes a hash of who talks to whom, the same in both directions. */
export const hmark = defineTarget<HmarkOptions>({
  name: 'HMARK',
  summary: 'set the fwmark to a hash of addresses and ports',
  options: [
    {
      name: 'hmark-tuple',
      arguments: 1,
      placeholder: 'part[,part…]',
      help: 'what is hashed: src, dst, sport, dport, spi, proto; ct: of the connection',
      set(options, [text = ''], _negated, { family }) {
        for (const part of text.split(',')) chooseWhole(options, part, family)
      },
    },
    prefixOption('srcPrefix', 'src'),
    prefixOption('dstPrefix', 'dst'),
    ...NUMBERS.map(
      ({ field, name, bits, help }): OptionSpec<HmarkOptions> => ({
        name: `hmark-${name}`,
        arguments: 1,
        placeholder: 'bits',
        help,
        set(options, [text = '']) {
          onlyOnce(options[field], `hmark-${name}`)
          options[field] = parseBounded(text, `hmark-${name}`, 0, bits === 16 ? 0xffff : ALL_BITS)
        },
      }),
    ),
    {
      name: 'hmark-mod',
      arguments: 1,
      placeholder: 'n',
      help: 'how many marks there are',
      set(options, [text = '']) {
        options.modulus = parseBounded(text, 'hmark-mod', 1, ALL_BITS)
      },
    },
    {
      name: 'hmark-offset',
      arguments: 1,
      placeholder: 'n',
      help: 'the first mark, 0 by default',
      set(options, [text = '']) {
        options.offset = parseBounded(text, 'hmark-offset', 0, ALL_BITS)
      },
    },
    {
      name: 'hmark-rnd',
      arguments: 1,
      placeholder: 'n',
      help: 'seed of the hash',
      set(options, [text = '']) {
        options.seed = parseBounded(text, 'hmark-rnd', 0, ALL_BITS)
      },
    },
  ],
  defaults: () => ({ ct: false }),
  finish(options) {
    if (options.modulus === undefined) throw new OptionError('HMARK: --hmark-mod is mandatory')
    if (options.seed === undefined) throw new OptionError('HMARK: --hmark-rnd is mandatory')
    if (options.spiMask !== undefined && (options.sportMask ?? options.dportMask) !== undefined)
      throw new OptionError('HMARK: an SPI and ports cannot both be hashed')
    return options as HmarkOptions
  },
  check: ({ spi, sport, dport }) =>
    spi !== undefined && (sport ?? dport) !== undefined
      ? '--hmark-spi and --hmark-sport or --hmark-dport exclude each other'
      : undefined,
  save: options =>
    [
      options.srcPrefix !== undefined && `--hmark-src-prefix ${options.srcPrefix}`,
      options.dstPrefix !== undefined && `--hmark-dst-prefix ${options.dstPrefix}`,
      ...NUMBERS.map(
        ({ field, name, digits }) =>
          options[field] !== undefined && `--hmark-${name} ${padded(options[field], digits)}`,
      ),
      `--hmark-rnd ${padded(options.seed, 8)}`,
      `--hmark-mod ${options.modulus}`,
      options.offset !== undefined && `--hmark-offset ${options.offset}`,
      options.ct && '--hmark-tuple ct',
    ]
      .filter(Boolean)
      .join(' '),
  list: (options, family) =>
    [
      `HMARK mod ${options.modulus}`,
      options.offset !== undefined && `+ ${hex(options.offset)}`,
      options.ct && 'ct,',
      options.srcPrefix !== undefined && `src-prefix ${prefixText(options.srcPrefix, family)}`,
      options.dstPrefix !== undefined && `dst-prefix ${prefixText(options.dstPrefix, family)}`,
      ...NUMBERS.map(({ field, name }) => options[field] !== undefined && `${name} ${hex(options[field])}`),
      `rnd ${hex(options.seed)} `,
    ]
      .filter(text => text !== false)
      .join(' '),
  compile(options, { family }) {
    const input = hashInput(options, family)
    return skb => {
      const hashed = options.ct ? hashConnection(skb, input) : hashPacket(skb, input)
      if (hashed !== undefined) skb.mark = (hashed + (options.offset ?? 0)) | 0
      return Verdict.CONTINUE
    }
  },
})

function prefixOption(field: 'srcPrefix' | 'dstPrefix', name: 'src' | 'dst'): OptionSpec<HmarkOptions> {
  return {
    name: `hmark-${name}-prefix`,
    arguments: 1,
    placeholder: 'length',
    help: `how much of the ${name === 'src' ? 'source' : 'destination'} address is hashed`,
    set(options, [text = ''], _negated, { family }) {
      onlyOnce(options[field], `hmark-${name}-prefix`)
      options[field] = parsePrefixLength(text, family)
    },
  }
}

/** What `--hmark-tuple` has chosen before counts as given; behind it, it chooses again. */
function onlyOnce(known: number | undefined, option: string): void {
  if (known !== undefined) throw new OptionError(`option "--${option}" can only be used once`)
}

/** Names may be cut short; the first that fits counts. */
const PARTS: readonly (readonly [string, (options: Draft<HmarkOptions>, family: Family) => void])[] = [
  [
    'ct',
    options => {
      options.ct = true
    },
  ],
  [
    'src',
    (options, family) => {
      options.srcPrefix = family === 4 ? 32 : 128
    },
  ],
  [
    'dst',
    (options, family) => {
      options.dstPrefix = family === 4 ? 32 : 128
    },
  ],
  [
    'sport',
    options => {
      options.sportMask = 0xffff
    },
  ],
  [
    'dport',
    options => {
      options.dportMask = 0xffff
    },
  ],
  [
    'spi',
    options => {
      options.spiMask = ALL_BITS
    },
  ],
  [
    'proto',
    options => {
      options.protoMask = 0xffff
    },
  ],
]

function chooseWhole(options: Draft<HmarkOptions>, part: string, family: Family): void {
  const found = part === '' ? undefined : PARTS.find(([name]) => name.startsWith(part.toLowerCase()))
  if (found === undefined)
    throw new OptionError(`bad type '${part}'`, { expected: PARTS.map(([name]) => name).join(', ') })
  found[1](options, family)
}

function padded(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}

/** ip6tables prints nothing for a whole address. */
function prefixText(length: number, family: Family): string {
  return family === 6 && length === 128 ? '' : `${length}`
}

function hashInput(options: HmarkOptions, family: Family): HashInput {
  const {
    srcPrefix = 0,
    dstPrefix = 0,
    sportMask = 0,
    dportMask = 0,
    spiMask,
    sport = 0,
    dport = 0,
    spi,
  } = options
  return {
    sourceMask: maskOf(family, srcPrefix),
    destinationMask: maskOf(family, dstPrefix),
    portMask: spiMask ?? (sportMask << 16) | dportMask,
    portSet: spi ?? (sport << 16) | dport,
    protoMask: options.protoMask ?? 0,
    seed: options.seed,
    modulus: options.modulus,
  }
}
