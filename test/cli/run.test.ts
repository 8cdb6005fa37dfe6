import { mkdtempSync, rmSync, unwatchFile, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { explainCommand } from '../../src/cli/explain.ts'
import { policyCommand } from '../../src/cli/policy.ts'
import { runCommand } from '../../src/cli/run.ts'

const folder = mkdtempSync(join(tmpdir(), 'netfilter-sim-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

const scenarioFile = (name: string, step: string): string => {
  const file = join(folder, name)
  writeFileSync(
    file,
    `title: two hosts
network:
  nodes: { a: { address: 10.0.0.1/24 }, b: { address: 10.0.0.2/24, rulesFile: b.rules } }
  links: { lan: [a, b] }
steps:
  - ${step}
`,
  )
  return file
}
writeFileSync(join(folder, 'b.rules'), 'iptables -A INPUT -p tcp --dport 22 -j DROP\n')

const good = scenarioFile('good.yaml', '{ nc: "b:80", from: a, expect: { outcome: refused } }')
const failing = scenarioFile(
  'failing.yaml',
  '{ nc: "b:22", from: a, timeout: 1s, expect: { outcome: open } }',
)
const wrong = scenarioFile('wrong.yaml', '{ nc: "b:80", form: a }')

let out: string[] = []
let err: string[] = []
beforeEach(() => {
  out = []
  err = []
  vi.spyOn(console, 'log').mockImplementation(text => void out.push(String(text)))
  vi.spyOn(console, 'error').mockImplementation(text => void err.push(String(text)))
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

const run = (...args: string[]): typeof process.exitCode => {
  runCommand().parse(args, { from: 'user' })
  return process.exitCode
}

describe('netfilter-sim run', () => {
  it.each([
    ['all expectations held', [good], 0],
    ['an expectation failed', [good, failing], 1],
    ['a file is wrong', [failing, wrong], 2],
    ['there is no such file', [join(folder, 'none.yaml')], 2],
  ])('%s: exit %s', (_, files, code) => {
    expect(run(...files)).toBe(code)
  })

  it('what differed, with its place', () => {
    run('--format', 'summary', failing)
    expect(out.join('\n')).toMatch(
      /failing\.yaml:6:\d+: error: outcome: expected open, but it was filtered\n[\s\S]*= dropped by filter\/INPUT:1/,
    )
  })

  it('what is wrong, all of it', () => {
    run(wrong)
    expect(err.join('\n')).toMatch(
      /wrong\.yaml:6:5: error: steps\.0\.from: 'from' is missing[\s\S]*wrong\.yaml:6:19: error: steps\.0\.form/,
    )
  })

  it('formats', () => {
    run('--format', 'json', good)
    expect(JSON.parse(out.join('\n'))).toMatchObject([{ title: 'two hosts', passed: true }])
    out = []
    run('--format', 'markdown', '--tables', 'none', good)
    expect(out.join('\n')).toMatch(/^# two hosts\n[\s\S]*```mermaid/)
    expect(out.join('\n')).not.toContain('## Audit')
  })

  it('--branch: of forks only this one; a name that no fork has is an error', () => {
    const file = scenarioFile(
      'fork.yaml',
      '{ fork: { one: [{ wait: 1s }], two: [{ wait: 2s }] }, each: [{ nc: "b:80", from: a }] }',
    )
    expect(run('--branch', 'two', file)).toBe(0)
    expect(out.join('\n')).toContain('--- two')
    expect(out.join('\n')).not.toContain('--- one')
    expect(run('--branch', 'tow', file)).toBe(2)
    expect(err.join('\n')).toMatch(/fork\.yaml: no branch 'tow'; there are one, two$/)
  })

  it('--watch: again whenever the file changes', async () => {
    vi.spyOn(console, 'clear').mockImplementation(() => {})
    const file = scenarioFile('watched.yaml', '{ wait: 1s }')
    run('--watch', '--format', 'summary', file)
    expect(out).toHaveLength(1)
    // Written again until the watcher, who looks at the file in its own time, has seen a difference.
    const change = (times: number): void => {
      scenarioFile('watched.yaml', '{ nc: "b:22", from: a, timeout: 1s, expect: { outcome: open } }')
      utimesSync(file, new Date(), new Date(Date.now() + 5000 * times))
    }
    let times = 1
    await vi.waitFor(
      () => {
        change(times++)
        expect(out.length).toBeGreaterThan(1)
      },
      { timeout: 30_000, interval: 300 },
    )
    unwatchFile(file)
    expect(out[1]).toContain('expected open, but it was filtered')
  })

  it('--watch: again whenever a file that the scenario names changes', async () => {
    vi.spyOn(console, 'clear').mockImplementation(() => {})
    const named = join(folder, 'watched.ipsets')
    const file = join(folder, 'watched-sets.yaml')
    const rules = 'iptables -A INPUT -m set --match-set shut src -j DROP'
    writeFileSync(named, 'create shut hash:ip\n')
    writeFileSync(
      file,
      `title: a set in a file
network:
  nodes:
    a: { address: 10.0.0.1/24 }
    b: { address: 10.0.0.2/24, ipsetsFile: watched.ipsets, rules: ${rules} }
  links: { lan: [a, b] }
steps: [{ nc: "b:80", from: a, timeout: 1s, expect: { outcome: filtered } }]
`,
    )
    run('--watch', '--format', 'summary', file)
    expect(out[0]).toContain('expected filtered, but it was refused')
    let times = 1
    await vi.waitFor(
      () => {
        writeFileSync(named, 'create shut hash:ip\nadd shut 10.0.0.1\n')
        utimesSync(named, new Date(), new Date(Date.now() + 5000 * times++))
        expect(out.length).toBeGreaterThan(2)
      },
      { timeout: 30_000, interval: 300 },
    )
    unwatchFile(named)
    unwatchFile(file)
    expect(out.at(-1)).toContain('(1 of 1)')
  })

  it('colours nothing that is not a terminal', () => {
    run(failing)
    expect([...out, ...err].join('\n')).not.toContain('\u001b')
  })
})

describe('netfilter-sim explain', () => {
  it('shows one packet at each device', () => {
    explainCommand().parse([failing, '--packet', '1'], { from: 'user' })
    expect(out.join('\n')).toMatch(/^packet 1: a → b\n[\s\S]*filter\/INPUT:1 {2}match/)
  })

  it('as JSON', () => {
    explainCommand().parse([failing, '-p', '1', '--format', 'json'], { from: 'user' })
    expect(JSON.parse(out.join('\n'))).toMatchObject([
      { node: 'a' },
      { node: 'b', fate: { kind: 'dropped' } },
    ])
  })

  it('a packet that is not there', () => {
    expect(() => explainCommand().parse([good, '-p', '99'], { from: 'user' })).toThrow(RangeError)
  })
})

describe('netfilter-sim policy', () => {
  const file = join(folder, 'policy.txt')
  const print = (text: string, ...args: string[]): string => {
    const written: string[] = []
    vi.spyOn(process.stdout, 'write').mockImplementation(piece => written.push(String(piece)) > 0)
    writeFileSync(file, text)
    policyCommand().parse([file, ...args], { from: 'user' })
    return written.join('')
  }

  it('prints the rules of policy lines', () => {
    expect(print('ALLOW src=inside proto=UDP port=53', '--zone', 'inside=lan0')).toContain(
      '-A FORWARD -i lan0 -p udp -m udp --dport 53 -m comment --comment "policy line 1" -j ACCEPT',
    )
    expect(print('DENY', '--host')).toMatch(/-A INPUT .* DROP\n-A OUTPUT .* DROP/)
    expect(print('ALLOW state=NEW', '--stateless')).toContain('# -A FORWARD -m conntrack --ctstate NEW')
  })

  it('says what is wrong', () => {
    expect(() => print('ALOW')).toThrow("unknown action 'ALOW'")
  })
})
