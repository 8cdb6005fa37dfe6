import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment, OptionError, type OptionSpec, type Test } from '../extension.ts'
import { headerTest, portTest } from '../port-tests.ts'
import { listPorts, parseLooseRange } from '../ports.ts'
import { type NegatableNumber, type NegatableRange, not, rangeText, requireNumber, words } from './support.ts'

interface DccpOptions {
  readonly sport?: NegatableRange
  readonly dport?: NegatableRange
  readonly types?: { readonly mask: number; readonly negated: boolean }
  readonly option?: NegatableNumber
}

const IPPROTO_DCCP = 33
const HEADER_BYTES = 12

/** Packet types by number (RFC 4340, 5.1); those from INVALID on are reserved. */
const TYPES = [
  'REQUEST',
  'RESPONSE',
  'DATA',
  'ACK',
  'DATAACK',
  'CLOSEREQ',
  'CLOSE',
  'RESET',
  'SYNC',
  'SYNCACK',
  'INVALID',
]
const INVALID = 10
const INVALID_MASK = 0xfc00

/** What follows the generic header of a type, in bytes: acknowledgement and service code or reset data. */
const EXTRA_BYTES = [4, 12, 0, 8, 8, 8, 8, 12, 8, 8]
const OTHER_EXTRA_BYTES = 12

const portOption = (name: string, field: 'sport' | 'dport'): OptionSpec<DccpOptions> => ({
  name,
  aliases: [field],
  arguments: 1,
  negatable: true,
  placeholder: 'port[:port]',
  help: `${field === 'sport' ? 'source' : 'destination'} port or ports`,
  set(options, [text = ''], negated) {
    options[field] = { ...parseLooseRange(text), negated }
  },
})

/** `-m dccp`: net/netfilter/xt_dccp.c. */
export const dccp = defineMatch<DccpOptions>({
  name: 'dccp',
  protocols: [IPPROTO_DCCP],
  summary: 'DCCP ports, packet types and options',
  options: [
    portOption('source-port', 'sport'),
    portOption('destination-port', 'dport'),
    {
      name: 'dccp-types',
      arguments: 1,
      negatable: true,
      placeholder: 'type[,type…]',
      help: TYPES.join(', '),
      set(options, [text = ''], negated) {
        options.types = { mask: parseTypes(text), negated }
      },
    },
    {
      name: 'dccp-option',
      arguments: 1,
      negatable: true,
      placeholder: 'number',
      help: 'the packet has this option, 1 to 255',
      set(options, [text = ''], negated) {
        options.option = { value: requireNumber(text, 1, 255), negated }
      },
    },
  ],
  save: ({ sport, dport, types, option }) =>
    words(
      sport && `${not(sport.negated)}--sport ${rangeText(sport)}`,
      dport && `${not(dport.negated)}--dport ${rangeText(dport)}`,
      types && `${not(types.negated)}--dccp-types ${typeNames(types.mask)}`,
      option && optionText(option),
    ),
  list: ({ sport, dport, types, option }, _family, numeric) =>
    words(
      `dccp${listPorts('spt', sport, 'dccp', numeric)}${listPorts('dpt', dport, 'dccp', numeric)}`,
      types && `${types.negated ? '!' : ''}${numeric ? typeNumbers(types.mask) : typeNames(types.mask)}`,
      option && `option=${option.negated ? '!' : ''}${option.value}`,
    ),
  compile: ({ sport, dport, types, option }) => [
    headerTest('dccp', HEADER_BYTES, false),
    ...portTest('sport', sport),
    ...portTest('dport', dport),
    ...(types === undefined ? [] : [typeTest(types.mask, types.negated)]),
    ...(option === undefined ? [] : [optionTest(option)]),
  ],
})

/** Like C's `strtok`: commas too many do not matter. */
function parseTypes(text: string): number {
  let mask = 0
  for (const word of text.split(',')) {
    if (word === '') continue
    const type = TYPES.indexOf(word.toUpperCase())
    if (type < 0) throw new OptionError(`unknown DCCP type '${word}'`, { expected: TYPES.join(', ') })
    mask |= type === INVALID ? INVALID_MASK : 1 << type
  }
  return mask
}

function typeNames(mask: number): string {
  return TYPES.filter((_, type) => (mask & (1 << type)) !== 0).join(',')
}

function typeNumbers(mask: number): string {
  return Array.from({ length: 16 }, (_, type) => type)
    .filter(type => (mask & (1 << type)) !== 0)
    .join(',')
}

function optionText({ value, negated }: NegatableNumber): string {
  return `${not(negated)}--dccp-option ${value}`
}

function typeOf(skb: Skb): number {
  return (skb.bytes[skb.transportOffset + 8]! >> 1) & 15
}

function typeTest(mask: number, negated: boolean): Test {
  return {
    option: `${not(negated)}--dccp-types ${typeNames(mask)}`,
    passes: skb => ((mask & (1 << typeOf(skb))) !== 0) !== negated,
    seen: skb => `dccp-type ${TYPES[typeOf(skb)] ?? typeOf(skb)}`,
    pure: true,
  }
}

function optionTest(option: NegatableNumber): Test {
  return {
    option: optionText(option),
    passes: (skb, environment) => hasOption(skb, option.value, environment) !== option.negated,
    seen: () => (option.negated ? 'the option is there' : 'no such option'),
  }
}

/** `dccp_find_option`. Options that lie outside of the packet have it dropped, whatever the rule makes of the answer. */
function hasOption(skb: Skb, wanted: number, environment: MatchEnvironment): boolean {
  const { bytes, transportOffset } = skb
  const dataOffset = bytes[transportOffset + 4]! * 4
  const longSequence = (bytes[transportOffset + 8]! & 1) !== 0
  const optionsOffset =
    HEADER_BYTES + (longSequence ? 4 : 0) + (EXTRA_BYTES[typeOf(skb)] ?? OTHER_EXTRA_BYTES)
  const end = transportOffset + dataOffset
  if (dataOffset < optionsOffset || (dataOffset > optionsOffset && end > bytes.length)) {
    environment.hotdrop = true
    return false
  }
  for (let at = transportOffset + optionsOffset; at < end; ) {
    const kind = bytes[at]!
    if (kind === wanted) return true
    // options 0 and 1 have no length; that of the last may lie behind the end
    at += kind < 2 ? 1 : (at + 1 < end ? bytes[at + 1]! : 0) || 1
  }
  return false
}
