import { defineTarget } from '../extension.ts'
import {
  type NatOptions,
  natFlagsText,
  natRange,
  natTargetText,
  PERSISTENT,
  parseNatTarget,
  RANDOM,
  RANDOM_FULLY,
} from './nat-text.ts'

/** `-j SNAT`: net/netfilter/xt_nat.c. */
export const snat = defineTarget<NatOptions>({
  name: 'SNAT',
  tables: ['nat'],
  hooks: ['INPUT', 'POSTROUTING'],
  summary: "change the connection's source address",
  options: [
    {
      name: 'to-source',
      arguments: 1,
      mandatory: true,
      placeholder: 'address[-address][:port[-port]]',
      help: 'the new source, or the range it comes from',
      set(options, [text = ''], _negated, context) {
        parseNatTarget(options, text, context)
        // a shifted port map is DNAT's: here its base is read, but not kept
        if (options.basePort !== undefined) options.basePort = 0
      },
    },
    RANDOM,
    RANDOM_FULLY,
    PERSISTENT,
  ],
  save: options => `--to-source ${natTargetText(options)}${natFlagsText(options, '--')}`,
  list: options => `to:${natTargetText(options)}${natFlagsText(options, '')}`,
  needsConntrack: () => true,
  compile(options) {
    const range = natRange('source', options)
    return (skb, environment) => environment.bindNat(skb, range)
  },
})
