import type { Network } from '../network/index.ts'
import type { Check } from './expectations.ts'
import type { PacketView } from './packet-view.ts'
import type { Path } from './positions.ts'
import type { Scenario } from './read.ts'
import type { ScenarioInput } from './schema.ts'

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

/** A fork that was run: each of its branches from the same moment. */
export interface ForkRun {
  readonly kind: 'fork'
  readonly label: string
  readonly name: string | undefined
  readonly branches: readonly BranchRun[]
  readonly path: Path
}

/** What a run is made of, told apart by `kind`. */
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
 * Every step that was taken, in the order of the report; those of a branch too.
 *
 * @param entries the `steps` of a run, or of one of a fork's branches
 * @example
 * const run = runScenario(scenario({
 *   title: 'closed, or filtered',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ fork: { open: [], dropped: [{ iptables: '-A INPUT -j DROP', on: 'b' }] }, each: [{ nc: 'b:80', from: 'a', timeout: '1s' }] }],
 * }))
 * stepsOf(run.steps).map(({ outcome }) => outcome) // [ 'refused', 'done', 'filtered' ]
 */
export function stepsOf(entries: readonly StepEntry[]): StepRun[] {
  return entries.flatMap(entry =>
    entry.kind === 'step' ? [entry] : entry.branches.flatMap(branch => stepsOf(branch.steps)),
  )
}

/**
 * Every packet, in the order of its number.
 *
 * @returns one for each packet that was sent; its `number` counts from 1 and is what {@link explainPacket} takes
 * @example
 * const run = runScenario(scenario({
 *   title: 'nobody answers',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ nc: 'b:80', from: 'a', expect: { outcome: 'refused' } }],
 * }))
 * packetsOf(run).map(({ label }) => label) // [ 'SYN', 'RST-ACK' ]
 */
export function packetsOf(run: ScenarioRun): PacketView[] {
  return stepsOf(run.steps).flatMap(step => step.packets)
}
