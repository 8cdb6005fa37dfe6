import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { not } from './support.ts'

interface PkttypeOptions {
  readonly type: Skb['packetType']
  readonly negated: boolean
}

/** What people call it, and the kernel. The first name prints. */
const NAMES: readonly (readonly [string, Skb['packetType']])[] = [
  ['unicast', 'host'],
  ['broadcast', 'broadcast'],
  ['multicast', 'multicast'],
  ['otherhost', 'otherhost'],
  ['bcast', 'broadcast'],
  ['mcast', 'multicast'],
  ['host', 'host'],
]

const nameOf = (type: Skb['packetType']): string => NAMES.find(([, known]) => known === type)![0]

/** `-m pkttype`: net/netfilter/xt_pkttype.c. How the link layer addressed the packet. */
export const pkttype = defineMatch<PkttypeOptions>({
  name: 'pkttype',
  summary: 'unicast, broadcast or multicast on the link',
  options: [
    {
      name: 'pkt-type',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'unicast|broadcast|multicast',
      help: 'how the link layer addressed it',
      set(options, [text = ''], negated) {
        const found = NAMES.find(([name]) => name === text.toLowerCase())
        if (found === undefined)
          throw new OptionError(`bad packet type '${text}'`, { expected: 'unicast, broadcast or multicast' })
        options.type = found[1]
        options.negated = negated
      },
    },
  ],
  save: ({ type, negated }) => `${not(negated)}--pkt-type ${nameOf(type)}`,
  list: ({ type, negated }) => `PKTTYPE ${negated ? '!=' : '='} ${nameOf(type)}`,
  compile: ({ type, negated }) => [
    {
      option: `${not(negated)}--pkt-type ${nameOf(type)}`,
      passes: skb => (skb.packetType === type) !== negated,
      seen: skb => `pkt-type ${nameOf(skb.packetType)}`,
    },
  ],
})
