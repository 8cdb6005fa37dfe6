import { Address, Prefix } from '../../address.ts'
import { IPPROTO_ICMPV6 } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import {
  type Draft,
  defineTarget,
  OptionError,
  type OptionSpec,
  type TargetExtension,
  Verdict,
} from '../extension.ts'
import type { Hook } from '../model.ts'
import { parseBounded } from './mark-value.ts'

export interface NptOptions {
  readonly from: PrefixText
  readonly to: PrefixText
}

/** A prefix as it was written; host bits are kept so that the kernel's check can complain about them. */
interface PrefixText {
  readonly address: Address
  readonly length: number
}

/** Behind the IPv6 header and ICMPv6's eight bytes. */
const QUOTE_AT = 48

/**
 * `-j SNPT` and `-j DNPT`: net/ipv6/netfilter/ip6t_NPT.c. Stateless prefix translation (RFC 6296): one word of the
 * address takes up the difference, so that no transport checksum changes. Where none can, the packet is dropped, and its
 * sender told of a parameter problem; not in OUTPUT, where it has no device yet (`icmp6_send`).
 */
export const snpt = nptTarget('SNPT', 'source', ['INPUT', 'POSTROUTING'], 'translate the source prefix')
export const dnpt = nptTarget(
  'DNPT',
  'destination',
  ['PREROUTING', 'OUTPUT'],
  'translate the destination prefix',
)

function nptTarget(
  name: string,
  part: 'source' | 'destination',
  hooks: readonly Hook[],
  summary: string,
): TargetExtension {
  const addressAt = part === 'source' ? 8 : 24
  return defineTarget<NptOptions>({
    name,
    families: [6],
    tables: ['mangle'],
    hooks,
    summary,
    options: [
      prefixOption('src-pfx', 'the prefix that packets carry', (options, prefix) => {
        options.from = prefix
      }),
      prefixOption('dst-pfx', 'the prefix that they get', (options, prefix) => {
        options.to = prefix
      }),
    ],
    check({ from, to }) {
      if (from.length > 64 || to.length > 64) return 'a prefix has 64 bits at most'
      return hasHostBits(from) || hasHostBits(to) ? 'the prefix has host bits set' : undefined
    },
    save: ({ from, to }) => `--src-pfx ${text(from)} --dst-pfx ${text(to)}`,
    list: ({ from, to }) => `${name} src-pfx ${text(from)} dst-pfx ${text(to)}`,
    compile({ from, to }) {
      const length = Math.max(from.length, to.length)
      const adjustment = fold(prefixSum(from.address) + (0xffff - fold(prefixSum(to.address))))
      const matched = Prefix.parse(text(from))
      return (skb, environment) => {
        const bytes = skb.writable()
        if (!translate(bytes, addressAt, to.address, length, adjustment)) {
          skb.refresh()
          if (environment.hook !== 'OUTPUT') environment.parameterProblem(skb, addressAt)
          return Verdict.DROP
        }
        const quotedAt = quotedAddressAt(skb, part)
        if (quotedAt >= 0 && matched.contains(Address.read(6, bytes, quotedAt)))
          translate(bytes, quotedAt, to.address, length, adjustment)
        skb.refresh()
        return Verdict.CONTINUE
      }
    },
  })
}

function prefixOption(
  name: string,
  help: string,
  write: (options: Draft<NptOptions>, prefix: PrefixText) => void,
): OptionSpec<NptOptions> {
  return {
    name,
    arguments: 1,
    mandatory: true,
    placeholder: 'prefix/length',
    help,
    set(options, [argument = '']) {
      const [host = '', length] = argument.split('/')
      const address = Address.tryParse(host)
      if (address?.family !== 6)
        throw new OptionError(`host/network '${host}' not found`, { expected: 'prefix/length' })
      if (length === undefined)
        throw new OptionError(`--${name} needs a prefix length`, { expected: 'prefix/length' })
      write(options, { address, length: parseBounded(length, name, 0, 128) })
    },
  }
}

function text({ address, length }: PrefixText): string {
  return `${address}/${length}`
}

function hasHostBits({ address, length }: PrefixText): boolean {
  return !Prefix.parse(`${address}/${length}`).address.equals(address)
}

/** The four words of the prefix: one with host bits was refused. */
function prefixSum({ w0, w1 }: Address): number {
  return (w0 >>> 16) + (w0 & 0xffff) + (w1 >>> 16) + (w1 & 0xffff)
}

function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

/** False when no word can take up the difference; the prefix is changed all the same. */
function translate(
  bytes: Uint8Array,
  at: number,
  prefix: Address,
  length: number,
  adjustment: number,
): boolean {
  for (let bit = 0; bit < length; bit += 8) {
    const index = bit >> 3
    const kept = length - bit >= 8 ? 0 : 0xff >> (length - bit)
    const prefixWord = index < 4 ? prefix.w0 : prefix.w1
    bytes[at + index] = (bytes[at + index]! & kept) | ((prefixWord >>> (24 - 8 * (index & 3))) & 0xff & ~kept)
  }
  const wordAt = adjustedWordAt(bytes, at, length)
  if (wordAt < 0) return false
  const sum = fold(((bytes[wordAt]! << 8) | bytes[wordAt + 1]!) + adjustment)
  const value = sum === 0xffff ? 0 : sum
  bytes[wordAt] = value >>> 8
  bytes[wordAt + 1] = value
  return true
}

/** Which 16 bits take up the difference: the subnet, else the first word of the interface id that is not all ones. */
function adjustedWordAt(bytes: Uint8Array, at: number, length: number): number {
  if (length <= 48) return at + 6
  for (let word = at + 8; word < at + 16; word += 2)
    if (bytes[word] !== 0xff || bytes[word + 1] !== 0xff) return word
  return -1
}

/** The address at the other end of the packet that an ICMPv6 error quotes: it carries the same prefix. Or -1. */
function quotedAddressAt({ bytes }: Skb, part: 'source' | 'destination'): number {
  const isError = bytes[6] === IPPROTO_ICMPV6 && bytes[40]! >= 1 && bytes[40]! <= 4
  if (!isError || bytes.length < QUOTE_AT + 40) return -1
  return QUOTE_AT + (part === 'source' ? 24 : 8)
}
