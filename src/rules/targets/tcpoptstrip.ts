import { pullFragments } from '../../packet/fragments.ts'
import { IPPROTO_TCP } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineTarget, OptionError, Verdict } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import {
  changedChecksum,
  optionLength,
  TCP_HEADER_LENGTH,
  TCPOPT_NOP,
  type TcpHeader,
  tcpHeader,
} from './tcp-header.ts'

export interface TcpOptStripOptions {
  /** Option kinds, ascending. */
  readonly kinds: readonly number[]
}

const NAMES: readonly (readonly [string, number])[] = [
  ['wscale', 3],
  ['mss', 2],
  ['sack-permitted', 4],
  ['sack', 5],
  ['timestamp', 8],
  ['md5', 19],
]

/** `-j TCPOPTSTRIP`: net/netfilter/xt_TCPOPTSTRIP.c. Overwrites options with NOPs. */
export const tcpoptstrip = defineTarget<TcpOptStripOptions>({
  name: 'TCPOPTSTRIP',
  tables: ['mangle'],
  protocols: [IPPROTO_TCP],
  summary: 'take options out of the TCP header',
  options: [
    {
      name: 'strip-options',
      arguments: 1,
      placeholder: 'option[,option…]',
      help: 'numbers, or mss wscale sack-permitted sack timestamp md5',
      set(options, [text = '']) {
        options.kinds = parseKinds(text)
      },
    },
  ],
  defaults: () => ({ kinds: [] }),
  save: ({ kinds }) => (kinds.length === 0 ? '' : `--strip-options ${kinds.join(',')}`),
  list({ kinds }, _family, numeric) {
    if (kinds.length === 0) return ''
    const name = (kind: number): string => NAMES.find(row => row[1] === kind)?.[0] ?? `${kind}`
    return `TCPOPTSTRIP options ${(numeric ? kinds : kinds.map(name)).join(',')}`
  },
  compile({ kinds }) {
    const stripped = new Set(kinds)
    return skb => {
      if (skb.fragmentOffset !== 0) return Verdict.CONTINUE
      const header = tcpHeader(skb)
      if (header === undefined) return Verdict.DROP
      pullFragments(skb, header.start + header.length)
      strip(skb, header, stripped)
      return Verdict.CONTINUE
    }
  },
})

function parseKinds(text: string): readonly number[] {
  const kinds = new Set<number>()
  for (const word of text.split(',')) {
    const kind = NAMES.find(([name]) => name === word)?.[1] ?? parseNumber(word, 0, 255)
    if (kind === undefined)
      throw new OptionError(`Bad TCP option value "${word}"`, {
        expected: `2 to 255, or ${NAMES.map(([name]) => name).join(' ')}`,
      })
    if (kind <= TCPOPT_NOP) throw new OptionError('Option value may not be 0 or 1', { expected: '2 to 255' })
    if (kinds.has(kind)) throw new OptionError(`Option "${word}" already specified`)
    kinds.add(kind)
  }
  return [...kinds].sort((a, b) => a - b)
}

function strip(skb: Skb, { start, length }: TcpHeader, stripped: ReadonlySet<number>): void {
  for (let at = TCP_HEADER_LENGTH; at < length - 1; ) {
    const size = optionLength(skb.bytes, start + at)
    if (at + size > length) return
    if (stripped.has(skb.bytes[start + at]!)) overwrite(skb, start, at, size)
    at += size
  }
}

function overwrite(skb: Skb, start: number, first: number, size: number): void {
  const bytes = skb.writable()
  let checksum = skb.u16(start + 16)
  for (let at = first; at < first + size; at++) {
    const shift = at % 2 === 0 ? 8 : 0
    checksum = changedChecksum(skb, checksum, bytes[start + at]! << shift, TCPOPT_NOP << shift)
    bytes[start + at] = TCPOPT_NOP
  }
  bytes[start + 16] = checksum >>> 8
  bytes[start + 17] = checksum
}
