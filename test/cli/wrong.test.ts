import { readdirSync } from 'node:fs'
import { afterEach, expect, it, vi } from 'vitest'
import { runCommand } from '../../src/cli/run.ts'

const FOLDER = 'test/scenario/wrong'
const FILES = readdirSync(FOLDER).filter(name => name.endsWith('.yaml'))

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

/** Each kind of mistake with all the errors that it yields, in the file beside it. */
it.each(FILES)('%s: every error with line, column and path, and exit 2', async name => {
  const told: string[] = []
  vi.spyOn(console, 'error').mockImplementation(text => void told.push(String(text)))
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  runCommand().parse([`${FOLDER}/${name}`], { from: 'user' })
  expect(process.exitCode).toBe(2)
  expect(log).not.toHaveBeenCalled()
  const errors = told
    .join('\n')
    .split('\n')
    .filter(line => !line.startsWith('    hint:'))
  expect(errors.length).toBeGreaterThan(7)
  const form = /^test\/scenario\/wrong\/[\w-]+\.yaml:\d+:\d+: error: [\w.-]+: \S/
  expect(errors.filter(line => !form.test(line))).toEqual([])
  await expect(`${told.join('\n')}\n`).toMatchFileSnapshot(
    `../scenario/wrong/${name.replace('.yaml', '.errors')}`,
  )
})

it('there is one file for each kind of mistake', () => {
  expect(FILES).toEqual([
    'bad-rule.yaml',
    'impossible-address.yaml',
    'misspelt-key.yaml',
    'unknown-host.yaml',
    'wrong-type.yaml',
  ])
})
