import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { rulesCommand } from '../../src/cli/rules.ts'

const folder = mkdtempSync(join(tmpdir(), 'netfilter-sim-rules-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const GOOD = '*filter\n:FORWARD DROP [7:8]\n# names\n[1:2] -A FORWARD -i lan0 -p udp --dport domain\nCOMMIT\n'
const SAVED = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i lan0 -p udp -m udp --dport 53
COMMIT
`
const BAD = '*filter\n-A INPUT --dport 80 -j ACCEPT\n-A INPUT -j NOWHERE\nCOMMIT\n'

let printed = ''
let complained = ''
beforeEach(() => {
  printed = ''
  complained = ''
  process.exitCode = undefined
  const print = (text: unknown): boolean => {
    printed += String(text)
    return true
  }
  vi.spyOn(console, 'log').mockImplementation(text => void print(`${text}\n`))
  vi.spyOn(console, 'error').mockImplementation(text => {
    complained += `${text}\n`
  })
  vi.spyOn(process.stdout, 'write').mockImplementation(print)
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

const rules = (...args: string[]): void => void rulesCommand().parse(args, { from: 'user' })
const json = (): unknown[] =>
  printed
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

describe('rules print', () => {
  it('prints what iptables-save prints; print may be left out', () => {
    rules('print', file('good', GOOD))
    expect(printed).toBe(SAVED)
    expect(process.exitCode).toBe(0)
    printed = ''
    rules(file('good', GOOD))
    expect(printed).toBe(SAVED)
  })

  it('with counters', () => {
    rules('print', '-c', file('good', GOOD))
    expect(printed).toContain(':FORWARD DROP [7:8]')
    expect(printed).toContain('[1:2] -A FORWARD')
  })

  it.each([
    ['save', '-A FORWARD -i lan0 -p udp'],
    ['commands', '-P FORWARD DROP'],
    ['list', 'Chain FORWARD (policy DROP 0 packets, 0 bytes)'],
  ])('--as %s', (form, line) => {
    rules(file('good', GOOD), '--as', form)
    expect(printed).toContain(line)
  })

  it('tells save text, bare commands and scripts apart, and the families in one script', () => {
    const script =
      'ip6tables -A INPUT -s ::1 -j DROP\nfor p in 22 80; do iptables -A INPUT -p tcp --dport $p; done\n'
    const files = [file('save', SAVED), file('bare', '-A INPUT -j DROP\n'), file('script', script)]
    rules('print', '--json', ...files)
    expect(json()).toMatchObject([
      { text: SAVED },
      { text: expect.stringContaining('-A INPUT -j DROP') },
      { text: expect.stringMatching(/--dport 22\n.*--dport 80\n/) },
    ])
    printed = ''
    rules('print', '--json', '--ipv6', files[2]!)
    expect(json()).toMatchObject([{ text: expect.stringContaining('-A INPUT -s ::1/128 -j DROP\nCOMMIT') }])
  })

  it('answers one line of JSON for each file, whatever is wrong with the others', () => {
    const files = [file('bad', BAD), join(folder, 'missing'), file('good', GOOD)]
    rules('print', '--json', ...files)
    expect(json()).toEqual([
      {
        file: files[0],
        ok: false,
        text: '',
        errors: [
          { line: 2, column: 10, message: expect.any(String), hint: expect.stringContaining('-p tcp') },
          expect.objectContaining({ line: 3, column: 13, message: expect.stringContaining('NOWHERE') }),
        ],
        warnings: [],
      },
      expect.objectContaining({ file: files[1], ok: false, errors: [expect.objectContaining({ line: 1 })] }),
      { file: files[2], ok: true, text: SAVED, errors: [], warnings: [] },
    ])
    expect(process.exitCode).toBe(2)
  })
})

describe('a script', () => {
  const SCRIPT =
    'stop() { iptables -P INPUT ACCEPT; }\ncase $1 in start) iptables -P INPUT DROP;; stop) stop;; esac\n'

  it('is read: all its commands, with a warning if running it would leave something else', () => {
    const init = file('init', `${SCRIPT}iptables -A INPUT -j DROP\n`)
    rules('print', '--json', init)
    expect(json()).toMatchObject([{ ok: true, warnings: [] }])
    printed = ''
    rules('print', '--json', file('init', SCRIPT.replace('-P INPUT ACCEPT', '-A INPUT -j LOG')))
    expect(json()).toMatchObject([
      { text: expect.stringContaining('-A INPUT -j LOG'), warnings: [{ hint: 'see --run' }] },
    ])
  })

  it('is carried out with --run, and its arguments', () => {
    rules('print', file('init', SCRIPT), '--run')
    expect(printed).toContain(':INPUT DROP')
    printed = ''
    rules('print', file('init', SCRIPT), '--run', 'stop')
    expect(printed).toContain(':INPUT ACCEPT')
  })
})

describe('rules check', () => {
  it('says what is wrong, with place and hint, and prints no rules', () => {
    rules('check', file('bad', BAD), file('good', GOOD))
    expect(complained).toMatch(/bad:2:10: error: .*--dport.*\n {4}hint: .*\n.*bad:3:13: error: /)
    expect(printed).toBe('')
    expect(process.exitCode).toBe(1)
  })
})

describe('rules list', () => {
  it('without switches: -n -v --line-numbers', () => {
    rules('list', file('good', GOOD))
    expect(printed).toContain('num   pkts bytes target')
    expect(printed).toContain('udp dpt:53')
  })

  it.each([
    [['-L'], 'udp dpt:domain'],
    [['-n'], 'udp dpt:53'],
    [['-S'], '-A FORWARD -i lan0'],
    [['-t', 'nat', '-n'], 'Chain PREROUTING (policy ACCEPT)'],
  ])('%j', (switches, line) => {
    rules('list', ...switches, file('good', GOOD))
    expect(printed).toContain(line)
    expect(printed).not.toContain('pkts')
  })
})

describe('rules fmt', () => {
  it('keeps comments where they stood, and the order of tables', () => {
    const text = [
      '# Generated by iptables-save v1.8.9 on Fri Nov 20 23:38:14 2026',
      '# mine',
      '*filter',
      '# forwarding is for the brave',
      ':FORWARD DROP [0:0]',
      '',
      '# gone',
      '-F INPUT',
      '# the web',
      '-A INPUT -p tcp --dport http',
      '# end of filter',
      'COMMIT',
      '*nat',
      'COMMIT',
      '# end',
      '',
    ].join('\n')
    rules('fmt', file('commented', text))
    expect(printed.split('\n')).toEqual([
      '# mine',
      '*filter',
      ':INPUT ACCEPT [0:0]',
      '# forwarding is for the brave',
      ':FORWARD DROP [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      '# the web',
      '-A INPUT -p tcp -m tcp --dport 80',
      '',
      '# gone',
      '# end of filter',
      'COMMIT',
      '*nat',
      ':PREROUTING ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      'COMMIT',
      '# end',
      '',
    ])
    const formatted = printed
    printed = ''
    rules('fmt', file('again', formatted))
    expect(printed).toBe(formatted)
  })

  it('--write puts it into the file; a script it leaves alone', () => {
    const good = file('good', GOOD)
    const script = file('script', 'iptables -A INPUT -j DROP\n')
    rules('fmt', '--write', good, script)
    expect(readFileSync(good, 'utf8')).toContain('# names\n-A FORWARD -i lan0 -p udp -m udp --dport 53\n')
    expect(readFileSync(script, 'utf8')).toBe('iptables -A INPUT -j DROP\n')
    expect(complained).toContain('a script cannot be formatted')
    expect(process.exitCode).toBe(2)
  })
})
