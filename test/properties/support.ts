import type fc from 'fast-check'
import { createFirewall, type FirewallOptions } from '../../src/firewall.ts'
import { conntrackList, iptablesSave } from '../../src/listings.ts'
import type { Outcome } from '../../src/outcome.ts'
import type { FirewallState } from '../../src/state.ts'
import { type History, history } from '../../src/testing/conversations.ts'
import { type PlayedStep, play } from '../../src/testing/play.ts'
import { type RulesetDraft, rulesetText } from '../../src/testing/ruleset-draft.ts'
import { rulesetDraft } from '../../src/testing/rulesets.ts'
import { GATEWAY, siteOptions } from '../../src/testing/site.ts'

/** Always the same histories; with another `PROPERTY_SEED` in the environment others. */
export function runs(numRuns: number): { numRuns: number; seed: number } {
  return { numRuns, seed: Number(process.env.PROPERTY_SEED ?? 1) }
}

/** Matches and targets that ask about the packet alone. */
export const STATELESS = [
  'tcp',
  'udp',
  'icmp',
  'multiport',
  'mark',
  'MARK',
  'length',
  'ttl',
  'dscp',
  'iprange',
]
/** And about its connection. */
export const STATEFUL = [...STATELESS, 'conntrack', 'state', 'connmark', 'CONNMARK', 'LOG', 'REJECT']
export const NAT = [...STATEFUL, 'SNAT', 'DNAT', 'MASQUERADE', 'REDIRECT']

/** Connections that work are more telling than those that do not. */
const ESTABLISHED = ['INPUT', 'FORWARD', 'OUTPUT'].map(chain => ({
  table: 'filter' as const,
  rule: { chain, words: '-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT' },
}))

export function drafts(
  tables: Parameters<typeof rulesetDraft>[1]['tables'],
  extensions: readonly string[],
): fc.Arbitrary<RulesetDraft> {
  const preamble = extensions.includes('conntrack') ? ESTABLISHED : []
  return rulesetDraft(GATEWAY, { tables, extensions, preamble })
}

export const histories: fc.Arbitrary<History> = history(GATEWAY, {
  protocols: ['tcp', 'tcp', 'udp', 'icmp'],
  waits: [1000, 40_000],
  maxHappenings: 20,
  fragments: false,
})

export function firewallOf(
  rules: RulesetDraft | string,
  options: Partial<FirewallOptions> = {},
): FirewallState {
  const text = typeof rules === 'string' ? rules : rulesetText(rules)
  return createFirewall({ ...siteOptions(GATEWAY), rules: text, ...options })
}

export type PlayedArrival = Extract<PlayedStep, { kind: 'arrival' }>

/** The packets that a history makes of a firewall, each with what became of it. */
export function arrivalsOf(firewall: FirewallState, told: History): readonly PlayedArrival[] {
  return play(firewall, told).filter(step => step.kind === 'arrival')
}

/** Everything that can be seen of a state: connections with their timers, and counters. */
export function dump(state: FirewallState): string {
  return [...conntrackList(state), iptablesSave(state)].join('\n')
}

/** What became of a packet as outsiders see it, without what the box says itself. */
export function decision({ fate, emitted, delivered }: Outcome): object {
  const passes = fate.kind === 'forwarded' || fate.kind === 'sent' || fate.kind === 'delivered'
  return {
    passes,
    out: emitted.filter(({ answer }) => !answer).map(({ device, packet }) => `${device}: ${packet}`),
    in: delivered.filter(({ answer }) => !answer).map(({ packet, mark }) => `${packet} mark ${mark}`),
  }
}
