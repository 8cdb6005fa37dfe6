import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { conformanceCommand } from '../../src/cli/conformance.ts'
import { conntrackCommand, natCommand } from '../../src/cli/tables.ts'
import { traceCommand } from '../../src/cli/trace.ts'
import { DiagnosticError, udp } from '../../src/index.ts'

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

describe('the tables after a run', () => {
  const files = (): [string, string] => [
    file('nat', '*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n'),
    file('packets', PACKETS),
  ]

  it('conntrack prints the connections, as text and as JSON', () => {
    const packets = file('short', PACKETS.split('\n').slice(0, 4).join('\n'))
    conntrackCommand().parse([files()[0], packets, '-o', 'extended'], { from: 'user' })
    expect(printed[0]).toMatch(/^ipv4 {5}2 udp {6}17 30 src=10\.6\.0\.2 dst=8\.8\.8\.8 /)
    printed = []
    conntrackCommand().parse([files()[0], packets, '--json'], { from: 'user' })
    expect(JSON.parse(printed[0]!)).toMatchObject([{ proto: 17, orig: ['10.6.0.2', '8.8.8.8', 4000, 53] }])
  })

  it('nat prints the translations, as text and as JSON', () => {
    natCommand().parse(files(), { from: 'user' })
    expect(printed.join('')).toMatch(/^protocol {2}kind {2}inside/)
    printed = []
    natCommand().parse([...files(), '--json'], { from: 'user' })
    expect(JSON.parse(printed[0]!)).toEqual([])
  })
})

describe('conformance', () => {
  it('counts the cases that agree, and shows what differs', () => {
    conformanceCommand().parse(['test/kernel/cases/filter.jsonl.gz'], { from: 'user' })
    expect(printed.join('\n')).toMatch(/^filter\.jsonl\.gz: (\d+) of \1 agree \(100\.0%\)/)
  })

  it('emits answers to cases that hold none, and goes on where one cannot be answered', () => {
    const box = {
      family: 4,
      interfaces: { lan0: ['10.6.0.1/16'] },
      routes: [],
      conntrack: 'on',
      steps: [{ in: 'lan0', hex: udp({ from: '10.6.0.2:1', to: '10.6.0.1:2' }).toHex() }, { wait: 1 }],
    }
    const cases = [
      { ...box, name: 'fine', rules: '*filter\n-A INPUT -j DROP\nCOMMIT\n' },
      { ...box, name: 'wrong', rules: '*filter\n-A INPUT --dport 1 -j DROP\nCOMMIT\n' },
      { ...box, name: 'unknown', rules: '*filter\n-A INPUT -m nfacct --nfacct-name x -j DROP\nCOMMIT\n' },
      { ...box, name: 'broken', rules: '', interfaces: null },
      { ...box, name: 'last', rules: '' },
    ]
    const path = `${file('cases', '')}.jsonl.gz`
    writeFileSync(path, gzipSync(cases.map(one => JSON.stringify(one)).join('\n')))
    conformanceCommand().parse(['--emit', path], { from: 'user' })
    const [fine, wrong, unknown, broken, last] = printed.map(line => JSON.parse(line))
    expect(fine.steps[0].expect.trace).toEqual([{ path: ['filter:INPUT:1'] }])
    expect(fine.steps[1].expect.conntrack).toEqual([])
    expect(fine.counters.filter.INPUT.rules).toEqual([[1, 28]])
    expect(wrong).toMatchObject({ name: 'wrong', reject: true, error: expect.stringContaining('--dport') })
    expect(unknown).toEqual({ name: 'unknown', error: expect.stringContaining('nfacct') })
    expect(broken).toEqual({ name: 'broken', error: expect.stringContaining('TypeError') })
    expect(last.steps[0].expect.delivered).toHaveLength(1)
  })
})
