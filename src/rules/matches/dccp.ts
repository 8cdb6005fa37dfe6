import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment, OptionError, type OptionSpec, type Test } from '../extension.ts'
import { headerTest, portTest } from '../port-tests.ts'
import { listPorts, parseLooseRange, portRangeText } from '../ports.ts'
import { type NegatableNumber, type NegatableRange, not, requireNumber, words } from './support.ts'

interface DccpOptions {
  readonly sport?: NegatableRange
  readonly dport?: NegatableRange
  /** One bit for each packet type. */
  readonly types?: { readonly mask: number; readonly negated: boolean }
  readonly option?: NegatableNumber
}

/** RFC 4340, 5.1; the index is the type's number. */
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

/** Bytes behind the generic header, by type: an acknowledgement number is 8, service or reset codes 4 more. */
const MORE_HEADER = [4, 12, 0, 8, 8, 8, 8, 12, 8, 8]
const GENERIC_HEADER = 12
const LONG_SEQUENCE = 4

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
  protocols: [33],
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
      help: 'the header has this option',
      set(options, [text = ''], negated) {
        options.option = { value: requireNumber(text, 1, 255), negated }
      },
    },
  ],
  save: ({ sport, dport, types, option }) =>
    words(
      sport && `${not(sport.negated)}--sport ${portRangeText(sport)}`,
      dport && `${not(dport.negated)}--dport ${portRangeText(dport)}`,
      types && `${not(types.negated)}--dccp-types ${typeNames(types.mask).join(',')}`,
      option && `${not(option.negated)}--dccp-option ${option.value}`,
    ),
  list: ({ sport, dport, types, option }, _family, numeric) =>
    words(
      `dccp${listPorts('spt', sport, 'dccp', numeric)}${listPorts('dpt', dport, 'dccp', numeric)}`,
      types &&
        `${not(types.negated)}${typeNames(types.mask)
          .map(name => (numeric ? TYPES.indexOf(name) : name))
          .join(',')}`,
      option && `option=${option.negated ? '!' : ''}${option.value}`,
    ),
  compile: ({ sport, dport, types, option }) => [
    headerTest('dccp', GENERIC_HEADER, false),
    ...portTest('sport', sport),
    ...portTest('dport', dport),
    ...typeTest(types),
    ...optionTest(option),
  ],
})

function parseTypes(text: string): number {
  let mask = 0
  for (const name of text.split(',').filter(part => part !== '')) {
    const type = TYPES.indexOf(name.toUpperCase())
    if (type < 0) throw new OptionError(`unknown DCCP type '${name}'`, { expected: TYPES.join(', ') })
    mask |= 1 << type
  }
  return mask
}

function typeNames(mask: number): string[] {
  return TYPES.filter((_name, type) => (mask & (1 << type)) !== 0)
}

function typeOf({ bytes, transportOffset }: Skb): number {
  return (bytes[transportOffset + 8]! >> 1) & 15
}

function typeTest(types: DccpOptions['types']): readonly Test[] {
  if (types === undefined) return []
  const { mask, negated } = types
  return [
    {
      option: `${not(negated)}--dccp-types ${typeNames(mask).join(',')}`,
      passes: skb => ((mask & (1 << typeOf(skb))) !== 0) !== negated,
      seen: skb => `dccp type ${TYPES[typeOf(skb)] ?? typeOf(skb)}`,
    },
  ]
}

function optionTest(option: NegatableNumber | undefined): readonly Test[] {
  if (option === undefined) return []
  const { value, negated } = option
  return [
    {
      option: `${not(negated)}--dccp-option ${value}`,
      passes: (skb, environment) => hasOption(skb, value, environment) !== negated,
      seen: () => `${negated ? 'a' : 'no'} dccp option ${value}`,
    },
  ]
}

/** `dccp_find_option`: a header whose options do not fit drops the packet. */
function hasOption(skb: Skb, wanted: number, environment: MatchEnvironment): boolean {
  const { bytes, transportOffset: start } = skb
  const longSequence = (bytes[start + 8]! & 1) !== 0 ? LONG_SEQUENCE : 0
  const header = GENERIC_HEADER + longSequence + (MORE_HEADER[typeOf(skb)] ?? 12)
  const end = bytes[start + 4]! * 4
  if (end === header) return false
  if (end < header || start + end > bytes.length) {
    environment.hotdrop = true
    return false
  }
  for (let at = start + header; at < start + end; ) {
    if (bytes[at] === wanted) return true
    // options below 32 are one byte; the kernel only knows that of 0 and 1
    at += bytes[at]! < 2 ? 1 : bytes[at + 1] || 1
  }
  return false
}
