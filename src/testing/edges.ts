import { Address, type Family, Prefix } from '../address.ts'
import { allRules } from '../analysis/vocabulary.ts'
import { lastAddress } from '../ip/interfaces.ts'
import { ruleText } from '../rules/print.ts'
import type { FirewallState } from '../state.ts'

/** Where the rules of a firewall begin and end: what tests should be about. */
export interface Edges {
  /** The first and the last address of every prefix and range, and their neighbours outside. */
  readonly addresses: readonly Address[]
  /** Both ends of every port range, and their neighbours. */
  readonly ports: readonly number[]
}

/**
 * The edges of all rules of a family. They are read from the rules as `iptables-save` prints them, so that every
 * extension's addresses and ports are found.
 */
export function edgesOf(firewall: FirewallState, family: Family): Edges {
  const ruleset = firewall.config.rules[family === 4 ? 'ipv4' : 'ipv6']
  const addresses = new Map<string, Address>()
  const ports = new Set<number>()
  for (const rule of ruleset === undefined ? [] : allRules(ruleset)) {
    const text = ruleText(rule, family)
    for (const address of addressEdges(text, family)) addresses.set(address.toString(), address)
    for (const port of portEdges(text)) ports.add(port)
  }
  return { addresses: [...addresses.values()], ports: [...ports] }
}

const ADDRESSES = {
  4: /(\d+\.\d+\.\d+\.\d+)(\/[\d.]+)?(?:-(\d+\.\d+\.\d+\.\d+))?/g,
  6: /(?<![\w:])([0-9a-f]*:[0-9a-f:.]+)(\/[0-9a-f:]+)?(?:-([0-9a-f:]+))?/g,
} as const

function addressEdges(text: string, family: Family): Address[] {
  const found: Address[] = []
  for (const [, word = '', mask = '', to] of text.matchAll(ADDRESSES[family])) {
    const prefix = Prefix.tryParse(word + mask)
    if (prefix?.address.family !== family) continue
    const last = to === undefined ? lastAddress(prefix) : Address.tryParse(to)
    if (last === undefined) continue
    const first = prefix.address
    // the first address of a network is not a host's
    const host = first.equals(last) ? [] : [plus(first, 1)]
    found.push(...host, first, last, plus(first, -1), plus(last, 1))
  }
  return found
}

/** So many addresses further, within the last 32 bits. */
export function plus({ family, w0, w1, w2, w3 }: Address, steps: number): Address {
  return family === 4 ? Address.v4(w0 + steps) : new Address(6, w0, w1, w2, (w3 + steps) | 0)
}

const PORTS = /--(?:sports?|dports?|ports|ctorigsrcport|ctorigdstport|to-ports?|on-port) ([\d,:-]+)/g
const NAT_PORTS = /--to-(?:destination|source) \S*[\d\]]:(\d+(?:-\d+)?)/g

function portEdges(text: string): number[] {
  const found: number[] = []
  for (const pattern of [PORTS, NAT_PORTS])
    for (const [, list = ''] of text.matchAll(pattern))
      for (const range of list.split(',')) {
        const ends = range.split(/[:-]/).map(Number)
        const [first = 0, last = first] = ends
        found.push(first, last, first - 1, last + 1)
      }
  return found.filter(port => port > 0 && port <= 0xffff)
}
