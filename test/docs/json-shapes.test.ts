import { readFileSync } from 'node:fs'
import { afterEach, expect, it, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/program.ts'

/** `| command | JSON | fields |`, as docs/recipes.md has it. */
const ROWS = readFileSync('docs/recipes.md', 'utf8')
  .split('\n')
  .map(line => /^\| `(\w+)` \| (\w+ \w+).* \| (.*) \|$/.exec(line))
  .filter(row => row !== null)
  .map(([, command = '', shape = '', fields = '']) => ({ command, shape, fields }))

const NAT = 'examples/nat-gateway'
const STORY = 'examples/published-port.yaml'
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  trace: [`${NAT}/rules.v4`, `${NAT}/packets.txt`],
  conntrack: [`${NAT}/rules.v4`, `${NAT}/packets.txt`],
  nat: [`${NAT}/rules.v4`, `${NAT}/packets.txt`],
  run: [STORY],
  explain: [STORY, '--packet', '1'],
  coverage: [STORY],
  policy: ['test/docs/policy.txt'],
  rules: ['check', `${NAT}/rules.v4`],
  check: [`${NAT}/rules.v4`],
  diff: [`${NAT}/rules.v4`, `${NAT}/rules.v4`],
  services: [`${NAT}/rules.v4`],
  conformance: ['test/kernel/cases/found/asked.jsonl', '--only', 'nothing has this name'],
}

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

function printed(args: readonly string[]): string {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation(text => void lines.push(String(text)))
  runCommandLine('1.2.3', args)
  return lines.join('\n')
}

it('every command has its row', () => {
  expect(ROWS.map(({ command }) => command).sort()).toEqual(Object.keys(ARGUMENTS).sort())
})

it.each(ROWS)('$command --json is $shape with the fields that are told', ({ command, shape, fields }) => {
  const [name = '', ...rest] = [command, ...ARGUMENTS[command]!]
  const json: unknown = JSON.parse(printed([name, ...rest, '--json']))
  expect(Array.isArray(json)).toBe(shape === 'a list')
  const [first] = [json].flat() as object[]
  const told = [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => field)
  const inherited = command === 'explain' ? ['fate', 'emitted', 'delivered', 'trace'] : []
  expect(Object.keys(first!).filter(key => ![...told, ...inherited].includes(key))).toEqual([])
  expect(Object.keys(first!).length).toBeGreaterThan(1)
})
