import { Address } from '../../address.ts'
import type { Skb } from '../../packet/skb.ts'
import { defineTarget, OptionError, Verdict } from '../extension.ts'
import { type NatOptions, natFlagsText, natPortsText, natRange, parseNatPorts, RANDOM } from './nat-text.ts'

const LOOPBACK = { 4: Address.parse('127.0.0.1'), 6: Address.parse('::1') } as const

/** `-j REDIRECT`: net/netfilter/nf_nat_redirect.c. DNAT to the box itself. */
export const redirect = defineTarget<NatOptions>({
  name: 'REDIRECT',
  tables: ['nat'],
  hooks: ['PREROUTING', 'OUTPUT'],
  summary: 'change the destination to the box itself',
  options: [
    {
      name: 'to-ports',
      arguments: 1,
      placeholder: 'port[-port]',
      help: 'the port to redirect to, or the range it comes from',
      set(options, [text = ''], _negated, context) {
        const ports = parseNatPorts(text, context)
        if (ports.basePort !== undefined)
          throw new OptionError('Shifted portmap ranges not supported with this kernel', {
            expected: 'port[-port]',
          })
        Object.assign(options, ports)
      },
    },
    RANDOM,
  ],
  save(options) {
    const ports = options.minPort === undefined ? '' : `--to-ports ${natPortsText(options)}`
    return `${ports}${natFlagsText(options, '--')}`.trimStart()
  },
  list(options) {
    const ports = options.minPort === undefined ? '' : `redir ports ${natPortsText(options)}`
    return `${ports}${natFlagsText(options, '')}`.trimStart()
  },
  needsConntrack: () => true,
  compile(options) {
    const range = natRange('destination', options)
    return (skb, environment) => {
      const address =
        environment.hook === 'OUTPUT'
          ? LOOPBACK[skb.family]
          : hasNarrowScope(skb)
            ? undefined
            : environment.sourceAddress(skb.inDevice)
      if (address === undefined) return Verdict.DROP
      return environment.bindNat(skb, { ...range, minAddress: address, maxAddress: address })
    }
  },
})

/**
 * IPv6 packets to a link-local, site-local or node-local address or group find only addresses of that scope
 * (`nf_nat_redirect_ipv6_usable`), and REDIRECT looks among the global ones.
 */
function hasNarrowScope({ family, destination: { w0 } }: Skb): boolean {
  if (family === 4) return false
  if (w0 >>> 24 === 0xff) return NARROW_GROUP_SCOPES.includes((w0 >>> 16) & 15)
  return w0 >>> 22 === 0xfe80 >>> 6 || w0 >>> 22 === 0xfec0 >>> 6
}

/** Node, link, site. */
const NARROW_GROUP_SCOPES = [1, 2, 5]
