import { Address } from '../../address.ts'
import { NEXTHDR_ROUTING } from '../../packet/extension-headers.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment, OptionError } from '../extension.ts'
import { requireExtensionHeader } from './ipv6-headers.ts'
import {
  type NegatableNumber,
  type NegatableRange,
  not,
  parseHost,
  parseRange,
  rangeText,
  requireNumber,
  UINT32_MAX,
  words,
} from './support.ts'

interface RtOptions {
  readonly type?: NegatableNumber
  readonly segsleft: NegatableRange
  readonly length?: NegatableNumber
  readonly reserved: boolean
  readonly addresses?: readonly Address[]
  readonly notStrict: boolean
}

const MAX_ADDRESSES = 16

/** Where the addresses of a type 0 header begin. */
const ADDRESSES_AT = 8

/** `-m rt`: net/ipv6/netfilter/ip6t_rt.c. IPv6's routing header. */
export const rt = defineMatch<RtOptions>({
  name: 'rt',
  families: [6],
  summary: 'the routing header',
  options: [
    {
      name: 'rt-type',
      arguments: 1,
      negatable: true,
      placeholder: 'type',
      help: 'type of the header',
      set(options, [text = ''], negated) {
        options.type = { value: requireNumber(text, 0, UINT32_MAX), negated }
      },
    },
    {
      name: 'rt-segsleft',
      arguments: 1,
      negatable: true,
      placeholder: 'number[:number]',
      help: 'segments left',
      set(options, [text = ''], negated) {
        options.segsleft = { ...parseRange(text, UINT32_MAX), negated }
      },
    },
    {
      name: 'rt-len',
      arguments: 1,
      negatable: true,
      placeholder: 'length',
      help: 'length of the header in bytes',
      set(options, [text = ''], negated) {
        options.length = { value: requireNumber(text, 0, UINT32_MAX), negated }
      },
    },
    {
      name: 'rt-0-res',
      arguments: 0,
      help: 'the reserved field is 0 (type 0)',
      set(options) {
        if (!isTypeZero(options)) throw new OptionError('--rt-type 0 is required before --rt-0-res')
        options.reserved = true
      },
    },
    {
      name: 'rt-0-addrs',
      arguments: 1,
      placeholder: 'address[,address...]',
      help: 'the addresses (type 0)',
      set(options, [text = ''], _negated, context) {
        if (!isTypeZero(options)) throw new OptionError('--rt-type 0 is required before --rt-0-addrs')
        const parts = text.split(',')
        if (parts.length > MAX_ADDRESSES) throw new OptionError('too many addresses')
        options.addresses = parts.map(part => parseHost(part, context))
      },
    },
    {
      name: 'rt-0-not-strict',
      arguments: 0,
      help: 'other addresses may lie between',
      set(options) {
        if (options.addresses === undefined)
          throw new OptionError('--rt-0-addrs is required before --rt-0-not-strict')
        options.notStrict = true
      },
    },
  ],
  defaults: () => ({
    segsleft: { min: 0, max: UINT32_MAX, negated: false },
    reserved: false,
    notStrict: false,
  }),
  save: rtText,
  list: ({ type, segsleft, length, reserved, addresses, notStrict }) =>
    words(
      'rt',
      type && `type:${type.negated ? '!' : ''}${type.value}`,
      (segsleft.min !== 0 || segsleft.max !== UINT32_MAX || segsleft.negated) &&
        `segsleft${segsleft.min === segsleft.max ? '' : 's'}:${segsleft.negated ? '!' : ''}${rangeText(segsleft)}`,
      length && `length:${length.negated ? '!' : ''}${length.value}`,
      reserved && 'reserved',
      addresses && `0-addrs ${addresses.join(',')}`,
      notStrict && '0-not-strict',
    ),
  compile: options => [
    {
      option: words('-m rt', rtText(options)),
      passes(skb, environment) {
        const at = requireExtensionHeader(skb, NEXTHDR_ROUTING, 4, environment)
        return at >= 0 && holds(skb, at, options, environment)
      },
      seen(skb, environment) {
        const at = requireExtensionHeader(skb, NEXTHDR_ROUTING, 4, environment)
        return at < 0 ? 'no routing header' : `rt-type ${skb.bytes[at + 2]} rt-segsleft ${skb.bytes[at + 3]}`
      },
    },
  ],
})

function isTypeZero({ type }: { type?: NegatableNumber }): boolean {
  return type?.value === 0 && !type.negated
}

function rtText({ type, segsleft, length, reserved, addresses, notStrict }: RtOptions): string {
  return words(
    type && `${not(type.negated)}--rt-type ${type.value}`,
    (segsleft.min !== 0 || segsleft.max !== UINT32_MAX) &&
      `${not(segsleft.negated)}--rt-segsleft ${rangeText(segsleft)}`,
    length && `${not(length.negated)}--rt-len ${length.value}`,
    reserved && '--rt-0-res',
    addresses && `--rt-0-addrs ${addresses.join(',')}`,
    notStrict && '--rt-0-not-strict',
  )
}

function holds(skb: Skb, at: number, options: RtOptions, environment: MatchEnvironment): boolean {
  const { type, segsleft, length, reserved, addresses, notStrict } = options
  const { bytes } = skb
  const size = (bytes[at + 1]! + 1) * 8
  if (bytes.length - at < size) return false
  const left = bytes[at + 3]!
  if ((left >= segsleft.min && left <= segsleft.max) === segsleft.negated) return false
  if (length !== undefined && (length.value === size) === length.negated) return false
  if (type !== undefined && (type.value === bytes[at + 2]) === type.negated) return false
  if (reserved) {
    if (at + 8 > bytes.length) {
      environment.hotdrop = true
      return false
    }
    if (skb.u32(at + 4) !== 0) return false
  }
  if (addresses === undefined) return true
  const present = Math.floor((size - ADDRESSES_AT) / 16)
  if (addresses.length > present || (!notStrict && addresses.length !== present)) return false
  let matched = 0
  for (let i = 0; i < present && matched < addresses.length; i++) {
    const address = Address.read(6, bytes, at + ADDRESSES_AT + 16 * i)
    if (address.equals(addresses[matched]!)) matched++
    else if (!notStrict) return false
  }
  return matched === addresses.length
}
