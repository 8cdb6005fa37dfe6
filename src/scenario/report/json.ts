import type { ForkRun, ScenarioRun, StepEntry, StepRun } from '../entries.ts'
import type { Check } from '../expectations.ts'
import type { Ends, HopView, PacketView } from '../packet-view.ts'
import { partingOf } from './branches.ts'
import { type Attempt, attemptsOf } from './connections.ts'

/** A run as plain data: what `netfilter-sim run --json` prints for each file. */
export interface ReportJson {
  readonly title: string
  readonly file?: string
  readonly passed: boolean
  /** How many there were. */
  readonly expectations: number
  /** Those that did not hold, and where they stand in the file. */
  readonly failures: readonly (CheckJson & { readonly line: number; readonly column: number })[]
  readonly steps: readonly (StepJson | ForkJson)[]
  readonly attempts: readonly Attempt[]
}

/** A step that was taken. */
export interface StepJson
  extends Pick<StepRun, 'kind' | 'label' | 'name' | 'command' | 'atMs' | 'outcome' | 'text' | 'listings'> {
  readonly packets: readonly SentPacketJson[]
  readonly checks: readonly CheckJson[]
}

/** A fork, with the steps of each branch. */
export interface ForkJson extends Pick<ForkRun, 'kind' | 'label' | 'name'> {
  /** By branch: the first thing that happened otherwise. Undefined where they all tell the same. */
  readonly parting: readonly string[] | undefined
  readonly branches: readonly { readonly name: string; readonly steps: readonly (StepJson | ForkJson)[] }[]
}

/** A packet from its sender to its end. */
export interface SentPacketJson
  extends Ends,
    Pick<PacketView, 'number' | 'atMs' | 'protocol' | 'label' | 'path' | 'lost'> {
  /** As one line. */
  readonly packet: string
  readonly hops: readonly HopJson[]
}

/** A packet's stay at one node. */
export interface HopJson
  extends Pick<HopView, 'node' | 'verdict' | 'policyLine' | 'ctState' | 'why' | 'before' | 'after'> {
  /** Absent for a packet of the node's own. */
  readonly device?: string
  /** The rule or policy that decided, or what dropped it: `filter/FORWARD:3`. */
  readonly rule: string | undefined
  readonly log?: readonly string[]
}

/** An expectation and what was found. */
export interface CheckJson extends Pick<Check, 'ok' | 'what' | 'expected' | 'actual'> {
  /** Where it stands in the scenario: `steps.0.expect.outcome`. */
  readonly path: string
}

/**
 * A run as plain JSON: steps, packets with every device's verdict, what was expected, every connection attempt.
 *
 * @returns nothing but what `JSON.stringify` can write; times in milliseconds since the start
 * @example
 * const run = runScenario(scenario({
 *   title: 'nobody answers',
 *   network: { nodes: { a: { address: '10.0.0.1/24' }, b: { address: '10.0.0.2/24' } }, links: { lan: ['a', 'b'] } },
 *   steps: [{ nc: 'b:80', from: 'a', expect: { outcome: 'refused' } }],
 * }))
 * const { passed, steps } = reportJson(run)
 * passed // true
 * steps[0].packets.map(({ source, destination }) => `${source} > ${destination}`) // [ '10.0.0.1:40000 > 10.0.0.2:80', '10.0.0.2:80 > 10.0.0.1:40000' ]
 */
export function reportJson(run: ScenarioRun): ReportJson {
  const { title, file, passed, checkCount, failures, scenario } = run
  return {
    title,
    ...(file !== undefined && { file }),
    passed,
    expectations: checkCount,
    failures: failures.map(failure => ({ ...checkJson(failure), ...scenario.positionOf(failure.path) })),
    steps: run.steps.map(entryJson),
    attempts: attemptsOf(run),
  }
}

function entryJson(entry: StepEntry): StepJson | ForkJson {
  const { label, name } = entry
  if (entry.kind === 'fork')
    return {
      kind: 'fork',
      label,
      name,
      parting: partingOf(entry)?.texts,
      branches: entry.branches.map(branch => ({ name: branch.name, steps: branch.steps.map(entryJson) })),
    }
  const { command, atMs, outcome, text, packets, checks, listings } = entry
  return {
    kind: 'step',
    label,
    name,
    command,
    atMs,
    outcome,
    text,
    packets: packets.map(packetJson),
    checks: checks.map(checkJson),
    listings,
  }
}

function packetJson({
  number,
  atMs,
  protocol,
  label,
  ends,
  path,
  hops,
  lost,
  packet,
}: PacketView): SentPacketJson {
  return {
    number,
    atMs,
    protocol,
    label,
    ...ends,
    path,
    packet: packet.toString(),
    hops: hops.map(({ node, device, verdict, place, policyLine, ctState, why, before, after, log }) => ({
      node,
      ...(device !== '' && { device }),
      verdict,
      rule: place,
      policyLine,
      ctState,
      why,
      before,
      after,
      ...(log.length > 0 && { log }),
    })),
    lost,
  }
}

function checkJson({ ok, what, expected, actual, path }: Check): CheckJson {
  return { ok, what, expected, actual, path: path.join('.') }
}
