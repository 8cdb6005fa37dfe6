import { describe, expect, it } from 'vitest'
import * as api from '../../src/scenario/index.ts'
import { codeBlocks, expectedOutput, runBlock } from '../docs/code-blocks.ts'
import { runText } from './support.ts'

const FILE = 'docs/scenarios.md'

describe('the examples of docs/scenarios.md', () => {
  const scenarios = codeBlocks(FILE, 'yaml')
  it.each(scenarios.map(block => [block.line, block] as const))('line %i holds', (_, { code }) => {
    const run = runText(code)
    expect(run.failures).toEqual([])
    expect(run.checkCount).toBeGreaterThan(0)
  })

  it.each(codeBlocks('docs/recipes.md', 'yaml').map(({ code }) => [code]))(
    'that of docs/recipes.md holds',
    code => {
      expect(runText(code)).toMatchObject({ failures: [], checkCount: 7 })
    },
  )

  it('the report that is shown is the report', () => {
    const [shown] = codeBlocks(FILE, 'text')
    expect(api.formatReport(runText(scenarios[0]!.code))).toBe(shown!.code)
  })

  it.each(codeBlocks(FILE, 'ts').map(block => [block.line, block] as const))(
    'line %i prints what it says',
    async (_, block) => {
      expect(await runBlock(block, { 'netfilter-sim/scenario': api })).toEqual(expectedOutput(block.code))
    },
  )

  it('every kind of step is there', async () => {
    const { STEP_KINDS } = await import('../../src/scenario/schema.ts')
    const { readFileSync } = await import('node:fs')
    const text = readFileSync(FILE, 'utf8')
    expect(STEP_KINDS.filter(kind => !text.includes(`\`${kind}`))).toEqual([])
  })
})
