import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { headerOffset, type NegatableRange, not, parseRange, rangeText } from './support.ts'

const MSS_KIND = 2
const MSS_LENGTH = 4
/** The option is not there. */
const NONE = -1
/** The header or its options are cut off or malformed. */
const MALFORMED = -2

/** `-m tcpmss`: net/netfilter/xt_tcpmss.c. The maximum segment size that a TCP header announces. */
export const tcpmss = defineMatch<{ readonly mss: NegatableRange }>({
  name: 'tcpmss',
  protocols: [6],
  summary: 'the MSS option of TCP',
  options: [
    {
      name: 'mss',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'value[:value]',
      help: 'the announced maximum segment size',
      set(options, [text = ''], negated) {
        const range = parseRange(text, 65535)
        if (range.min > range.max) throw new OptionError(`invalid range '${text}'`)
        options.mss = { ...range, negated }
      },
    },
  ],
  save: ({ mss }) => `${not(mss.negated)}--mss ${rangeText(mss)}`,
  list: ({ mss }) => `tcpmss match ${mss.negated ? '!' : ''}${rangeText(mss)}`,
  compile: ({ mss }) => [
    {
      option: `${not(mss.negated)}--mss ${rangeText(mss)}`,
      passes(skb, environment) {
        const value = announcedMss(skb)
        if (value === MALFORMED) {
          environment.hotdrop = true
          return false
        }
        return (value >= mss.min && value <= mss.max) !== mss.negated
      },
      seen(skb) {
        const value = announcedMss(skb)
        return value === MALFORMED ? 'a malformed TCP header' : value === NONE ? 'no mss' : `mss ${value}`
      },
    },
  ],
})

function announcedMss(skb: Skb): number {
  const { bytes } = skb
  const header = headerOffset(skb)
  const start = header + 20
  if (start > bytes.length) return MALFORMED
  const end = header + (bytes[header + 12]! >> 4) * 4
  if (end < start || end > bytes.length) return MALFORMED
  for (let at = start; at < end; ) {
    const kind = bytes[at]!
    if (kind === MSS_KIND && end - at >= MSS_LENGTH && bytes[at + 1] === MSS_LENGTH)
      return (bytes[at + 2]! << 8) | bytes[at + 3]!
    at += kind < 2 ? 1 : at + 1 < end ? bytes[at + 1]! || 1 : 1
  }
  return NONE
}
