import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import * as analysis from '../../src/analysis/index.ts'
import { traceCommand } from '../../src/cli/trace.ts'
import * as api from '../../src/index.ts'
import * as network from '../../src/network/index.ts'
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

it('README.md shows what `npm start` prints first', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const args: string[] = scripts.start.split(' trace ')[1].split(' ')
  const printed: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation(text => void printed.push(text))
  traceCommand().parse(args, { from: 'user' })
  log.mockRestore()
  expect(codeBlocks('README.md', 'text')[0]!.code).toBe(printed[0]!.trimEnd())
})

describe('the code in the documents runs and prints what it says', () => {
  it.each(blocks.map(block => [`${block.file}:${block.line}`, block] as const))('%s', async (_, block) => {
    const printed = await runBlock(block, {
      'netfilter-sim': api,
      'netfilter-sim/analysis': analysis,
      'netfilter-sim/fast-check': fastCheck,
      'netfilter-sim/network': network,
    })
    const expected = expectedOutput(block.code)
    expect(expected.length).toBeGreaterThan(0)
    expect(printed).toEqual(expected)
  })
})
