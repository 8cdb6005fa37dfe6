import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment, OptionError, type Test } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { headerTest, type PortMatch, portTest } from '../port-tests.ts'
import { listPorts, parsePortRange, savePorts } from '../ports.ts'

export interface TcpOptions {
  readonly sport?: PortMatch
  readonly dport?: PortMatch
  readonly flags?: FlagMatch
  readonly option?: { readonly kind: number; readonly negated: boolean }
}

/** Of the flags in `mask`, exactly those in `compare` are set. */
interface FlagMatch {
  readonly mask: number
  readonly compare: number
  readonly negated: boolean
}

const FLAGS = [
  ['FIN', 0x01],
  ['SYN', 0x02],
  ['RST', 0x04],
  ['PSH', 0x08],
  ['ACK', 0x10],
  ['URG', 0x20],
] as const

/** `-m tcp`: net/netfilter/xt_tcpudp.c, `tcp_mt`. */
export const tcp = defineMatch<TcpOptions>({
  name: 'tcp',
  protocols: [6],
  summary: 'TCP ports, flags and options',
  options: [
    {
      name: 'source-port',
      aliases: ['sport'],
      arguments: 1,
      negatable: true,
      placeholder: 'port[:port]',
      help: 'source port or ports',
      set(options, [text = ''], negated) {
        options.sport = { ...parsePortRange(text, 'tcp'), negated }
      },
    },
    {
      name: 'destination-port',
      aliases: ['dport'],
      arguments: 1,
      negatable: true,
      placeholder: 'port[:port]',
      help: 'destination port or ports',
      set(options, [text = ''], negated) {
        options.dport = { ...parsePortRange(text, 'tcp'), negated }
      },
    },
    {
      name: 'syn',
      arguments: 0,
      negatable: true,
      excludes: ['tcp-flags'],
      help: 'the first packet of a connection: --tcp-flags SYN,RST,ACK,FIN SYN',
      set(options, _args, negated) {
        options.flags = { mask: 0x17, compare: 0x02, negated }
      },
    },
    {
      name: 'tcp-flags',
      arguments: 2,
      negatable: true,
      excludes: ['syn'],
      placeholder: 'mask flags',
      help: 'of the flags in mask, exactly these are set (SYN ACK FIN RST URG PSH ALL NONE)',
      set(options, [mask = '', compare = ''], negated) {
        options.flags = { mask: parseFlags(mask), compare: parseFlags(compare), negated }
      },
    },
    {
      name: 'tcp-option',
      arguments: 1,
      negatable: true,
      placeholder: 'kind',
      help: 'a TCP option of this kind is there',
      set(options, [text = ''], negated) {
        const kind = parseNumber(text, 1, 255)
        if (kind === undefined)
          throw new OptionError(`bad TCP option '${text}'`, { expected: 'a number from 1 to 255' })
        options.option = { kind, negated }
      },
    },
  ],
  save: options => saveParts(options).trimStart(),
  list(options, _family, numeric) {
    const { sport, dport, option, flags } = options
    const kind = option === undefined ? '' : ` option=${option.negated ? '!' : ''}${option.kind}`
    return `tcp${listPorts('spt', sport, 'tcp', numeric)}${listPorts('dpt', dport, 'tcp', numeric)}${kind}${listFlags(flags, numeric)}`
  },
  compile: ({ sport, dport, flags, option }) => [
    headerTest('tcp', 20, true),
    ...portTest('sport', sport),
    ...portTest('dport', dport),
    ...flagTest(flags),
    ...(option === undefined ? [] : [optionTest(option.kind, option.negated)]),
  ],
})

function parseFlags(text: string): number {
  let bits = 0
  for (const word of text.split(',')) {
    const name = word.toUpperCase()
    if (name === '' || name === 'NONE') continue
    const flag = name === 'ALL' ? 0x3f : FLAGS.find(([known]) => known === name)?.[1]
    if (flag === undefined)
      throw new OptionError(`unknown TCP flag '${word}'`, { expected: 'SYN ACK FIN RST URG PSH ALL or NONE' })
    bits |= flag
  }
  return bits
}

function flagsText(bits: number): string {
  return FLAGS.flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name])).join(',') || 'NONE'
}

function isVoid(flags: FlagMatch): boolean {
  return flags.mask === 0 && !flags.negated
}

function saveParts({ sport, dport, flags, option }: TcpOptions): string {
  const kind = option === undefined ? '' : `${option.negated ? ' !' : ''} --tcp-option ${option.kind}`
  const bits =
    flags === undefined || isVoid(flags)
      ? ''
      : `${flags.negated ? ' !' : ''} --tcp-flags ${flagsText(flags.mask)} ${flagsText(flags.compare)}`
  return `${savePorts('sport', sport)}${savePorts('dport', dport)}${kind}${bits}`
}

function listFlags(flags: FlagMatch | undefined, numeric: boolean): string {
  if (flags === undefined || isVoid(flags)) return ''
  const text = (bits: number): string =>
    numeric ? `0x${bits.toString(16).toUpperCase().padStart(2, '0')}` : flagsText(bits)
  return ` flags:${flags.negated ? '!' : ''}${text(flags.mask)}/${text(flags.compare)}`
}

function flagTest(flags: FlagMatch | undefined): readonly Test[] {
  if (flags === undefined || (flags.mask === 0 && flags.compare === 0 && !flags.negated)) return []
  const { mask, compare, negated } = flags
  return [
    {
      option: `${negated ? '! ' : ''}--tcp-flags ${flagsText(mask)} ${flagsText(compare)}`,
      passes: skb => ((skb.bytes[skb.transportOffset + 13]! & mask) === compare) !== negated,
      seen: skb => `tcp-flags ${flagsText(skb.bytes[skb.transportOffset + 13]!)}`,
    },
  ]
}

/** `tcp_find_option`: a data offset below 5, or options beyond the packet's end, drop the packet. */
function optionTest(kind: number, negated: boolean): Test {
  return {
    option: `${negated ? '! ' : ''}--tcp-option ${kind}`,
    passes(skb: Skb, environment: MatchEnvironment): boolean {
      const start = skb.transportOffset + 20
      const end = skb.transportOffset + (skb.bytes[skb.transportOffset + 12]! >> 4) * 4
      if (end < start || end > skb.bytes.length) {
        environment.hotdrop = true
        return false
      }
      for (let at = start; at < end; ) {
        const found = skb.bytes[at]!
        if (found === kind) return !negated
        at += found < 2 ? 1 : at + 1 < end ? skb.bytes[at + 1]! || 1 : end
      }
      return negated
    },
    seen: skb => `data offset ${skb.bytes[skb.transportOffset + 12]! >> 4}`,
  }
}
