import type { Family } from '../address.ts'
import { type Coverage, mergeCoverage, ruleCoverage } from '../analysis/coverage.ts'
import { type MutationOptions, type MutationReport, survivingMutants } from '../analysis/mutate.ts'
import { firewallOf, type Network, updateNode } from '../network/index.ts'
import type { Outcome } from '../outcome.ts'
import type { Ruleset } from '../rules/model.ts'
import { printRules } from '../rules/print.ts'
import { type ScenarioRun, stepsOf } from './entries.ts'
import type { Scenario } from './read.ts'
import { runScenario } from './run.ts'

/** What scenarios make of one ruleset. */
export interface Exercise {
  readonly family: Family
  readonly ruleset: Ruleset
  /** The nodes that begin with this ruleset, and in which scenarios. */
  readonly users: readonly RulesetUser[]
  /** Which of its rules decided something, over all of them. */
  readonly coverage: Coverage
}

/** A node of a scenario that begins with a ruleset. */
export interface RulesetUser {
  readonly node: string
  readonly scenario: Scenario
}

/**
 * Which rules the scenarios exercise: one entry for each ruleset, however many nodes and scenarios begin with it. What
 * a node does after its rules were changed by a step is not counted.
 *
 * @param runs of scenarios that `runScenario` ran without its `prepare`
 * @example
 * const run = runScenario(scenario({
 *   title: 'telnet is off',
 *   network: {
 *     nodes: {
 *       a: { address: '10.0.0.1/24' },
 *       b: { address: '10.0.0.2/24', rules: 'iptables -A INPUT -p tcp --dport 23 -j DROP' },
 *     },
 *     links: { lan: ['a', 'b'] },
 *   },
 *   steps: [{ nc: 'b:23', from: 'a', timeout: '1s', expect: { outcome: 'filtered' } }],
 * }))
 * const [{ users, coverage }] = exercises([run])
 * users[0].node // b
 * coverage.rows[0] // { place: { table: 'filter', chain: 'INPUT', rule: 1 }, line: 1, visited: 2, matched: 2, decided: 2 }
 */
export function exercises(runs: readonly ScenarioRun[]): readonly Exercise[] {
  const found = new Map<string, { ruleset: Ruleset; users: RulesetUser[]; coverages: Coverage[] }>()
  for (const run of runs)
    for (const node of run.start.topology.names)
      for (const ruleset of rulesetsOf(run.start, node)) {
        const key = `${ruleset.family} ${printRules(ruleset)}`
        const entry = found.get(key) ?? { ruleset, users: [], coverages: [] }
        found.set(key, entry)
        entry.users.push({ node, scenario: run.scenario })
        entry.coverages.push(ruleCoverage(ruleset, outcomesAt(run, node, ruleset)))
      }
  return [...found.values()].map(({ ruleset, users, coverages }) => ({
    family: ruleset.family,
    ruleset,
    users,
    coverage: mergeCoverage(coverages),
  }))
}

/**
 * The mutants of a ruleset that no scenario notices: with one of them in place of the ruleset every expectation still
 * holds.
 *
 * @param exercise of {@link exercises}: the ruleset, and the scenarios that are run again for each mutant
 * @param options which kinds of mistakes, and whether mutants that do the same are left out (default: they are)
 * @throws RangeError when an expectation fails without any mutant
 * @example
 * const run = runScenario(scenario({
 *   title: 'telnet is off',
 *   network: {
 *     nodes: {
 *       a: { address: '10.0.0.1/24' },
 *       b: { address: '10.0.0.2/24', rules: 'iptables -A INPUT -p tcp --dport 23 -j DROP' },
 *     },
 *     links: { lan: ['a', 'b'] },
 *   },
 *   steps: [{ nc: 'b:23', from: 'a', timeout: '1s', expect: { outcome: 'filtered' } }],
 * }))
 * const { total, survivors } = unnoticedMutants(exercises([run])[0])
 * `${survivors.length} of ${total}` // 3 of 5
 * survivors[0].change // policy ACCEPT became DROP
 */
export function unnoticedMutants(
  { ruleset, users }: Exercise,
  options: MutationOptions = {},
): MutationReport {
  return survivingMutants(
    ruleset,
    mutant =>
      users.every(({ node, scenario }) => {
        const run = runScenario(scenario, network => withRules(network, node, mutant))
        return run.passed
      }),
    options,
  )
}

/** Those of both families that hold a table. */
function rulesetsOf(network: Network, node: string): readonly Ruleset[] {
  const { ipv4, ipv6 } = firewallOf(network, node).config.rules
  return [ipv4, ipv6].filter(
    (ruleset): ruleset is Ruleset => ruleset !== undefined && Object.keys(ruleset.tables).length > 0,
  )
}

function withRules(network: Network, node: string, ruleset: Ruleset): Network {
  const family = ruleset.family === 4 ? 'ipv4' : 'ipv6'
  return updateNode(network, node, engine =>
    engine.reconfigured({ ...engine.config, rules: { ...engine.config.rules, [family]: ruleset } }),
  )
}

/** What became of every packet at a node while it had these rules. */
function outcomesAt(run: ScenarioRun, node: string, ruleset: Ruleset): readonly Outcome[] {
  const family = ruleset.family === 4 ? 'ipv4' : 'ipv6'
  const hops = stepsOf(run.steps).flatMap(({ packets }) => packets.flatMap(packet => packet.hops))
  const outcomes = hops.filter(hop => hop.node === node).map(({ hop }) => hop.outcome)
  return [...new Set(outcomes)].filter(({ state }) => state.config.rules[family] === ruleset)
}
