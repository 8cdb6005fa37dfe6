import { NEXTHDR_FRAGMENT } from '../../packet/extension-headers.ts'
import { defineMatch, type OptionSpec } from '../extension.ts'
import { requireExtensionHeader } from './ipv6-headers.ts'
import {
  type NegatableNumber,
  type NegatableRange,
  not,
  parseRange,
  rangeText,
  requireNumber,
  UINT32_MAX,
  words,
} from './support.ts'

interface FragOptions {
  readonly id: NegatableRange
  /** Undefined: nothing was said of it. The kernel takes it and never looks at it. */
  readonly length: NegatableNumber | undefined
  readonly reserved: boolean
  readonly first: boolean
  readonly more: boolean
  readonly last: boolean
}

const flag = (
  name: string,
  field: 'reserved' | 'first' | 'more' | 'last',
  help: string,
  excludes: readonly string[] = [],
): OptionSpec<FragOptions> => ({
  name,
  arguments: 0,
  excludes,
  help,
  set(options) {
    options[field] = true
  },
})

/** `-m frag`: net/ipv6/netfilter/ip6t_frag.c. IPv6's fragment header. */
export const frag = defineMatch<FragOptions>({
  name: 'frag',
  families: [6],
  summary: 'the fragment header',
  options: [
    {
      name: 'fragid',
      arguments: 1,
      negatable: true,
      placeholder: 'id[:id]',
      help: 'identification',
      set(options, [text = ''], negated) {
        options.id = { ...parseRange(text, UINT32_MAX), negated }
      },
    },
    {
      name: 'fraglen',
      arguments: 1,
      negatable: true,
      placeholder: 'length',
      help: 'length of the header (ignored)',
      set(options, [text = ''], negated) {
        options.length = { value: requireNumber(text, 0, UINT32_MAX), negated }
      },
    },
    flag('fragres', 'reserved', 'the reserved fields are 0'),
    flag('fragfirst', 'first', 'the first fragment'),
    flag('fragmore', 'more', 'more fragments follow', ['fraglast']),
    flag('fraglast', 'last', 'the last fragment', ['fragmore']),
  ],
  defaults: () => ({
    id: { min: 0, max: UINT32_MAX, negated: false },
    length: undefined,
    reserved: false,
    first: false,
    more: false,
    last: false,
  }),
  save: fragText,
  list({ id, length, reserved, first, more, last }) {
    const any = id.min === 0 && id.max === UINT32_MAX && !id.negated
    const ids = any ? '' : `id${id.min === id.max ? '' : 's'}:${id.negated ? '!' : ''}${rangeText(id)}`
    const bytes = length !== undefined && `length:${length.negated ? '!' : ''}${length.value}`
    return `frag ${ids}${[bytes, reserved && 'reserved', first && 'first', more && 'more', last && 'last']
      .filter(Boolean)
      .map(word => ` ${word}`)
      .join('')}`
  },
  compile(options) {
    const { id, reserved, first, more, last } = options
    return [
      {
        option: words('-m frag', fragText(options)),
        passes(skb, environment) {
          const at = requireExtensionHeader(skb, NEXTHDR_FRAGMENT, 8, environment)
          if (at < 0) return false
          const field = skb.u16(at + 2)
          const identification = skb.u32(at + 4)
          if ((identification >= id.min && identification <= id.max) === id.negated) return false
          if (reserved && (skb.bytes[at + 1] !== 0 || (field & 6) !== 0)) return false
          if (first && (field & 0xfff8) !== 0) return false
          if (more && (field & 1) === 0) return false
          return !(last && (field & 1) !== 0)
        },
        seen(skb, environment) {
          const at = requireExtensionHeader(skb, NEXTHDR_FRAGMENT, 8, environment)
          if (at < 0) return 'no fragment header'
          const field = skb.u16(at + 2)
          return `fragid ${skb.u32(at + 4)} offset ${field & 0xfff8}${(field & 1) !== 0 ? ' more' : ''}`
        },
      },
    ]
  },
})

function fragText({ id, length, reserved, first, more, last }: FragOptions): string {
  return words(
    (id.min !== 0 || id.max !== UINT32_MAX) && `${not(id.negated)}--fragid ${rangeText(id)}`,
    length !== undefined && `${not(length.negated)}--fraglen ${length.value}`,
    reserved && '--fragres',
    first && '--fragfirst',
    more && '--fragmore',
    last && '--fraglast',
  )
}
