import type { Family } from './address.ts'
import type { CompiledChain } from './rules/compiled-rules.ts'
import type { Counters, TableName } from './rules/model.ts'
import type { CounterLookup } from './rules/print.ts'
import { NO_COUNTERS } from './rules/steps.ts'
import type { FirewallState } from './state.ts'

/** What `iptables -L -v` and `iptables-save -c` show of one chain. */
export interface ChainCounters {
  readonly rules: readonly Counters[]
  /** Built-in chains only. */
  readonly policy?: Counters
}

/**
 * The packets and bytes that each rule of a chain, and its policy, have matched.
 *
 * @returns undefined when there is no such table or chain
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p udp -j DROP' })
 * const query = udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' })
 * const { state } = step(box, { device: 'eth0', packet: query })
 * readCounters(state, 4, 'filter', 'INPUT').rules[0] // { packets: 1, bytes: 28 }
 */
export function readCounters(
  state: FirewallState,
  family: Family,
  table: TableName,
  chain: string,
): ChainCounters | undefined {
  const compiled = compiledChain(state, family, table, chain)
  if (compiled === undefined) return undefined
  const at = (slot: number): Counters => state.counters.get(slot) ?? NO_COUNTERS
  return {
    rules: compiled.rules.map(({ slot }) => at(slot)),
    ...(compiled.policy !== undefined && { policy: at(compiled.policySlot) }),
  }
}

/** The live counters in the shape that the printers take. */
export function countersOf(state: FirewallState, family: Family): CounterLookup {
  return (table, chain, place) => {
    const compiled = compiledChain(state, family, table, chain)
    const slot = place === 'policy' ? compiled?.policySlot : compiled?.rules[place]?.slot
    return slot === undefined ? NO_COUNTERS : (state.counters.get(slot) ?? NO_COUNTERS)
  }
}

function compiledChain(
  state: FirewallState,
  family: Family,
  table: TableName,
  chain: string,
): CompiledChain | undefined {
  const { rules } = family === 4 ? state.compiled.ipv4 : state.compiled.ipv6
  return rules?.tables[table]?.chains.get(chain)
}
