/** The connection states that `--state` and `--ctstate` name, as the kernel's `XT_CONNTRACK_STATE_*` bits. */
import { CtInfo, Status } from '../../conntrack/connection.ts'
import type { Skb } from '../../packet/skb.ts'
import { OptionError } from '../extension.ts'

export const StateBit = {
  INVALID: 1,
  ESTABLISHED: 2,
  RELATED: 4,
  NEW: 8,
  SNAT: 64,
  DNAT: 128,
  UNTRACKED: 256,
} as const

type StateName = keyof typeof StateBit

/** In the order in which iptables tries abbreviations. */
const PARSE_ORDER: readonly StateName[] = [
  'INVALID',
  'NEW',
  'ESTABLISHED',
  'RELATED',
  'UNTRACKED',
  'SNAT',
  'DNAT',
]
const PRINT_ORDER: readonly StateName[] = [
  'INVALID',
  'NEW',
  'RELATED',
  'ESTABLISHED',
  'UNTRACKED',
  'SNAT',
  'DNAT',
]

/** `NEW,ESTABLISHED`, in any case and abbreviated (`new,est`). `virtual`: SNAT and DNAT too. */
export function parseStates(text: string, virtual: boolean): number {
  const names = virtual ? PARSE_ORDER : PARSE_ORDER.slice(0, 5)
  let bits = 0
  for (const word of text.split(',')) {
    const found = word === '' ? undefined : names.find(name => name.startsWith(word.toUpperCase()))
    if (found === undefined) throw new OptionError(`bad state '${word}'`, { expected: names.join(', ') })
    bits |= StateBit[found]
  }
  return bits
}

export function statesText(bits: number): string {
  return PRINT_ORDER.filter(name => (bits & StateBit[name]) !== 0).join(',')
}

/** What conntrack thinks of the packet, without the virtual states. */
function stateBit(skb: Skb): number {
  if (skb.connection === undefined)
    return skb.ctInfo === CtInfo.UNTRACKED ? StateBit.UNTRACKED : StateBit.INVALID
  const { ctInfo } = skb
  if (ctInfo === CtInfo.NEW) return StateBit.NEW
  return ctInfo === CtInfo.RELATED || ctInfo === CtInfo.RELATED_REPLY
    ? StateBit.RELATED
    : StateBit.ESTABLISHED
}

/** With SNAT and DNAT: bits of the connection, whatever the packet's direction. */
export function stateBits(skb: Skb): number {
  let bits = stateBit(skb)
  if (skb.connection !== undefined) {
    if ((skb.connection.status & Status.SRC_NAT) !== 0) bits |= StateBit.SNAT
    if ((skb.connection.status & Status.DST_NAT) !== 0) bits |= StateBit.DNAT
  }
  return bits
}
