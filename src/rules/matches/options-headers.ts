/** IPv6's hop-by-hop and destination options headers: hbh and dst. */
import { NEXTHDR_DEST, NEXTHDR_HOP } from '../../packet/extension-headers.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchExtension, OptionError } from '../extension.ts'
import { scanNumber } from '../numbers.ts'
import { requireExtensionHeader } from './ipv6-headers.ts'
import { type NegatableNumber, not, requireNumber, UINT32_MAX, words } from './support.ts'

interface OptionsHeaderOptions {
  readonly length?: NegatableNumber
  readonly types?: readonly OptionType[]
}

/** `length` 255 is any. */
interface OptionType {
  readonly type: number
  readonly length: number
}

const ANY_LENGTH = 255
const MAX_TYPES = 16
/** The one option that is a single byte. */
const PAD1 = 0

export const hbh = optionsMatch('hbh', NEXTHDR_HOP, 'the hop-by-hop options header')
export const dst = optionsMatch('dst', NEXTHDR_DEST, 'the destination options header')

/** `-m hbh` and `-m dst`: net/ipv6/netfilter/ip6t_hbh.c. */
function optionsMatch(name: 'hbh' | 'dst', nextHeader: number, summary: string): MatchExtension {
  const text = ({ length, types }: OptionsHeaderOptions): string =>
    words(
      length && `${not(length.negated)}--${name}-len ${length.value}`,
      types && `--${name}-opts ${typesText(types)}`,
    )
  return defineMatch<OptionsHeaderOptions>({
    name,
    families: [6],
    summary,
    options: [
      {
        name: `${name}-len`,
        arguments: 1,
        negatable: true,
        placeholder: 'length',
        help: 'length of the header in bytes',
        set(options, [argument = ''], negated) {
          options.length = { value: requireNumber(argument, 0, UINT32_MAX), negated }
        },
      },
      {
        name: `${name}-opts`,
        arguments: 1,
        placeholder: 'type[:length][,…]',
        help: 'the options, in this order',
        set(options, [argument = '']) {
          options.types = parseTypes(argument)
        },
      },
    ],
    save: text,
    list: ({ length, types }) =>
      words(
        name,
        length && `length:${length.negated ? '!' : ''}${length.value}`,
        types && `opts ${typesText(types)}`,
      ),
    compile: options => [
      {
        option: words(`-m ${name}`, text(options)),
        passes(skb, environment) {
          const at = requireExtensionHeader(skb, nextHeader, 2, environment)
          return at >= 0 && holds(skb, at, options)
        },
        seen(skb, environment) {
          const at = requireExtensionHeader(skb, nextHeader, 2, environment)
          return at < 0 ? `no ${name} header` : `${name}-len ${(skb.bytes[at + 1]! + 1) * 8}`
        },
      },
    ],
  })
}

function holds({ bytes }: Skb, start: number, { length, types }: OptionsHeaderOptions): boolean {
  const size = (bytes[start + 1]! + 1) * 8
  if (bytes.length - start < size) return false
  const rightLength = length === undefined || (length.value === size) !== length.negated
  if (types === undefined) return rightLength
  let at = start + 2
  let left = size - 2
  for (let i = 0; i < types.length; i++) {
    const wanted = types[i]!
    if (left < 1 || at >= bytes.length) return false
    if (bytes[at] !== wanted.type) return false
    let step = 1
    if (bytes[at] !== 0) {
      if (left < 2 || at + 1 >= bytes.length) return false
      if (wanted.length !== ANY_LENGTH && wanted.length !== bytes[at + 1]) return false
      step = bytes[at + 1]! + 2
    }
    if ((at > bytes.length - step || left < step) && i < types.length - 1) return false
    at += step
    left -= step
  }
  return rightLength
}

function parseTypes(text: string): readonly OptionType[] {
  const parts = text.split(',')
  if (parts.length > MAX_TYPES)
    throw new OptionError('too many options', { expected: `at most ${MAX_TYPES}` })
  return parts.map(part => {
    const colon = part.indexOf(':')
    const type = byte(colon < 0 ? part : part.slice(0, colon))
    if (type === PAD1 && colon >= 0) throw new OptionError('PAD0 has not got length', { expected: `${PAD1}` })
    return { type, length: colon < 0 ? ANY_LENGTH : byte(part.slice(colon + 1)) }
  })
}

/** iptables cuts larger numbers to their last byte. */
function byte(text: string): number {
  const scanned = scanNumber(text)
  if (scanned === undefined || scanned.rest !== '' || scanned.value > UINT32_MAX)
    throw new OptionError(`bad option '${text}'`, { expected: 'type or type:length, each a byte' })
  return Number(scanned.value & 255n)
}

function typesText(types: readonly OptionType[]): string {
  return types.map(({ type, length }) => (length === ANY_LENGTH ? `${type}` : `${type}:${length}`)).join(',')
}
