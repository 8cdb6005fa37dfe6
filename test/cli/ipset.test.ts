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

const folder = mkdtempSync(join(tmpdir(), 'netfilter-sim-ipset-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const rules = file(
  'rules',
  '*filter\n-A INPUT -m set --match-set shut src -j DROP\n-A INPUT -j SET --add-set seen src\nCOMMIT\n',
)
const packets = file(
  'packets',
  'interface lan0 10.6.0.1/16\nlan0: udp 10.6.0.2:4000 > 10.6.0.1:53\nlan0: udp 10.6.0.66:4000 > 10.6.0.1:53\n',
)
const sets = file('sets', 'create shut hash:ip counters\ncreate seen hash:ip\nadd shut 10.6.0.66\n')
const others = file('others', 'create shut hash:ip family inet6\ncreate seen hash:ip\n')
const wrong = file('wrong', 'create shut hash:ip\nadd shut 10.6.0\ncreate shut hash:ipp\nadd seen 10.6.0.1\n')

describe('--ipset FILE', () => {
  it.each([
    ['trace', traceCommand],
    ['conntrack', conntrackCommand],
    ['nat', natCommand],
  ])('%s makes the sets before the rules', (_, command) => {
    expect(said(command(), rules, packets, '--ipset', sets)).not.toContain('error')
    expect(said(command(), rules, packets, '--ipset', others)).toContain(
      `${rules}:2:29: error: Set shut doesn't exist.`,
    )
  })

  it.each<[string, () => Command, readonly string[]]>([
    ['check', () => checkCommand('0'), [rules]],
    ['diff', diffCommand, [rules, rules]],
    ['services', servicesCommand, [rules]],
    ['rules check', rulesCommand, ['check', rules]],
    ['rules print', rulesCommand, ['print', rules]],
  ])('%s refuses rules whose sets are not there; without it, rules may name any', (_, command, args) => {
    expect(said(command(), ...args, '--ipset', others)).toContain("Set shut doesn't exist.")
    expect(said(command(), ...args, '--ipset', sets)).not.toContain('error:')
    expect(said(command(), ...args)).not.toContain('error:')
  })

  it('tells all that is wrong with the file', () => {
    const text = said(traceCommand(), rules, packets, '--ipset', wrong)
    expect(text.split('\n').filter(line => line.startsWith(wrong))).toEqual([
      `${wrong}:3:13: error: there is no set type 'hash:ipp' (expected ${TYPES})`,
      `${wrong}:4:5: error: there is no set 'seen'`,
    ])
  })
})

const TYPES =
  'hash:ip, hash:net, hash:ip,port, hash:net,port, hash:ip,port,ip, hash:ip,port,net, hash:net,iface, bitmap:ip, bitmap:ip,mac, bitmap:port, list:set'

describe('trace', () => {
  it('shows the sets after the packets, beside the other tables', () => {
    const text = said(traceCommand(), rules, packets, '--ipset', sets)
    expect(text).toContain('ipset save -sorted')
    expect(text).toContain('add shut 10.6.0.66 packets 1 bytes 28')
    expect(text).toContain('add seen 10.6.0.2')
  })

  it('shows none with --no-tables', () => {
    expect(said(traceCommand(), rules, packets, '--ipset', sets, '--no-tables')).not.toContain('ipset save')
  })
})
