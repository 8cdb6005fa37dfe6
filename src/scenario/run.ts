import { type Diagnostic, DiagnosticError } from '../diagnostic.ts'
import type { Network } from '../network/index.ts'
import type { ZonePolicy } from '../policy/index.ts'
import { buildNetwork } from './build-network.ts'
import {
  type BranchRun,
  type ForkRun,
  type ScenarioRun,
  type StepEntry,
  type StepRun,
  stepsOf,
} from './entries.ts'
import { check } from './expectations.ts'
import { type ListingView, parseListing, type ReportListing, runListing } from './listing.ts'
import { packetViews } from './packet-view.ts'
import { perform, type World } from './perform.ts'
import type { Path } from './positions.ts'
import type { Scenario } from './read.ts'
import { attemptsOf, outboundOf } from './report/connections.ts'
import { auditTable, outboundTable, summaryTable, tableText } from './report/tables.ts'
import type { ForkStep, ScenarioInput, Step } from './schema.ts'
import { commandOf } from './step-text.ts'

/**
 * Runs a scenario. The same scenario gives the same run, whenever and wherever.
 *
 * @param prepare makes the network that the steps begin with of the one that the scenario describes, e.g. with other rules
 * @throws DiagnosticError for what could only be seen when it ran, e.g. data for a connection that did not come about
 * @throws RangeError for a scenario of neither `readScenario` nor `scenario()`
 * @example
 * const run = runScenario(scenario({
 *   title: 'nobody answers',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ nc: 'b:80', from: 'a', expect: { outcome: 'refused' } }],
 * }))
 * run.passed // true
 * run.checkCount // 1
 * run.steps[0].outcome // refused
 */
export function runScenario(
  scenario: Scenario,
  prepare: (network: Network) => Network = network => network,
): ScenarioRun {
  if (scenario?.input === undefined)
    throw new RangeError(
      'a scenario is wanted: scenario(…), or readScenario(…).scenario, which a text with errors has none',
    )
  const { input, file, readFile } = scenario
  const { network: built } = buildNetwork(input.network, readFile)
  if (built === undefined)
    throw new RangeError('a scenario that was not read cannot be run: use readScenario')
  const network = prepare(built)
  const runner = new Runner(scenario)
  const { entries } = runner.steps(input.steps, ['steps'], '', { network, connections: new Map() }, undefined)
  const checks = stepsOf(entries).flatMap(step => step.checks)
  const failures = checks.filter(({ ok }) => !ok)
  return {
    title: input.title,
    file,
    input,
    scenario,
    start: network,
    steps: entries,
    passed: failures.length === 0,
    checkCount: checks.length,
    failures,
  }
}

/** A firewall's zones as the policy compiler takes them. */
function zonesOf({ network }: ScenarioInput, node: string): ZonePolicy['zones'] | undefined {
  const zones = network.nodes[node]?.zones
  if (zones === undefined) return undefined
  return Object.fromEntries(Object.entries(zones).map(([name, { devices }]) => [name, { devices }]))
}

/** Of a table that stands indented in a report of 100 columns. */
const SHOWN_WIDTH = 95

class Runner {
  private readonly scenario: Scenario
  private packets = 0

  constructor(scenario: Scenario) {
    this.scenario = scenario
  }

  steps(
    steps: readonly Step[],
    path: Path,
    prefix: string,
    world: World,
    branch: string | undefined,
    before: readonly StepEntry[] = [],
    offset = 0,
  ): { readonly entries: StepEntry[]; readonly world: World } {
    const entries: StepEntry[] = []
    let now = world
    steps.forEach((step, at) => {
      const label = `${prefix}${offset + at + 1}`
      if ('fork' in step) entries.push(this.fork(step, [...path, at], label, now, [...before, ...entries]))
      else {
        const story = [...before, ...entries]
        const { run, world: next } = this.step(step, [...path, at], label, now, branch, story)
        entries.push(run)
        now = next
      }
    })
    return { entries, world: now }
  }

  private fork(
    step: ForkStep,
    path: Path,
    label: string,
    world: World,
    before: readonly StepEntry[],
  ): ForkRun {
    const branches = Object.entries(step.fork).map(([name, steps]): BranchRun => {
      const prefix = `${label}.${name}.`
      const own = this.steps(steps, [...path, 'fork', name], prefix, world, name, before)
      const story = [...before, ...own.entries]
      const each = step.each ?? []
      const common = this.steps(each, [...path, 'each'], prefix, own.world, name, story, steps.length)
      return { name, steps: [...own.entries, ...common.entries] }
    })
    return { kind: 'fork', label, name: step.name, branches, path }
  }

  private step(
    step: Exclude<Step, ForkStep>,
    path: Path,
    label: string,
    world: World,
    branch: string | undefined,
    before: readonly StepEntry[],
  ): { readonly run: StepRun; readonly world: World } {
    const { input } = this.scenario
    const performed = this.located(path, () => perform(step, world, input))
    const { network } = performed.world
    const packets = packetViews(performed.hops, network, this.packets + 1)
    this.packets += packets.length
    const run = {
      kind: 'step' as const,
      label,
      name: step.name,
      command: commandOf(step),
      atMs: world.network.nowMs,
      outcome: performed.outcome,
      text: performed.text,
      packets,
      checks: [],
      listings: [],
      path,
      network,
    }
    const view = this.view([...before, run])
    const { expect = [] } = step
    const checks = [expect].flat().flatMap((expected, at) => {
      if (expected.branch !== undefined && expected.branch !== branch) return []
      const own = Array.isArray(expect) ? [...path, 'expect', at] : [...path, 'expect']
      return this.located(own, () => check(expected, { performed, packets, view }, own))
    })
    const shown = 'look' in step ? [step.look].flat() : [step.show ?? []].flat()
    const listings = shown.map(title => ({
      title,
      text: runListing(network, parseListing(title), { ...view, width: SHOWN_WIDTH }).text,
    }))
    return { run: { ...run, checks, listings }, world: performed.world }
  }

  /** What listings may say beyond what a node knows: the story so far, for which earlier forks have never been. */
  private view(story: readonly StepEntry[]): ListingView {
    const { input } = this.scenario
    const table = (name: ReportListing) => {
      const attempts = attemptsOf({ input, steps: story.filter(entry => entry.kind === 'step') })
      if (name === 'summary') return summaryTable(attempts)
      return name === 'audit' ? auditTable(attempts) : outboundTable(outboundOf(attempts))
    }
    return {
      internal: input.internal,
      zonesOf: node => zonesOf(input, node),
      report: (name, width) => tableText(table(name), width),
    }
  }

  /** What goes wrong only now belongs to the step that did it. */
  private located<T>(path: Path, action: () => T): T {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof DiagnosticError)) throw error
      const { file, positionOf } = this.scenario
      const base = { severity: 'error' as const, ...positionOf(path), ...(file !== undefined && { file }) }
      const messages =
        error instanceof DiagnosticError ? error.diagnostics.map(({ message }) => message) : [error.message]
      throw new DiagnosticError(
        messages.map((message): Diagnostic => ({ ...base, message: `${path.join('.')}: ${message}` })),
      )
    }
  }
}
