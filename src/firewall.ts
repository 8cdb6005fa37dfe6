import { type Draft, enablePatches, freeze, type Patch, produceWithPatches } from 'immer'
import type { Family } from './address.ts'
import { compileConfig } from './compile-config.ts'
import type { FirewallConfig } from './config.ts'
import { ExpectationTable } from './conntrack/expectations.ts'
import { GreKeys } from './conntrack/gre-keys.ts'
import { SessionTable } from './conntrack/session-table.ts'
import {
  type FirewallOptions,
  interfaceConfig,
  readRules,
  readRuleset,
  readSets,
  refuseSlips,
} from './firewall-options.ts'
import type { InterfaceConfig } from './ip/interfaces.ts'
import { type Arrival, Outcome } from './outcome.ts'
import { EMPTY_FRAGMENT_QUEUE } from './packet/fragments.ts'
import { arrive, PATH } from './path.ts'
import { PersistentMap } from './persistent/map.ts'
import { PersistentVector } from './persistent/vector.ts'
import type { Counters, Ruleset } from './rules/model.ts'
import { refuseMissingSets, setsNamedBy } from './rules/set-names.ts'
import { SetTable } from './sets/set-table.ts'
import { FirewallState } from './state.ts'
import { TraceRecorder, type Traversal } from './trace.ts'
import { type StepOptions, Transaction } from './transaction.ts'

export type { FirewallOptions } from './firewall-options.ts'

/**
 * Makes a firewall: devices, routes, rules, and no connections yet.
 *
 * @throws DiagnosticError when a rules or routes text is wrong; it carries every error, with line and column
 * @throws RangeError for sysctls, devices, addresses or (in a `Ruleset`) ipsets that do not exist
 * @throws TypeError for rules that are neither text nor a ruleset
 * @example
 * const firewall = createFirewall({
 *   interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
 *   routes: ['default via 203.0.113.254 dev wan0'],
 *   rules: '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n',
 * })
 * firewall.sessions.size // 0
 */
export function createFirewall(options: FirewallOptions = {}): FirewallState {
  refuseSlips(options)
  const { interfaces = {}, routes = [], conntrack = 'on', sysctls = {}, nowMs = 0 } = options
  const devices: Record<string, InterfaceConfig> = {}
  for (const [name, device] of Object.entries(interfaces)) devices[name] = interfaceConfig(device)
  const sets = readSets(options.sets ?? '', SetTable.EMPTY, nowMs, { file: options.setsFile })
  const config: FirewallConfig = freeze(
    {
      interfaces: devices,
      routes: routes.filter(text => text.trim() !== ''),
      rules: readRules(options, sets),
      conntrack,
      sysctls: { ...sysctls },
    },
    true,
  )
  const { compiled, counters } = compileConfig(config, undefined, PersistentVector.empty<Counters>())
  refuseMissingSets(config.rules.ipv4, sets)
  refuseMissingSets(config.rules.ipv6, sets)
  return new FirewallState({
    config,
    compiled,
    nowMs,
    sessions: SessionTable.empty(),
    expectations: ExpectationTable.empty(),
    greKeys: GreKeys.empty(),
    counters,
    memory: PersistentMap.strings<unknown>(),
    sets,
    fragments: EMPTY_FRAGMENT_QUEUE,
    nextPacketId: 1,
  })
}

const NO_OPTIONS: StepOptions = {}

/**
 * One packet arrives, or is sent by the box itself: the whole of netfilter in one pure function.
 *
 * @param state stays as it is; the outcome has the next one
 * @param arrival `{ device, packet }` or `{ local: true, packet }`
 * @param options what the kernel draws by lot or asks others: a port chooser, queue verdicts, random numbers
 * @returns what became of the packet, what left, what changed; `outcome.trace` says why (computed when first read)
 * @throws RangeError when the device does not exist
 * @example
 * const firewall = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -P INPUT DROP' })
 * const ping = icmp({ from: '192.0.2.7', to: '192.0.2.1', type: 'echo-request', id: 1, seq: 1 })
 * const outcome = step(firewall, { device: 'eth0', packet: ping })
 * outcome.fate.kind // 'dropped'
 * formatPlace(outcome.fate.at) // 'filter/INPUT:policy'
 * outcome.state.sessions.size // 0
 */
export function step(state: FirewallState, arrival: Arrival, options: StepOptions = NO_OPTIONS): Outcome {
  const transaction = new Transaction(state, PATH, options, undefined)
  const result = arrive(transaction, arrival)
  return new Outcome(transaction.commit(), result, () => trace(state, arrival, options))
}

/**
 * Many arrivals in order, cheaper than as many steps: the states in between are never made. An arrival's own trace can
 * still be read; it is found by running the arrivals before it again.
 *
 * @returns an outcome for each arrival, whose `state` is the last one for all of them
 * @throws RangeError when a device does not exist
 * @example
 * const firewall = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] } })
 * const { packets } = parsePackets('udp 192.0.2.7:5000 > 192.0.2.1:53\nudp 192.0.2.7:5001 > 192.0.2.1:53')
 * const { state, outcomes } = run(firewall, packets.map(({ packet }) => ({ device: 'eth0', packet })))
 * outcomes.length // 2
 * state.sessions.size // 2
 */
export function run(
  state: FirewallState,
  arrivals: readonly Arrival[],
  options: StepOptions = {},
): { readonly state: FirewallState; readonly outcomes: readonly Outcome[] } {
  const transaction = new Transaction(state, PATH, options, undefined)
  const results = arrivals.map(arrival => arrive(transaction, arrival))
  const next = transaction.commit()
  const stateBefore = (index: number): FirewallState =>
    index === 0 ? state : run(state, arrivals.slice(0, index), options).state
  const outcomes = results.map(
    (result, index) => new Outcome(next, result, () => trace(stateBefore(index), arrivals[index]!, options)),
  )
  return { state: next, outcomes }
}

function trace(state: FirewallState, arrival: Arrival, options: StepOptions): readonly Traversal[] {
  const recorder = new TraceRecorder()
  arrive(new Transaction(state, PATH, options, recorder), arrival)
  return recorder.traversals
}

/**
 * Lets virtual time pass: connections, fragments and the memory of matches age.
 *
 * @param byMs milliseconds, 0 or more
 * @throws RangeError when time would run backwards
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] } })
 * const query = udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' })
 * const { state } = step(box, { device: 'eth0', packet: query })
 * conntrackList(advance(state, 29_000)).length // 1
 * conntrackList(advance(state, 30_000)).length // 0
 */
export function advance(state: FirewallState, byMs: number): FirewallState {
  if (!(byMs >= 0))
    throw new RangeError(`time only passes forwards: advance(state, ${byMs}) needs a number >= 0`)
  return state.with({ nowMs: state.nowMs + byMs })
}

/** An edit's outcome: the next state, and what changed as JSON patches (for undo, diffs and animation). */
export interface Edited {
  readonly state: FirewallState
  readonly patches: readonly Patch[]
  readonly inversePatches: readonly Patch[]
}

/**
 * Changes the configuration as a person would, while the firewall runs: connections survive, and rules that were not
 * touched keep their counters. A table in which anything changes is a new one to the kernel: its policies count from 0,
 * and `limit`, `quota`, `statistic` and `connlimit` in it begin anew (what `recent` and `hashlimit` know by name stays).
 *
 * @param recipe gets an immer draft of `state.config`
 * @returns the next state, and JSON patches both ways, for undo, diffs and animation
 * @throws RangeError when the new configuration is impossible
 * @example
 * const firewall = createFirewall({ rules: '*filter\n:INPUT ACCEPT\nCOMMIT\n' })
 * const { state, inversePatches } = edit(firewall, config => {
 *   config.rules.ipv4.tables.filter.chains.INPUT.policy = 'DROP'
 * })
 * iptablesCommands(state).split('\n')[0] // '-P INPUT DROP'
 * inversePatches[0].value // 'ACCEPT'
 */
export function edit(state: FirewallState, recipe: (config: Draft<FirewallConfig>) => void): Edited {
  enablePatches()
  const [config, patches, inversePatches] = produceWithPatches(state.config, draft => void recipe(draft))
  return { state: state.reconfigured(config), patches, inversePatches }
}

/**
 * Runs `iptables` commands (one a line, as typed) on a live firewall.
 *
 * @param family which program they are for: 4 is `iptables`, 6 is `ip6tables`
 * @throws DiagnosticError when a command is wrong; then none of them has been run
 * @example
 * const open = iptables(createFirewall(), 'iptables -P INPUT DROP\niptables -I INPUT -p tcp --dport ssh -j ACCEPT')
 * console.log(iptablesCommands(open))
 * // -P INPUT DROP
 * // -P FORWARD ACCEPT
 * // -P OUTPUT ACCEPT
 * // -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
 */
export function iptables(state: FirewallState, commands: string, family: Family = 4): FirewallState {
  const base = state.config.rules[rulesKey(family)]
  return withRules(state, readRuleset(commands, family, state.sets, {}, base))
}

/** The live firewall with another ruleset of a family. */
export function withRules(state: FirewallState, ruleset: Ruleset): FirewallState {
  const rules = { ...state.config.rules, [rulesKey(ruleset.family)]: ruleset }
  return state.reconfigured(freeze({ ...state.config, rules }, true))
}

export function rulesKey(family: Family): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6'
}

/**
 * Runs `ipset` commands (one a line, with or without `ipset` before them) on a live firewall.
 *
 * @returns the next state
 * @throws DiagnosticError when a command is wrong; then none of them has been run
 * @example
 * const box = createFirewall({
 *   sets: 'create blocked hash:ip',
 *   rules: 'iptables -A INPUT -m set --match-set blocked src -j DROP',
 * })
 * const next = ipset(box, 'add blocked 192.0.2.66')
 * ipsetSave(next).split('\n')[1] // 'add blocked 192.0.2.66'
 */
export function ipset(state: FirewallState, commands: string): FirewallState {
  const { ipv4, ipv6 } = state.config.rules
  const named = [ipv4, ipv6].flatMap(rules => (rules === undefined ? [] : [setsNamedBy(rules)]))
  const isInUse = (name: string): boolean => named.some(names => names.has(name))
  return state.with({ sets: readSets(commands, state.sets, state.nowMs, { isInUse }) })
}
