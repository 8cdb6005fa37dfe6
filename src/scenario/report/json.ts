import type { ScenarioRun, StepEntry } from '../entries.ts'
import type { Check } from '../expectations.ts'
import type { PacketView } from '../packet-view.ts'
import { partingOf } from './branches.ts'
import { attemptsOf } from './connections.ts'

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
export function reportJson(run: ScenarioRun): object {
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

function entryJson(entry: StepEntry): object {
  const { label, name } = entry
  if (entry.kind === 'fork')
    return {
      label,
      name,
      parting: partingOf(entry)?.texts,
      branches: entry.branches.map(branch => ({ name: branch.name, steps: branch.steps.map(entryJson) })),
    }
  const { command, atMs, outcome, text, packets, checks, listings } = entry
  return {
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

function packetJson({ number, atMs, protocol, label, ends, path, hops, lost, packet }: PacketView): object {
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

function checkJson({ ok, what, expected, actual, path }: Check): object {
  return { ok, what, expected, actual, path: path.join('.') }
}
