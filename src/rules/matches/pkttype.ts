import { isMulticast } from '../../address.ts'
import type { PacketType, Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { not } from './support.ts'

type LinkType = Exclude<PacketType, 'loopback'>

interface PkttypeOptions {
  readonly type: LinkType
  readonly negated: boolean
}

/** What people call it, and the kernel. The first name prints. */
const NAMES: readonly (readonly [string, LinkType])[] = [
  ['unicast', 'host'],
  ['broadcast', 'broadcast'],
  ['multicast', 'multicast'],
  ['otherhost', 'otherhost'],
  ['bcast', 'broadcast'],
  ['mcast', 'multicast'],
  ['host', 'host'],
]

const nameOf = (type: LinkType): string => NAMES.find(([, known]) => known === type)![0]

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
      passes: skb => (linkTypeOf(skb) === type) !== negated,
      seen: skb => `pkt-type ${nameOf(linkTypeOf(skb))}`,
    },
  ],
})

/** Of a copy that the box hears itself, the destination decides, as it is now. */
function linkTypeOf({ packetType, destination }: Skb): LinkType {
  if (packetType !== 'loopback') return packetType
  return isMulticast(destination) ? 'multicast' : 'broadcast'
}
