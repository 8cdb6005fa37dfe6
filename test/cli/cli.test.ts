import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { conformanceCommand } from '../../src/cli/conformance.ts'
import { rulesCommand } from '../../src/cli/rules.ts'
import { traceCommand } from '../../src/cli/trace.ts'
import { DiagnosticError } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'netfilter-sim-cli-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

let printed: string[] = []
beforeEach(() => {
  printed = []
  vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text))
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    printed.push(String(text))
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

const RULES =
  '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i lan0 -p udp --dport 53 -j LOG --log-prefix "dns "\n-A FORWARD -i lan0 -j ACCEPT\nCOMMIT\n'
const PACKETS =
  'interface lan0 10.6.0.1/16\ninterface wan0 203.0.113.1/24\nroute default via 203.0.113.254\nlan0: udp 10.6.0.2:4000 > 8.8.8.8:53\nwait 40s\nwan0: udp 8.8.8.8:53 > 10.6.0.2:4000\n'

describe('trace', () => {
  const trace = (...args: string[]): void => {
    traceCommand().parse([file('rules', RULES), file('packets', PACKETS), ...args], { from: 'user' })
  }

  it('says what became of each packet, and shows the tables at the end', () => {
    trace('--format', 'narrow')
    const text = printed.join('\n')
    expect(text).toContain('= forwarded by wan0')
    expect(text).toContain('--- 40 s later')
    expect(text).toContain('= dropped by filter/FORWARD:policy')
    expect(text).toContain('[1:28] -A FORWARD -i lan0 -j ACCEPT')
  })

  it('prints JSON, the lines that TRACE makes the kernel log, and those of LOG', () => {
    trace('--format', 'json')
    expect(JSON.parse(printed[0]!)).toMatchObject([
      { fate: { kind: 'forwarded', device: 'wan0' } },
      { fate: { kind: 'dropped' } },
    ])
    printed = []
    trace('--format', 'kernel', '--no-tables')
    expect(printed[0]).toContain('TRACE: filter:FORWARD:rule:2 IN=lan0 OUT=wan0 ')
    printed = []
    trace('--format', 'log', '--no-tables')
    expect(printed[0]).toContain('<4>dns IN=lan0 OUT=wan0 MAC= SRC=10.6.0.2 DST=8.8.8.8 ')
  })

  it('refuses a script that is wrong, with every error', () => {
    const packets = file('wrong', 'lan0: udp 10.6.0.2 > 8.8.8.8:53\nnonsense\nwait soon\n')
    const run = (): unknown => traceCommand().parse([file('rules', RULES), packets], { from: 'user' })
    expect(run).toThrow(DiagnosticError)
    expect(run).toThrow(/wrong:1:\d+: error: .*\n(.*\n)*.*wrong:2:1: error: .*\n(.*\n)*.*wrong:3:6: error: /)
  })
})

describe('rules', () => {
  it.each([
    ['save', '-A FORWARD -i lan0 -p udp -m udp --dport 53 -j LOG --log-prefix "dns "'],
    ['commands', '-P FORWARD DROP'],
    ['list', 'Chain FORWARD (policy DROP 0 packets, 0 bytes)'],
  ])('--as %s', (form, line) => {
    rulesCommand().parse([file('rules', RULES), '--as', form], { from: 'user' })
    expect(printed.join('')).toContain(line)
  })

  it('refuses what iptables refuses', () => {
    const run = (): unknown =>
      rulesCommand().parse([file('bad', '*filter\n-A INPUT --dport 80 -j ACCEPT\nCOMMIT\n')], {
        from: 'user',
      })
    expect(run).toThrow(/bad:2:10: error: .*--dport/)
  })
})

describe('conformance', () => {
  it('counts the cases that agree, and shows what differs', () => {
    conformanceCommand().parse(['test/kernel/cases/filter.jsonl'], { from: 'user' })
    expect(printed.join('\n')).toMatch(/^filter\.jsonl: (\d+) of \1 agree \(100\.0%\)/)
  })
})
