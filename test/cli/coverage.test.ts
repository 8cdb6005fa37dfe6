import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { coverageCommand } from '../../src/cli/coverage.ts'

const folder = mkdtempSync(join(tmpdir(), 'netfilter-sim-coverage-'))
afterAll(() => rmSync(folder, { recursive: true }))

const scenarioFile = (name: string, outcome: string): string => {
  const file = join(folder, name)
  writeFileSync(
    file,
    `title: two hosts
network:
  nodes:
    a: { address: 10.0.0.1/24 }
    b: { address: 10.0.0.2/24, rules: "iptables -A INPUT -p tcp --dport 22 -j DROP" }
  links: { lan: [a, b] }
steps:
  - { nc: "b:22", from: a, timeout: 1s, expect: { outcome: ${outcome} } }
`,
  )
  return file
}
const good = scenarioFile('good.yaml', 'filtered')
const failing = scenarioFile('failing.yaml', 'open')

let out: string[] = []
beforeEach(() => {
  out = []
  vi.spyOn(console, 'log').mockImplementation(text => void out.push(String(text)))
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

const coverage = (...args: string[]): typeof process.exitCode => {
  coverageCommand().parse(args, { from: 'user' })
  return process.exitCode
}

describe('netfilter-sim coverage', () => {
  it('each rule: visited, matched, decided', () => {
    expect(coverage(good)).toBe(0)
    expect(out.join('\n')).toMatch(
      /^iptables of b in .*good\.yaml\n[\s\S]*\d+ +\d+ +\d+ {2}filter\/INPUT:1\n/,
    )
  })

  it('mutants that are not noticed: exit 1', () => {
    expect(coverage('--mutants', good)).toBe(1)
    expect(out.join('\n')).toContain('unnoticed filter/INPUT:policy: policy ACCEPT became DROP')
    expect(out.join('\n')).not.toContain('filter/INPUT:1: rule dropped')
  })

  it('as JSON', () => {
    coverage('--mutants', '--json', good)
    const [{ users, mutants }] = JSON.parse(out.join('\n'))
    expect(users).toEqual([{ node: 'b', scenario: good }])
    expect(mutants.unnoticed).toContainEqual({
      place: { table: 'filter', chain: 'INPUT', rule: 'policy' },
      kind: 'flip-policy',
      change: 'policy ACCEPT became DROP',
    })
  })

  it.each([
    ['an expectation fails', [failing], 1],
    ['there is no such file', [join(folder, 'none.yaml')], 2],
  ])('%s: exit %s', (_, files, code) => {
    expect(coverage(...files)).toBe(code)
  })
})
