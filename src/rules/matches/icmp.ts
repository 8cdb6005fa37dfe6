import { defineMatch, type MatchExtension, OptionError, type Test } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { headerTest } from '../port-tests.ts'
import { ICMP_NAMES, ICMP6_NAMES, type IcmpName } from './icmp-names.ts'
import { not } from './support.ts'

interface IcmpOptions {
  readonly type: number
  /** Codes from `min` to `max`; 0..255 is any. */
  readonly min: number
  readonly max: number
  readonly negated: boolean
}

/** In IPv4, `--icmp-type any` is type 255, which the kernel takes for every type. */
const ANY_TYPE = 255

/** `-m icmp`: net/netfilter/xt_tcpudp.c, `icmp_match`. */
export const icmp = icmpMatch({
  name: 'icmp',
  option: 'icmp-type',
  protocol: 1,
  label: 'icmp',
  names: ICMP_NAMES,
  anyType: ANY_TYPE,
})

/** `-m icmp6`: net/netfilter/xt_tcpudp.c, `icmp6_match`. */
export const icmp6 = icmpMatch({
  name: 'icmp6',
  option: 'icmpv6-type',
  protocol: 58,
  label: 'ipv6-icmp',
  names: ICMP6_NAMES,
  anyType: undefined,
})

interface Variant {
  readonly name: 'icmp' | 'icmp6'
  readonly option: string
  readonly protocol: number
  readonly label: string
  readonly names: readonly IcmpName[]
  readonly anyType: number | undefined
}

function icmpMatch({ name, option, protocol, label, names, anyType }: Variant): MatchExtension {
  const typeText = ({ type, min, max }: IcmpOptions): string => {
    if (type === anyType) return 'any'
    return min === 0 && max === 255 ? `${type}` : `${type}/${min}`
  }
  const optionText = (options: IcmpOptions): string =>
    `${not(options.negated)}--${option} ${typeText(options)}`
  return defineMatch<IcmpOptions>({
    name,
    families: [name === 'icmp' ? 4 : 6],
    protocols: [protocol],
    summary: `${name === 'icmp' ? 'ICMP' : 'ICMPv6'} type and code`,
    options: [
      {
        name: option,
        arguments: 1,
        negatable: true,
        mandatory: true,
        placeholder: 'type[/code]',
        help: 'type by name, or type and code by number',
        set(options, [text = ''], negated) {
          Object.assign(options, parseType(text, names), { negated })
        },
      },
    ],
    save: optionText,
    list: (options, _family, numeric) => `${label}${listType(options, names, numeric)}`,
    compile: options => [headerTest(name, 8, false), ...typeTest(options, optionText(options), anyType)],
  })
}

/** A name or its unambiguous beginning, else numbers. */
function parseType(text: string, names: readonly IcmpName[]): Omit<IcmpOptions, 'negated'> {
  const wanted = text.toLowerCase()
  const found = names.filter(({ name }) => name.toLowerCase().startsWith(wanted))
  if (found.length > 1)
    throw new OptionError(`ambiguous ICMP type '${text}': '${found[0]!.name}' or '${found[1]!.name}'?`)
  const [named] = found
  if (named !== undefined) return { type: named.type, min: named.min, max: named.max }
  const slash = text.indexOf('/')
  const type = parseNumber(slash < 0 ? text : text.slice(0, slash), 0, 255)
  if (type === undefined)
    throw new OptionError(`unknown ICMP type '${text}'`, { expected: 'a type name, or type[/code]' })
  if (slash < 0) return { type, min: 0, max: 255 }
  const code = parseNumber(text.slice(slash + 1), 0, 255)
  if (code === undefined)
    throw new OptionError(`unknown ICMP code '${text}'`, { expected: 'type/code with a code up to 255' })
  return { type, min: code, max: code }
}

function listType(
  { type, min, max, negated }: IcmpOptions,
  names: readonly IcmpName[],
  numeric: boolean,
): string {
  const named = names.find(row => row.type === type && row.min === min && row.max === max)
  if (!numeric && named !== undefined) return ` ${negated ? '!' : ''}${named.name}`
  const codes = min === max ? ` code ${min}` : ''
  return `${negated ? ' !' : ''}type ${type}${codes}`
}

function typeTest(
  { type, min, max, negated }: IcmpOptions,
  option: string,
  anyType: number | undefined,
): readonly Test[] {
  const any = type === anyType
  return [
    {
      option,
      passes({ bytes, transportOffset }) {
        if (any) return !negated
        const code = bytes[transportOffset + 1]!
        return (bytes[transportOffset] === type && code >= min && code <= max) !== negated
      },
      seen: ({ bytes, transportOffset }) =>
        `icmp type ${bytes[transportOffset]} code ${bytes[transportOffset + 1]}`,
    },
  ]
}
