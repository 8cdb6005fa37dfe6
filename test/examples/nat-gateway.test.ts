import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createFirewall, formatFate, natTableText, parsePacketScript, step } from '../../src/index.ts'

it('examples/nat-gateway: outbound accepted and translated, its answer let in, a stranger dropped', () => {
  const read = (file: string): string => readFileSync(`examples/nat-gateway/${file}`, 'utf8')
  const { interfaces, routes, steps, diagnostics } = parsePacketScript(read('packets.txt'))
  expect(diagnostics).toEqual([])
  let state = createFirewall({ interfaces, routes, rules: read('rules.v4') })
  const told = steps.map(line => {
    if (line.kind === 'wait') return 'wait'
    const outcome = step(state, line.arrival)
    state = outcome.state
    return `${formatFate(outcome.fate)}: ${outcome.emitted.map(({ packet }) => packet).join(', ')}`
  })
  expect(told).toEqual([
    'forwarded by wan0: tcp 203.0.113.1:52431 > 198.51.100.7:443 S seq=1000 mss=1460 ttl=63',
    'forwarded by lan0: tcp 198.51.100.7:443 > 10.6.34.100:52431 SA seq=5000 ack=1001 mss=1460 ttl=63',
    'forwarded by wan0: tcp 203.0.113.1:52431 > 198.51.100.7:443 A seq=1001 ack=5001 ttl=63',
    'dropped by filter/INPUT:policy: ',
    'forwarded by wan0: icmp 203.0.113.1 > 8.8.8.8 echo-request id=7 seq=1 data=0x01 ttl=63 ipid=7',
  ])
  expect(natTableText(state)).toContain('10.6.34.100:52431  203.0.113.1:52431  198.51.100.7:443')
})
