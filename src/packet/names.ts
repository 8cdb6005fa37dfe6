import type { Family } from '../address.ts'

/** Name, type and code of an ICMP message; names as iptables spells them. */
type IcmpName = readonly [name: string, type: number, code: number]

const ICMP_NAMES: readonly IcmpName[] = [
  ['echo-reply', 0, 0],
  ['network-unreachable', 3, 0],
  ['host-unreachable', 3, 1],
  ['protocol-unreachable', 3, 2],
  ['port-unreachable', 3, 3],
  ['fragmentation-needed', 3, 4],
  ['source-route-failed', 3, 5],
  ['network-unknown', 3, 6],
  ['host-unknown', 3, 7],
  ['network-prohibited', 3, 9],
  ['host-prohibited', 3, 10],
  ['TOS-network-unreachable', 3, 11],
  ['TOS-host-unreachable', 3, 12],
  ['communication-prohibited', 3, 13],
  ['host-precedence-violation', 3, 14],
  ['precedence-cutoff', 3, 15],
  ['source-quench', 4, 0],
  ['network-redirect', 5, 0],
  ['host-redirect', 5, 1],
  ['TOS-network-redirect', 5, 2],
  ['TOS-host-redirect', 5, 3],
  ['echo-request', 8, 0],
  ['router-advertisement', 9, 0],
  ['router-solicitation', 10, 0],
  ['ttl-zero-during-transit', 11, 0],
  ['ttl-zero-during-reassembly', 11, 1],
  ['ip-header-bad', 12, 0],
  ['required-option-missing', 12, 1],
  ['timestamp-request', 13, 0],
  ['timestamp-reply', 14, 0],
  ['information-request', 15, 0],
  ['information-reply', 16, 0],
  ['address-mask-request', 17, 0],
  ['address-mask-reply', 18, 0],
]

const ICMP6_NAMES: readonly IcmpName[] = [
  ['no-route', 1, 0],
  ['communication-prohibited', 1, 1],
  ['beyond-scope', 1, 2],
  ['address-unreachable', 1, 3],
  ['port-unreachable', 1, 4],
  ['failed-policy', 1, 5],
  ['reject-route', 1, 6],
  ['packet-too-big', 2, 0],
  ['ttl-zero-during-transit', 3, 0],
  ['ttl-zero-during-reassembly', 3, 1],
  ['bad-header', 4, 0],
  ['unknown-header-type', 4, 1],
  ['unknown-option', 4, 2],
  ['echo-request', 128, 0],
  ['echo-reply', 129, 0],
  ['router-solicitation', 133, 0],
  ['router-advertisement', 134, 0],
  ['neighbour-solicitation', 135, 0],
  ['neighbour-advertisement', 136, 0],
  ['redirect', 137, 0],
]

/** `port-unreachable` for 3/3; undefined for a type and code without a name. */
export function icmpName(family: Family, type: number, code: number): string | undefined {
  return icmpNames(family).find(([, t, c]) => t === type && c === code)?.[0]
}

/** The type and code of a name. */
export function icmpByName(family: Family, name: string): { type: number; code: number } | undefined {
  const found = icmpNames(family).find(([known]) => known === name)
  return found === undefined ? undefined : { type: found[1], code: found[2] }
}

function icmpNames(family: Family): readonly IcmpName[] {
  return family === 4 ? ICMP_NAMES : ICMP6_NAMES
}

/** The letters of {@link tcpFlagsText}, in its order, with their bits. */
const FLAG_LETTERS: readonly (readonly [string, number])[] = [
  ['S', 2],
  ['F', 1],
  ['R', 4],
  ['P', 8],
  ['A', 16],
  ['U', 32],
  ['E', 64],
  ['C', 128],
]

/** `SA` for SYN and ACK, `-` for none: FIN, SYN, RST, PSH, ACK, URG, ECE and CWR by their first letters. */
export function tcpFlagsText(flags: number): string {
  const letters = FLAG_LETTERS.filter(([, bit]) => (flags & bit) !== 0).map(([letter]) => letter)
  return letters.length === 0 ? '-' : letters.join('')
}

/** Letters in any order, each once; undefined for anything else. */
export function parseTcpFlags(text: string): number | undefined {
  if (text === '-') return 0
  let flags = 0
  for (const character of text) {
    const bit = FLAG_LETTERS.find(([letter]) => letter === character)?.[1]
    if (bit === undefined || (flags & bit) !== 0) return undefined
    flags |= bit
  }
  return text === '' ? undefined : flags
}

const EXTENSION_NAMES: readonly (readonly [string, number])[] = [
  ['hopopts', 0],
  ['routing', 43],
  ['frag6', 44],
  ['auth', 51],
  ['dstopts', 60],
]

/** What an IPv6 extension header is called in the text notation. */
export function extensionName(protocol: number): string | undefined {
  return EXTENSION_NAMES.find(([, number]) => number === protocol)?.[0]
}

export function extensionByName(name: string): number | undefined {
  return EXTENSION_NAMES.find(([known]) => known === name)?.[1]
}
