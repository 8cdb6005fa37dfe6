import { afterEach, describe, expect, it } from 'vitest'
import { HOOK_STAGES } from '../../src/hooks.ts'
import { conntrack, nat, type Stage } from '../../src/stages.ts'
import { EXAMPLES, readExample, runText } from './support.ts'

const STAGES = HOOK_STAGES as unknown as Record<string, Stage[]>
const ORIGINAL = structuredCloneOf(STAGES)

function structuredCloneOf(stages: Record<string, Stage[]>): Record<string, readonly Stage[]> {
  return Object.fromEntries(Object.entries(stages).map(([hook, list]) => [hook, [...list]]))
}

afterEach(() => {
  for (const [hook, list] of Object.entries(ORIGINAL))
    STAGES[hook]!.splice(0, Number.POSITIVE_INFINITY, ...list)
})

/** The engine without one of its stages. */
function withoutStage(stage: Stage): void {
  for (const list of Object.values(STAGES)) while (list.includes(stage)) list.splice(list.indexOf(stage), 1)
}

/** The expectations that do not hold, by their place; or what the run broke off with. */
function broken(file: string, change: (text: string) => string = text => text): string[] {
  try {
    return runText(change(readExample(file)), file).failures.map(({ path }) => path.join('.'))
  } catch (error) {
    return [String(error)]
  }
}

/** Exchanges two lines of a text, each found by a part of it. */
function swapLines(text: string, a: string, b: string): string {
  const lines = text.split('\n')
  const [first, second] = [a, b].map(part => lines.findIndex(line => line.includes(part))) as [number, number]
  const kept = lines[first]!
  lines[first] = lines[second]!
  lines[second] = kept
  return lines.join('\n')
}

describe('an engine without connection tracking breaks', () => {
  it.each([
    ['examples/000-one-server.yaml', 'steps.0.expect.outcome'],
    ['examples/000-behind-nat.yaml', 'steps.0.expect.outcome'],
    ['examples/001-web-server.yaml', 'steps.0.expect.outcome'],
    ['examples/001-stateless.yaml', 'steps.2.expect.outcome'],
    ['examples/002-hospital.yaml', 'steps.0.expect.outcome'],
    ['examples/002-patient-portal.yaml', 'steps.0.expect.outcome'],
  ])('%s at %s', (file, expectation) => {
    expect(broken(file)).toEqual([])
    withoutStage(conntrack)
    expect(broken(file)).toContain(expectation)
  })
})

describe('an engine without NAT breaks', () => {
  it.each([
    ['examples/000-behind-nat.yaml', 'steps.0.expect.outcome'],
    ['examples/002-nat-gateway.yaml', 'steps.0.expect.outcome'],
    ['examples/002-patient-portal.yaml', 'steps.0.expect.outcome'],
  ])('%s at %s', (file, expectation) => {
    withoutStage(nat)
    expect(broken(file).join('\n')).toContain(expectation)
  })
})

describe('two rules that change places break', () => {
  it.each([
    [
      'examples/000-one-server.yaml',
      '-A INPUT -i lo',
      '-A INPUT -m conntrack',
      'steps.0.expect.packets.1.by',
    ],
    ['examples/001-egress.yaml', '-d api.stripe.com', '--dport 443 -j DROP', 'steps.1.expect.outcome'],
    [
      'examples/001-web-server.yaml',
      '-A INPUT -p tcp --dport 80',
      '-A INPUT -p tcp --dport 443',
      'steps.0.expect.packets.0.by',
    ],
    ['examples/002-hospital.yaml', 'port=443 proto=TCP', 'DENY src=ANY dst=ANY', 'steps.0.expect.outcome'],
  ])('%s: %s and %s, at %s', (file, a, b, expectation) => {
    expect(broken(file, text => swapLines(text, a, b))).toContain(expectation)
  })
})

it('every story here depends on the engine somewhere', () => {
  withoutStage(conntrack)
  withoutStage(nat)
  const indifferent = EXAMPLES.filter(file => broken(file).length === 0)
  expect(indifferent).toEqual(['examples/001-egress.yaml'].filter(file => EXAMPLES.includes(file)))
})
