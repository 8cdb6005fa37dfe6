import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'
import { servicesCommand } from '../../src/cli/services.ts'

const folder = mkdtempSync(join(tmpdir(), 'netfilter-sim-services-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'rules.v4')
writeFileSync(
  file,
  `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A INPUT -i lan0 -p tcp --dport 22 -j ACCEPT
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
-A FORWARD -i wan0 -o lan0 -d 10.6.0.2 -p tcp -m multiport --dports 80,443 -m limit --limit 1/s -j ACCEPT
COMMIT
`,
)

let out: string[] = []
beforeEach(() => {
  out = []
  vi.spyOn(console, 'log').mockImplementation(text => void out.push(String(text)))
})
afterEach(() => void vi.restoreAllMocks())

it('says what may be opened, from each device to each other and to the box', () => {
  servicesCommand().parse([file], { from: 'user' })
  expect(out.join('\n')).toBe(`lan0 → box
  protocol tcp, dport 22
wan0, other0 → box, wan0
  nothing
lan0, other0 → lan0
  nothing
lan0 → wan0
  any packet
lan0, wan0, other0 → other0
  nothing
wan0 → lan0
  perhaps protocol tcp, to 10.6.0.2, dport 80,443`)
})

it('as JSON', () => {
  servicesCommand().parse(['--json', file], { from: 'user' })
  const { cells } = JSON.parse(out.join('\n'))
  const cell = cells.find(({ from, to }: Record<string, string>) => from === 'lan0' && to === 'box')
  expect(cell.open).toEqual([{ fields: expect.objectContaining({ dport: '22' }), conditions: [] }])
})
