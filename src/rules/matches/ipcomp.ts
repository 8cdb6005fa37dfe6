import { defineMatch } from '../extension.ts'
import { headerTest } from '../port-tests.ts'
import { type NegatableRange, not, parseRange, rangeText, UINT32_MAX, words } from './support.ts'

interface IpcompOptions {
  readonly spi: NegatableRange
  readonly reserved: boolean
}

/** `-m ipcomp`: net/netfilter/xt_ipcomp.c. The compression parameter index: 16 bits in the packet, 32 in the rule. */
export const ipcomp = defineMatch<IpcompOptions>({
  name: 'ipcomp',
  protocols: [108],
  summary: 'the parameter index of IPComp packets',
  options: [
    {
      name: 'ipcompspi',
      arguments: 1,
      negatable: true,
      placeholder: 'spi[:spi]',
      help: 'compression parameter index',
      set(options, [text = ''], negated) {
        options.spi = { ...parseRange(text, UINT32_MAX), negated }
      },
    },
    {
      name: 'compres',
      arguments: 0,
      help: 'kept and printed, but the kernel does not look at the reserved field',
      set(options) {
        options.reserved = true
      },
    },
  ],
  // without an option the range is 0 to 0
  defaults: () => ({ spi: { min: 0, max: 0, negated: false }, reserved: false }),
  save: ({ spi, reserved }) =>
    words(!isAny(spi) && `${not(spi.negated)}--ipcompspi ${rangeText(spi)}`, reserved && '--compres'),
  list({ spi, reserved }) {
    const says = !isAny(spi) || spi.negated
    const text = `spi${spi.min === spi.max ? '' : 's'}:${spi.negated ? '!' : ''}${rangeText(spi)}`
    return `comp ${words(says && text, reserved && 'reserved')}`
  },
  compile: ({ spi }) => [
    headerTest('ipcomp', 4, false),
    {
      option: `${not(spi.negated)}--ipcompspi ${rangeText(spi)}`,
      passes(skb) {
        const index = skb.u16(skb.transportOffset + 2)
        return (index >= spi.min && index <= spi.max) !== spi.negated
      },
      seen: skb => `ipcompspi ${skb.u16(skb.transportOffset + 2)}`,
    },
  ],
})

function isAny({ min, max }: NegatableRange): boolean {
  return min === 0 && max === UINT32_MAX
}
