import type { Family } from './address.ts'
import { stateName } from './conntrack/dump.ts'
import { type ListOptions as ConntrackListOptions, listConnections } from './conntrack/list.ts'
import { countersOf } from './counters.ts'
import { formatNatTable, type NatRow, natTable as natRows } from './nat/table.ts'
import { type ListOptions, listCommands, listRules } from './rules/list.ts'
import type { Ruleset, TableName } from './rules/model.ts'
import { printRules } from './rules/print.ts'
import type { FirewallState } from './state.ts'

/**
 * `iptables-save -c`: the rules with their live counters.
 *
 * @param options `family` 6 is `ip6tables-save`; `counters: false` leaves out `-c`
 * @example
 * console.log(iptablesSave(firewall))
 */
export function iptablesSave(
  state: FirewallState,
  options: { readonly family?: Family; readonly counters?: boolean } = {},
): string {
  const { family = 4, counters = true } = options
  const ruleset = rulesetOf(state, family)
  return ruleset === undefined
    ? ''
    : printRules(ruleset, { withCounters: counters, counters: countersOf(state, family) })
}

/**
 * `iptables -L` with live counters; the options are its switches.
 *
 * @throws RangeError when there is no such table or chain
 * @example
 * console.log(iptablesList(firewall, { numeric: true, verbose: true, lineNumbers: true }))
 */
export function iptablesList(
  state: FirewallState,
  options: Omit<ListOptions, 'counters'> & { readonly family?: Family } = {},
): string {
  const { family = 4 } = options
  return listRules(rulesetOf(state, family) ?? { family, tables: {} }, {
    ...options,
    counters: countersOf(state, family),
  })
}

/** `iptables -S`: the rules of a table as commands. @throws RangeError when there is no such chain */
export function iptablesCommands(
  state: FirewallState,
  options: { readonly family?: Family; readonly table?: TableName; readonly chain?: string } = {},
): string {
  const { family = 4 } = options
  return listCommands(rulesetOf(state, family) ?? { family, tables: {} }, options)
}

/**
 * `conntrack -L`: a line for each live connection.
 *
 * @example
 * console.log(conntrackList(outcome.state).join('\n'))
 */
export function conntrackList(state: FirewallState, options: ConntrackListOptions = {}): string[] {
  return listConnections(state.sessions, state.nowMs, {
    counters: state.compiled.conntrackSysctls.acct,
    ...options,
  })
}

/** The NAT table as rows: internal, external, remote. */
export function natTable(state: FirewallState): readonly NatRow[] {
  return natRows(state.sessions, state.nowMs, stateName)
}

/** The NAT table as a textbook draws it. */
export function natTableText(state: FirewallState): string {
  return formatNatTable(natTable(state))
}

function rulesetOf(state: FirewallState, family: Family): Ruleset | undefined {
  return family === 4 ? state.config.rules.ipv4 : state.config.rules.ipv6
}
