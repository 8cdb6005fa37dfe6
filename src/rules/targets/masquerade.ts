import type { Address } from '../../address.ts'
import type { NatRange } from '../../conntrack/nat-range.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineTarget, Verdict } from '../extension.ts'
import {
  type NatOptions,
  natFlagsText,
  natPortsText,
  natRange,
  parseNatPorts,
  RANDOM,
  RANDOM_FULLY,
} from './nat-text.ts'

/** `-j MASQUERADE`: net/netfilter/nf_nat_masquerade.c. SNAT to whatever address the way out has. */
export const masquerade = defineTarget<NatOptions>({
  name: 'MASQUERADE',
  tables: ['nat'],
  hooks: ['POSTROUTING'],
  summary: 'change the source to the address of the outgoing device',
  options: [
    {
      name: 'to-ports',
      arguments: 1,
      placeholder: 'port[-port]',
      help: 'the range that source ports come from',
      set(options, [text = ''], _negated, context) {
        Object.assign(options, parseNatPorts(text, context))
        if (options.basePort !== undefined) options.basePort = 0
      },
    },
    RANDOM,
    RANDOM_FULLY,
  ],
  save(options) {
    const ports = options.minPort === undefined ? '' : `--to-ports ${natPortsText(options)}`
    return `${ports}${natFlagsText(options, '--')}`.trimStart()
  },
  list(options) {
    const ports = options.minPort === undefined ? '' : `masq ports: ${natPortsText(options)}`
    return `${ports}${natFlagsText(options, '')}`.trimStart()
  },
  needsConntrack: () => true,
  compile(options) {
    const range = natRange('source', options)
    return (skb, environment) => {
      // 0.0.0.0 is somebody asking for an address (DHCP): IPv4 lets it be
      if (skb.family === 4 && skb.connection?.original.source.isZero()) return Verdict.ACCEPT
      const address = environment.sourceAddress(skb.outDevice, towards(skb))
      if (address === undefined) return Verdict.DROP
      const bound: NatRange = {
        ...range,
        minAddress: address,
        maxAddress: address,
        masqueradeDevice: skb.outDevice,
      }
      return environment.bindNat(skb, bound)
    }
  },
})

/** IPv4 asks for an address that fits the gateway, IPv6 one that fits the destination. */
function towards(skb: Skb): Address {
  return skb.family === 4 ? (skb.nextHop ?? skb.destination) : skb.destination
}
