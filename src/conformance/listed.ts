import type { ConntrackEvent } from '../conntrack/events.ts'
import { formatEvent } from '../conntrack/list.ts'
import { conntrackList, iptablesCommands, iptablesList } from '../listings.ts'
import type { TableName } from '../rules/model.ts'
import type { FirewallState } from '../state.ts'
import type { CaseListings, KernelCase } from './case.ts'

/** What the tools of users would print of a firewall after a case, in the form of recordings. */
export function listed(
  state: FirewallState,
  events: readonly ConntrackEvent[],
  { family, rules }: Pick<KernelCase, 'family' | 'rules'>,
): CaseListings {
  const tables = [...rules.matchAll(/^\*(\w+)/gm)].map(([, name]) => name as TableName)
  const each = (print: (table: TableName) => string): Record<string, string> =>
    Object.fromEntries(tables.map(table => [table, print(table).trim()]))
  const options = { numeric: true, verbose: true, exact: true, lineNumbers: true } as const
  return {
    conntrack: conntrackList(state).map(withoutTimeout).sort(),
    extended: conntrackList(state, { extended: true }).map(withoutTimeout).sort(),
    events: events.map(event => withoutTimeout(formatEvent(event))),
    rules: each(table => iptablesList(state, { ...options, family, table })),
    commands: each(table => iptablesCommands(state, { family, table })),
  }
}

/** The kernel counts down while it is asked. */
function withoutTimeout(line: string): string {
  return line.replace(/([a-z0-9]+ +\d+) \d+ (?=[A-Z]|src=)/, '$1 T ')
}
