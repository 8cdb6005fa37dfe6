import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { KernelCase } from '../../src/conformance/case.ts'
import { compareCases } from '../../src/conformance/compare.ts'
import { replayCase } from '../../src/conformance/replay.ts'

/** Recordings of the real kernel, made by this project: see docs/kernel-cases.md. */
const files = readdirSync('test/kernel/cases', { recursive: true, encoding: 'utf8' }).filter(name =>
  name.endsWith('.jsonl'),
)

describe('the simulator does what the kernel did', () => {
  it.each(files)('%s', file => {
    const cases = readFileSync(`test/kernel/cases/${file}`, 'utf8')
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as KernelCase)
    expect(cases.length).toBeGreaterThan(0)
    for (const recorded of cases) {
      const replay = replayCase(recorded)
      if (replay.kind === 'refused') throw new Error(`${recorded.name} is refused: ${replay.error.message}`)
      expect({ name: recorded.name, differences: compareCases(recorded, replay.answer) }).toEqual({
        name: recorded.name,
        differences: [],
      })
    }
  })
})
