import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as api from '../../src/index.ts'
import * as fastCheck from '../../src/testing/fast-check.ts'
import { codeBlocks, expectedOutput, runBlock } from './code-blocks.ts'
import { extensionsDocument } from './extensions-doc.ts'

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs')
    .filter(f => f.endsWith('.md'))
    .map(f => `docs/${f}`),
]
const blocks = documents.flatMap(file => codeBlocks(file, 'js'))

it('docs/extensions.md is what the registry says', async () => {
  await expect(extensionsDocument()).toMatchFileSnapshot('../../docs/extensions.md')
})

describe('the code in the documents runs and prints what it says', () => {
  it.each(blocks.map(block => [`${block.file}:${block.line}`, block] as const))('%s', async (_, block) => {
    const printed = await runBlock(block, {
      'netfilter-sim': api,
      'netfilter-sim/fast-check': fastCheck,
    })
    const expected = expectedOutput(block.code)
    expect(expected.length).toBeGreaterThan(0)
    expect(printed).toEqual(expected)
  })
})
