import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { checkCommand } from '../../src/cli/check.ts'
import { diffCommand } from '../../src/cli/diff.ts'
import { rulesCommand } from '../../src/cli/rules.ts'
import { servicesCommand } from '../../src/cli/services.ts'
import { conntrackCommand, natCommand } from '../../src/cli/tables.ts'
import { traceCommand } from '../../src/cli/trace.ts'
import { said } from './said.ts'

const folder = mkdtempSync(join(tmpdir(), 'netfilter-sim-hosts-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const rules = file('rules', 'iptables -A INPUT -s printer -j DROP\n')
const packets = file('packets', 'interface lan0 10.6.0.1/16\nlan0: udp 10.6.0.2:4000 > 10.6.0.1:53\n')
const hosts = file('hosts', '10.6.0.2 printer # on the first floor\n')
const wrong = file('wrong', '10.6.0 printer\n\n10.6.0.2\nprinter 10.6.0.2\n')

describe('--hosts FILE', () => {
  it.each<[string, () => Command, readonly string[]]>([
    ['trace', traceCommand, [rules, packets]],
    ['conntrack', conntrackCommand, [rules, packets]],
    ['nat', natCommand, [rules, packets]],
    ['check', () => checkCommand('0'), [rules]],
    ['diff', diffCommand, [rules, rules]],
    ['services', servicesCommand, [rules]],
    ['rules check', rulesCommand, ['check', rules]],
    ['rules print', rulesCommand, ['print', rules]],
    ['rules list', rulesCommand, ['list', rules]],
  ])('%s knows the names that rules use', (_, command, args) => {
    expect(said(command(), ...args)).toContain(`${rules}:1:22: error: host/network 'printer' not found`)
    expect(said(command(), ...args, '--hosts', hosts)).not.toContain('error:')
    expect(said(command(), ...args, '--hosts', wrong)).toBe(
      [
        `${wrong}:1:1: error: '10.6.0' is no address (expected address name …)`,
        `${wrong}:3:9: error: '10.6.0.2' has no name (expected a name behind the address)`,
        `${wrong}:4:1: error: 'printer' is no address (expected address name …)`,
      ].join('\n'),
    )
  })

  it('decides about packets', () => {
    expect(said(traceCommand(), rules, packets, '--hosts', hosts)).toContain('= dropped by filter/INPUT:1')
    expect(said(rulesCommand(), 'print', rules, '--hosts', hosts)).toContain(
      '-A INPUT -s 10.6.0.2/32 -j DROP',
    )
  })
})
