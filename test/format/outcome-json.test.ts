import { expect, it } from 'vitest'
import { createFirewall, outcomeJson, step, tcp } from '../../src/index.ts'

const gateway = createFirewall({
  interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
  routes: ['default via 203.0.113.254 dev wan0'],
  rules: `
*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
-A FORWARD -i wan0 -j DROP
COMMIT
`,
})
const syn = tcp({ from: '10.6.0.2:40000', to: '198.51.100.7:80', flags: 'S' })
const outcome = step(gateway, { device: 'lan0', packet: syn })

it('is plain data: a worker or a file gives back the same', () => {
  const plain = outcomeJson(outcome)
  expect(structuredClone(plain)).toEqual(plain)
  expect(JSON.parse(JSON.stringify(plain))).toEqual(plain)
})

it('tells rules, packets and addresses as text, and tuples by their fields', () => {
  const { emitted, trace } = outcomeJson(outcome)
  expect(emitted).toEqual([
    {
      device: 'wan0',
      packet: 'tcp 203.0.113.1:40000 > 198.51.100.7:80 S seq=0 ttl=63',
      hex: expect.stringMatching(/^45000028/),
      nextHop: '203.0.113.254',
      answer: false,
    },
  ])
  const steps = trace[0]!.steps
  expect(steps.find(({ kind }) => kind === 'rule')).toEqual({
    kind: 'rule',
    table: 'filter',
    chain: 'FORWARD',
    number: 1,
    rule: '-i wan0 -j DROP',
    matched: false,
    failed: { option: '-i wan0', seen: 'in lan0' },
    mark: 0,
    packet: 'tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=0 ttl=63',
  })
  expect(steps.find(step => step.kind === 'nat-bind' && step.manip === 'source')).toMatchObject({
    reason: 'mapped',
    from: { source: '10.6.0.2', destination: '198.51.100.7', protocol: 6, sport: 40000, dport: 80 },
    to: { source: '203.0.113.1', destination: '198.51.100.7', protocol: 6, sport: 40000, dport: 80 },
  })
})
