import { protocolName, protocolNumber } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment, OptionError, type Test } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { hex, not, words } from './support.ts'

interface Ipv6headerOptions {
  /** The kernel's `MASK_*` bits. */
  readonly headers: number
  readonly negated: boolean
  readonly soft: boolean
}

/** Protocol number, bit, names; the first name that is not a protocol's prints. From the highest bit down. */
const HEADERS: readonly (readonly [number, number, string, string])[] = [
  [0, 0x80, 'hop-by-hop', 'hop'],
  [60, 0x40, 'ipv6-opts', 'dst'],
  [43, 0x20, 'ipv6-route', 'route'],
  [44, 0x10, 'ipv6-frag', 'frag'],
  [51, 0x08, 'ah', 'auth'],
  [50, 0x04, 'esp', 'esp'],
  [59, 0x02, 'ipv6-nonxt', 'none'],
  [255, 0x01, 'protocol', 'prot'],
]

const FRAGMENT = 44
const ESP = 50
const AUTH = 51
const NONE = 59

/** `-m ipv6header`: net/ipv6/netfilter/ip6t_ipv6header.c. Exactly these headers, or with --soft at least these. */
export const ipv6header = defineMatch<Ipv6headerOptions>({
  name: 'ipv6header',
  families: [6],
  summary: 'which extension headers a packet has',
  options: [
    {
      name: 'header',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'header[,header...]',
      help: 'hop, dst, route, frag, auth, esp, none, prot',
      set(options, [text = ''], negated) {
        options.headers = text.split(',').reduce((bits, word) => bits | headerBit(word), 0)
        options.negated = negated
      },
    },
    {
      name: 'soft',
      arguments: 0,
      help: 'other headers may be there too',
      set(options) {
        options.soft = true
      },
    },
  ],
  defaults: () => ({ soft: false }),
  save: ({ headers, negated, soft }) =>
    words(`${not(negated)}--header ${headersText(headers)}`, soft && '--soft'),
  list: ({ headers, negated, soft }, _family, numeric) => {
    const text = numeric ? `0x${headers.toString(16).toUpperCase().padStart(2, '0')}` : headersText(headers)
    return words(`ipv6header flags:${negated ? '!' : ''}${text}`, soft && 'soft')
  },
  compile: options => [headersTest(options)],
})

function headerBit(text: string): number {
  const known = HEADERS.find(([, , name, short]) => text === name || text === short)
  const number = protocolNumber(text) ?? known?.[0] ?? parseNumber(text, 0, 255)
  const found = HEADERS.find(([protocol]) => protocol === number)
  if (found === undefined)
    throw new OptionError(`unknown header '${text}'`, {
      expected: HEADERS.map(([, , , short]) => short).join(', '),
    })
  return found[1]
}

function headersText(bits: number): string {
  return HEADERS.flatMap(([number, bit, name]) =>
    (bits & bit) === 0 ? [] : [number === 0 || number === 255 ? name : (protocolName(number) ?? name)],
  ).join(',')
}

function headersTest({ headers, negated, soft }: Ipv6headerOptions): Test {
  return {
    option: words(`${not(negated)}--header ${headersText(headers)}`, soft && '--soft'),
    passes(skb, environment) {
      const present = headersOf(skb, environment)
      if (present < 0) return false
      if (!soft) return (present === headers) !== negated
      return ((present ^ headers ^ (negated ? 0xff : 0)) & headers) === 0
    },
    seen(skb, environment) {
      const present = headersOf(skb, environment)
      return present < 0 ? 'a malformed packet' : `headers ${headersText(present) || hex(0)}`
    },
  }
}

/** The bits of the headers that are there; -1 for a chain that is cut off. */
function headersOf({ bytes }: Skb, environment: MatchEnvironment): number {
  let next = bytes[6]!
  let at = 40
  let present = 0
  while (next !== 255) {
    const header = HEADERS.find(([number]) => number === next)
    if (header === undefined) break
    if (next === NONE) return present | header[1]
    if (bytes.length - at < 2) return -1
    present |= header[1]
    if (next === ESP) return present
    if (at + 2 > bytes.length) {
      environment.hotdrop = true
      return -1
    }
    const units = bytes[at + 1]!
    const length = next === FRAGMENT ? 8 : next === AUTH ? (units + 2) * 4 : (units + 1) * 8
    next = bytes[at]!
    at += length
    if (at > bytes.length) break
  }
  return next === NONE || next === ESP ? present : present | 1
}
