import { defineTarget } from '../extension.ts'
import {
  type NatOptions,
  natFlagsText,
  natRange,
  natTargetText,
  PERSISTENT,
  parseNatTarget,
  RANDOM,
} from './nat-text.ts'

/** `-j DNAT`: net/netfilter/xt_nat.c. */
export const dnat = defineTarget<NatOptions>({
  name: 'DNAT',
  tables: ['nat'],
  hooks: ['PREROUTING', 'OUTPUT'],
  summary: "change the connection's destination address",
  options: [
    {
      name: 'to-destination',
      arguments: 1,
      mandatory: true,
      placeholder: 'address[-address][:port[-port[/port]]]',
      help: 'the new destination, or the range it comes from; a base port shifts the ports',
      set(options, [text = ''], _negated, context) {
        parseNatTarget(options, text, context)
      },
    },
    RANDOM,
    PERSISTENT,
  ],
  save: options => `--to-destination ${natTargetText(options)}${natFlagsText(options, '--')}`,
  list: options => `to:${natTargetText(options)}${natFlagsText(options, '')}`,
  needsConntrack: () => true,
  compile(options) {
    const range = natRange('destination', options)
    return (skb, environment) => environment.bindNat(skb, range)
  },
})
