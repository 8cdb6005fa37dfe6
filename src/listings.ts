import type { Family } from './address.ts'
import { stateName } from './conntrack/dump.ts'
import { type ListOptions as ConntrackListOptions, listConnections } from './conntrack/list.ts'
import { listExpectations } from './conntrack/list-expectations.ts'
import { type ConnectionFilter, connectionTest } from './conntrack-tool.ts'
import { countersOf } from './counters.ts'
import { formatNatTable, type NatRow, natTable as natRows } from './nat/table.ts'
import { type ListOptions, listCommands, listRules } from './rules/list.ts'
import { toJiffies } from './rules/matches/jiffies.ts'
import type { Ruleset } from './rules/model.ts'
import { printRules } from './rules/print.ts'
import { saveSets } from './sets/save.ts'
import type { FirewallState } from './state.ts'

/**
 * `iptables-save -c`: the rules with their live counters.
 *
 * @param options `family` 6 is `ip6tables-save`; `counters: false` leaves out `-c`
 * @example
 * const box = createFirewall({ rules: 'iptables -A INPUT -i lo -j ACCEPT' })
 * console.log(iptablesSave(box))
 * // *filter
 * // :INPUT ACCEPT [0:0]
 * // :FORWARD ACCEPT [0:0]
 * // :OUTPUT ACCEPT [0:0]
 * // [0:0] -A INPUT -i lo -j ACCEPT
 * // COMMIT
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
 * const box = createFirewall({ rules: 'iptables -A INPUT -i lo -j ACCEPT' })
 * console.log(iptablesList(box, { chain: 'INPUT', numeric: true, verbose: true, lineNumbers: true }))
 * // Chain INPUT (policy ACCEPT 0 packets, 0 bytes)
 * // num   pkts bytes target     prot opt in     out     source               destination
 * // 1        0     0 ACCEPT     0    --  lo     *       0.0.0.0/0            0.0.0.0/0
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

/**
 * `iptables -S`: the rules of a table as commands.
 *
 * @param options `verbose` is `-v`: with live counters, as `-c packets bytes`; `number` with `chain`: only this rule
 * @throws RangeError when there is no such table or chain
 * @example
 * iptablesCommands(createFirewall({ rules: 'iptables -P INPUT DROP' }), { chain: 'INPUT' }) // "-P INPUT DROP\n"
 */
export function iptablesCommands(
  state: FirewallState,
  options: Pick<ListOptions, 'table' | 'chain' | 'number' | 'verbose'> & { readonly family?: Family } = {},
): string {
  const { family = 4 } = options
  return listCommands(rulesetOf(state, family) ?? { family, tables: {} }, {
    ...options,
    counters: countersOf(state, family),
  })
}

/**
 * `conntrack -L`: a line for each live connection.
 *
 * @param options `extended` as with `-o extended`; `where` only some of them, by the tool's own switches
 * @throws RangeError for an address or a protocol in `where` that cannot be
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] } })
 * const query = udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' })
 * const [line] = conntrackList(step(box, { device: 'eth0', packet: query }).state)
 * line.slice(0, 69) // 'udp      17 30 src=192.0.2.7 dst=192.0.2.1 sport=5000 dport=53 packet'
 */
export function conntrackList(
  state: FirewallState,
  options: ConntrackListOptions & { readonly where?: ConnectionFilter } = {},
): string[] {
  const { where, ...rest } = options
  const { sessions, nowMs } = stateOf(state)
  return listConnections(sessions, nowMs, {
    ...rest,
    ...(where !== undefined && { select: connectionTest(where) }),
  })
}

/**
 * `conntrack -L expect`: a line for each connection that a helper (`-j CT --helper ftp`) has announced and nobody has
 * opened yet.
 *
 * @param options `family`: 4 as the tool does by itself, 6 as with `-f ipv6`; both when left out
 * @example
 * const rules = '*raw\n-A PREROUTING -p udp --dport 69 -j CT --helper tftp\nCOMMIT\n'
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules })
 * const read = udp({ from: '192.0.2.7:5000', to: '192.0.2.1:69', data: '\0\x01file\0octet\0' })
 * const [line] = expectationList(step(box, { device: 'eth0', packet: read }).state)
 * line.slice(0, 60) // '300 proto=17 src=192.0.2.1 dst=192.0.2.7 sport=0 dport=5000 '
 */
export function expectationList(state: FirewallState, options: { readonly family?: Family } = {}): string[] {
  const { expectations, nowMs } = stateOf(state)
  return listExpectations(expectations.list(), nowMs, options.family)
}

/**
 * The NAT table as rows: internal, external, remote.
 *
 * @returns a row for each live connection that is translated
 * @example
 * const gateway = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   routes: ['default via 203.0.113.254 dev wan0'],
 *   rules: '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n',
 * })
 * const syn = tcp({ from: '10.6.0.2:1025', to: '198.51.100.7:80', flags: 'S' })
 * const { state } = step(gateway, { device: 'lan0', packet: syn })
 * natTable(state)[0].outside.address // 203.0.113.1
 */
export function natTable(state: FirewallState): readonly NatRow[] {
  const { sessions, nowMs } = stateOf(state)
  return natRows(sessions, nowMs, stateName)
}

/**
 * The NAT table as a textbook draws it.
 *
 * @example
 * const gateway = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   routes: ['default via 203.0.113.254 dev wan0'],
 *   rules: '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n',
 * })
 * const syn = tcp({ from: '10.6.0.2:1025', to: '198.51.100.7:80', flags: 'S' })
 * const { state } = step(gateway, { device: 'lan0', packet: syn })
 * console.log(natTableText(state))
 * // protocol  kind  inside         outside           remote           state     timeout
 * // tcp       SNAT  10.6.0.2:1025  203.0.113.1:1025  198.51.100.7:80  SYN_SENT  120
 */
export function natTableText(state: FirewallState): string {
  return formatNatTable(natTable(state))
}

/**
 * `ipset save -sorted`: every set and what is in it now.
 *
 * @example
 * const box = createFirewall({ sets: 'create ports bitmap:port range 0-1023\nadd ports 80' })
 * console.log(ipsetSave(box))
 * // create ports bitmap:port range 0-1023
 * // add ports 80
 */
export function ipsetSave(state: FirewallState): string {
  const { sets, nowMs } = stateOf(state)
  return saveSets(sets, toJiffies(nowMs))
}

function rulesetOf(state: FirewallState, family: Family): Ruleset | undefined {
  const { rules } = stateOf(state).config
  return family === 4 ? rules.ipv4 : rules.ipv6
}

/** For JavaScript: outcomes and networks have a firewall's state, and are none. */
function stateOf(given: FirewallState): FirewallState {
  if ((given as Partial<FirewallState>).sessions !== undefined) return given
  throw new TypeError(
    "a firewall's state is wanted: of an outcome its .state, of a network firewallOf(network, node)",
  )
}
