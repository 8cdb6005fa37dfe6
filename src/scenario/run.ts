import { type Diagnostic, DiagnosticError } from '../diagnostic.ts'
import type { Network } from '../network/index.ts'
import type { ZonePolicy } from '../policy/index.ts'
import { buildNetwork } from './build-network.ts'
import { type Check, check } from './expectations.ts'
import { parseListing, runListing } from './listing.ts'
import { type PacketView, packetViews } from './packet-view.ts'
import { perform, type World } from './perform.ts'
import type { Path } from './positions.ts'
import type { Scenario } from './read.ts'
import type { ForkStep, ScenarioInput, Step } from './schema.ts'
import { commandOf } from './step-text.ts'

/** A table as it was when a step was over. */
export interface ShownListing {
  /** `fw: conntrack -L` */
  readonly title: string
  readonly text: string
}

/** A step that was taken. */
export interface StepRun {
  readonly kind: 'step'
  /** `3`, and below a fork `3.swapped.1`. */
  readonly label: string
  readonly name: string | undefined
  /** As a person would type it. */
  readonly command: string
  readonly atMs: number
  readonly outcome: string
  readonly text: string
  readonly packets: readonly PacketView[]
  readonly checks: readonly Check[]
  readonly listings: readonly ShownListing[]
  readonly path: Path
  /** When it was over. */
  readonly network: Network
}

/** One way on from a fork. */
export interface BranchRun {
  readonly name: string
  readonly steps: readonly StepEntry[]
}

export interface ForkRun {
  readonly kind: 'fork'
  readonly label: string
  readonly name: string | undefined
  readonly branches: readonly BranchRun[]
  readonly path: Path
}

export type StepEntry = StepRun | ForkRun

/** A scenario that has run. */
export interface ScenarioRun {
  readonly title: string
  readonly file: string | undefined
  readonly input: ScenarioInput
  readonly scenario: Scenario
  /** Before the first step. */
  readonly start: Network
  readonly steps: readonly StepEntry[]
  readonly passed: boolean
  /** How many expectations there were. */
  readonly checkCount: number
  /** Those that did not hold, in order. */
  readonly failures: readonly Check[]
}

/**
 * Runs a scenario. The same scenario gives the same run, whenever and wherever.
 *
 * @throws DiagnosticError for what could only be seen when it ran, e.g. data for a connection that did not come about
 * @example
 * const run = runScenario(scenario)
 * run.passed
 * console.log(formatReport(run))
 */
export function runScenario(scenario: Scenario): ScenarioRun {
  const { input, file, readFile } = scenario
  const { network } = buildNetwork(input.network, readFile)
  if (network === undefined)
    throw new RangeError('a scenario that was not read cannot be run: use readScenario')
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

/** Every step that was taken, in the order of the report; those of a branch too. */
export function stepsOf(entries: readonly StepEntry[]): StepRun[] {
  return entries.flatMap(entry =>
    entry.kind === 'step' ? [entry] : entry.branches.flatMap(branch => stepsOf(branch.steps)),
  )
}

/** Every packet, in the order of its number. */
export function packetsOf(run: ScenarioRun): PacketView[] {
  return stepsOf(run.steps).flatMap(step => step.packets)
}

/** A firewall's zones as the policy compiler takes them. */
function zonesOf({ network }: ScenarioInput, node: string): ZonePolicy['zones'] | undefined {
  const zones = network.nodes[node]?.zones
  if (zones === undefined) return undefined
  return Object.fromEntries(Object.entries(zones).map(([name, { devices }]) => [name, { devices }]))
}

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
    offset = 0,
  ): { readonly entries: StepEntry[]; readonly world: World } {
    const entries: StepEntry[] = []
    let now = world
    steps.forEach((step, at) => {
      const label = `${prefix}${offset + at + 1}`
      if ('fork' in step) entries.push(this.fork(step, [...path, at], label, now))
      else {
        const { run, world: next } = this.step(step, [...path, at], label, now, branch)
        entries.push(run)
        now = next
      }
    })
    return { entries, world: now }
  }

  private fork(step: ForkStep, path: Path, label: string, world: World): ForkRun {
    const branches = Object.entries(step.fork).map(([name, steps]): BranchRun => {
      const prefix = `${label}.${name}.`
      const own = this.steps(steps, [...path, 'fork', name], prefix, world, name)
      const common = this.steps(step.each ?? [], [...path, 'each'], prefix, own.world, name, steps.length)
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
  ): { readonly run: StepRun; readonly world: World } {
    const { input } = this.scenario
    const performed = this.located(path, () => perform(step, world, input))
    const { network } = performed.world
    const packets = packetViews(performed.hops, network, this.packets + 1)
    this.packets += packets.length
    const view = { internal: input.internal, zonesOf: (node: string) => zonesOf(input, node) }
    const { expect = [] } = step
    const checks = [expect].flat().flatMap((expected, at) => {
      if (expected.branch !== undefined && expected.branch !== branch) return []
      const own = Array.isArray(expect) ? [...path, 'expect', at] : [...path, 'expect']
      return this.located(own, () => check(expected, { performed, packets, view }, own))
    })
    const shown = 'look' in step ? [step.look].flat() : [step.show ?? []].flat()
    const listings = shown.map(title => ({
      title,
      text: runListing(network, parseListing(title), view).text,
    }))
    const run: StepRun = {
      kind: 'step',
      label,
      name: step.name,
      command: commandOf(step),
      atMs: world.network.nowMs,
      outcome: performed.outcome,
      text: performed.text,
      packets,
      checks,
      listings,
      path,
      network,
    }
    return { run, world: performed.world }
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
