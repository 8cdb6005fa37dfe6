import { Address } from '../../address.ts'
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
          : environment.redirectAddress(skb.inDevice, skb.destination)
      if (address === undefined) return Verdict.DROP
      return environment.bindNat(skb, { ...range, minAddress: address, maxAddress: address })
    }
  },
})
