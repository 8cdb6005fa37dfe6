import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isCaseFile, readCases } from '../../src/cli/case-files.ts'
import { compareCases } from '../../src/conformance/compare.ts'
import { replayCase } from '../../src/conformance/replay.ts'

/** Recordings of the real kernel, made by this project: see docs/kernel-cases.md. */
const files = readdirSync('test/kernel/cases', { recursive: true, encoding: 'utf8' }).filter(isCaseFile)

describe('the simulator does what the kernel did', () => {
  it.each(files)('%s', file => {
    const cases = readCases(`test/kernel/cases/${file}`)
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
