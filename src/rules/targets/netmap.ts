import { Address, type Family, maskOf, Prefix } from '../../address.ts'
import { defineTarget, OptionError, type ParseContext } from '../extension.ts'
import { parseNumber } from '../numbers.ts'
import { parseHostAddress } from './host-address.ts'

export interface NetmapOptions {
  /** Its mask is contiguous. */
  readonly to: Prefix
}

/** `-j NETMAP`: net/netfilter/xt_NETMAP.c. The network part changes, the host part stays. */
export const netmap = defineTarget<NetmapOptions>({
  name: 'NETMAP',
  tables: ['nat'],
  hooks: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  summary: 'map a whole network onto another, host by host',
  options: [
    {
      name: 'to',
      arguments: 1,
      mandatory: true,
      placeholder: 'address[/mask]',
      help: 'the network that addresses are mapped into',
      set(options, [text = ''], _negated, context) {
        options.to = parseNetwork(text, context)
      },
    },
  ],
  save: ({ to }) => `--to ${to}`,
  list: ({ to }) => `to:${to}`,
  needsConntrack: () => true,
  compile({ to }) {
    return (skb, environment) => {
      const { hook } = environment
      const manip = hook === 'PREROUTING' || hook === 'OUTPUT' ? 'destination' : 'source'
      const mapped = mapInto(to, manip === 'source' ? skb.source : skb.destination)
      return environment.bindNat(skb, { manip, minAddress: mapped, maxAddress: mapped, netmap: true })
    }
  },
})

function mapInto({ address: net, mask }: Prefix, host: Address): Address {
  return new Address(
    host.family,
    (host.w0 & ~mask.w0) | net.w0,
    (host.w1 & ~mask.w1) | net.w1,
    (host.w2 & ~mask.w2) | net.w2,
    (host.w3 & ~mask.w3) | net.w3,
  )
}

/** iptables takes a mask that is not contiguous (`/33` is 0.0.0.33) for a host's. */
function parseNetwork(text: string, context: ParseContext): Prefix {
  const slash = text.indexOf('/')
  const host = slash < 0 ? text : text.slice(0, slash)
  const address = parseHostAddress(host, context)
  const length = slash < 0 ? undefined : parseMaskLength(text.slice(slash + 1), context.family)
  return new Prefix(address, maskOf(context.family, length ?? (context.family === 4 ? 32 : 128)))
}

function parseMaskLength(text: string, family: Family): number | undefined {
  const bits = family === 4 ? 32 : 128
  const length = parseNumber(text, 0, bits)
  if (length !== undefined) return length
  const mask = Address.tryParse(text)
  if (mask?.family === family) return new Prefix(mask, mask).length
  if (family === 4 && parseNumber(text, 0, 0xffff_ffff) !== undefined) return undefined
  throw new OptionError(
    `bad value for option "--to", neither a valid network mask nor valid CIDR (0-${bits})`,
    {
      expected: 'a mask or a prefix length',
    },
  )
}
