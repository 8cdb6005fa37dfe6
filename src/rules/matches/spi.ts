/** IPsec's headers: esp, ipcomp, and ah in both families. */
import type { Skb } from '../../packet/skb.ts'
import { defineMatch, type MatchEnvironment, type OptionSpec, type Test } from '../extension.ts'
import { headerTest } from '../port-tests.ts'
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

interface SpiOptions {
  readonly spi: NegatableRange
}

const spiOption = (name: string): OptionSpec<SpiOptions> => ({
  name,
  arguments: 1,
  negatable: true,
  placeholder: 'spi[:spi]',
  help: 'security parameter index',
  set(options, [text = ''], negated) {
    options.spi = { ...parseRange(text, UINT32_MAX), negated }
  },
})

const ANY_SPI: NegatableRange = { min: 0, max: UINT32_MAX, negated: false }

const isAny = ({ min, max }: NegatableRange): boolean => min === 0 && max === UINT32_MAX

/** Printed by iptables-save only when it is a real range, even if inverted. */
const saveSpi = (name: string, spi: NegatableRange): string =>
  isAny(spi) ? '' : `${not(spi.negated)}--${name} ${rangeText(spi)}`

const listSpi = (spi: NegatableRange): string => {
  if (isAny(spi) && !spi.negated) return ''
  return `spi${spi.min === spi.max ? '' : 's'}:${spi.negated ? '!' : ''}${rangeText(spi)}`
}

/** `-m esp`: net/netfilter/xt_esp.c. */
export const esp = defineMatch<SpiOptions>({
  name: 'esp',
  protocols: [50],
  summary: 'the SPI of ESP packets',
  options: [spiOption('espspi')],
  defaults: () => ({ spi: ANY_SPI }),
  save: ({ spi }) => saveSpi('espspi', spi),
  list: ({ spi }) => words('esp', listSpi(spi)),
  compile: ({ spi }) => [
    headerTest('esp', 8, false),
    spiTest('espspi', spi, skb => skb.u32(skb.transportOffset)),
  ],
})

interface IpcompOptions extends SpiOptions {
  /** The kernel takes it and never looks at it. */
  readonly reserved: boolean
}

/** `-m ipcomp`: net/netfilter/xt_ipcomp.c. Its SPI has 16 bits, which the option does not know; without it, it is 0. */
export const ipcomp = defineMatch<IpcompOptions>({
  name: 'ipcomp',
  protocols: [108],
  summary: 'the SPI of IPComp packets',
  options: [
    spiOption('ipcompspi') as OptionSpec<IpcompOptions>,
    {
      name: 'compres',
      arguments: 0,
      help: 'the reserved field is 0 (ignored)',
      set(options) {
        options.reserved = true
      },
    },
  ],
  defaults: () => ({ spi: { min: 0, max: 0, negated: false }, reserved: false }),
  save: ({ spi, reserved }) => words(saveSpi('ipcompspi', spi), reserved && '--compres'),
  list: ({ spi, reserved }) => words('comp', listSpi(spi), reserved && 'reserved'),
  compile: ({ spi }) => [
    headerTest('ipcomp', 4, false),
    spiTest('ipcompspi', spi, skb => skb.u16(skb.transportOffset + 2)),
  ],
})

/** `-m ah` in IPv4: net/ipv4/netfilter/ipt_ah.c. */
export const ah = defineMatch<SpiOptions>({
  name: 'ah',
  families: [4],
  protocols: [51],
  summary: 'the SPI of AH packets',
  options: [spiOption('ahspi')],
  defaults: () => ({ spi: ANY_SPI }),
  save: ({ spi }) => saveSpi('ahspi', spi),
  list: ({ spi }) => `ah ${listSpi(spi)}`,
  compile: ({ spi }) => [
    headerTest('ah', 12, false),
    spiTest('ahspi', spi, skb => skb.u32(skb.transportOffset + 4)),
  ],
})

function spiTest(name: string, spi: NegatableRange, read: (skb: Skb) => number): Test {
  const { min, max, negated } = spi
  return {
    option: `${not(negated)}--${name} ${rangeText(spi)}`,
    passes(skb) {
      const value = read(skb)
      return (value >= min && value <= max) !== negated
    },
    seen: skb => `${name} ${read(skb)}`,
  }
}

interface Ah6Options extends SpiOptions {
  readonly length: NegatableNumber
  readonly reserved: boolean
}

const NEXTHDR_AUTH = 51

/** `-m ah` in IPv6: net/ipv6/netfilter/ip6t_ah.c. An extension header there, so without -p. */
export const ah6 = defineMatch<Ah6Options>({
  name: 'ah',
  families: [6],
  summary: 'the authentication header',
  options: [
    spiOption('ahspi') as OptionSpec<Ah6Options>,
    {
      name: 'ahlen',
      arguments: 1,
      negatable: true,
      placeholder: 'length',
      help: 'length of the header in bytes',
      set(options, [text = ''], negated) {
        options.length = { value: requireNumber(text, 0, UINT32_MAX), negated }
      },
    },
    {
      name: 'ahres',
      arguments: 0,
      help: 'the reserved field is 0',
      set(options) {
        options.reserved = true
      },
    },
  ],
  defaults: () => ({ spi: ANY_SPI, length: { value: 0, negated: false }, reserved: false }),
  save: options => ah6Text(options),
  list: ({ spi, length, reserved }) => {
    const bytes =
      length.value !== 0 || length.negated ? `length:${length.negated ? '!' : ''}${length.value}` : ''
    return words(`ah ${listSpi(spi)}${bytes}`, reserved && 'reserved')
  },
  compile(options) {
    const { spi, length, reserved } = options
    const find = (skb: Skb, environment: MatchEnvironment): number => {
      const at = requireExtensionHeader(skb, NEXTHDR_AUTH, 12, environment)
      // whoever looks for it drops one that is longer than the packet
      const isWhole = at < 0 || at + (skb.bytes[at + 1]! + 2) * 4 <= skb.bytes.length
      if (!isWhole) environment.hotdrop = true
      return isWhole ? at : -1
    }
    return [
      {
        option: words('-m ah', ah6Text(options)),
        passes(skb, environment) {
          const at = find(skb, environment)
          if (at < 0) return false
          const value = skb.u32(at + 4)
          const bytes = (skb.bytes[at + 1]! + 2) * 4
          return (
            (value >= spi.min && value <= spi.max) !== spi.negated &&
            (length.value === 0 || (length.value === bytes) !== length.negated) &&
            !(reserved && skb.u16(at + 2) !== 0)
          )
        },
        seen(skb, environment) {
          const at = find(skb, environment)
          return at < 0 ? 'no authentication header' : `ahspi ${skb.u32(at + 4)}`
        },
      },
    ]
  },
})

function ah6Text({ spi, length, reserved }: Ah6Options): string {
  return words(
    saveSpi('ahspi', spi),
    length.value !== 0 && `${not(length.negated)}--ahlen ${length.value}`,
    reserved && '--ahres',
  )
}
