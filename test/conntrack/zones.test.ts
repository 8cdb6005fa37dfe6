import { expect, it } from 'vitest'
import { dumpConnection } from '../../src/conntrack/dump.ts'
import { createFirewall, type FirewallState, step, tcp } from '../../src/index.ts'

/** Two networks with the same addresses behind one masquerading box, told apart by what `CT` says. */
const boxWith = (first: string, second: string): FirewallState =>
  createFirewall({
    interfaces: { a0: ['10.0.0.1/24'], b0: ['10.0.1.1/24'], wan0: ['203.0.113.1/24'] },
    rules: `
*raw
-A PREROUTING -i a0 -j CT ${first}
-A PREROUTING -i b0 -j CT ${second}
COMMIT
*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
`,
  })

/** The same SYN from both networks: from which ports they leave. */
function bothSend(box: FirewallState): { ports: (string | undefined)[]; zones: object[] } {
  const packet = tcp({ from: '10.0.0.2:4000', to: '203.0.113.9:80', flags: 'S' })
  const one = step(box, { device: 'a0', packet })
  const two = step(one.state, { device: 'b0', packet })
  const { sessions, nowMs } = two.state
  const ports = [one, two].map(({ emitted }) => /:(\d+) >/.exec(String(emitted[0]?.packet))?.[1])
  return { ports, zones: [...sessions].map(connection => zoneFields(dumpConnection(connection, nowMs))) }
}

function zoneFields(dumped: object): object {
  return Object.fromEntries(Object.entries(dumped).filter(([name]) => name.startsWith('zone')))
}

it('zones of both directions: answers are told apart by them, so both keep their port', () => {
  expect(bothSend(boxWith('--zone 1', '--zone 2'))).toEqual({
    ports: ['4000', '4000'],
    zones: [{ zone: 1 }, { zone: 2 }],
  })
})

it('zones of the original direction: answers come without, so the second gets another port', () => {
  const { ports, zones } = bothSend(boxWith('--zone-orig 1', '--zone-orig 2'))
  expect(ports[0]).toBe('4000')
  expect(ports[1]).toMatch(/^\d+$/)
  expect(ports[1]).not.toBe('4000')
  expect(zones).toEqual([{ zone_orig: 1 }, { zone_orig: 2 }])
})

it('one zone for both: it is one connection, whichever network sends', () => {
  expect(bothSend(boxWith('--zone 1', '--zone 1'))).toEqual({ ports: ['4000', '4000'], zones: [{ zone: 1 }] })
})
