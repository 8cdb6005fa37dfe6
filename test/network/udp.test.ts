import { expect, it } from 'vitest'
import { createNetwork, datagramServer, ss, udpQuery } from '../../src/network/index.ts'

const network = createNetwork({
  nodes: {
    client: { address: ['10.0.0.2/24', '2001:db8::2/64'], gateway: 'none' },
    ns: {
      address: ['10.0.0.53/24', '2001:db8::53/64'],
      services: [
        datagramServer({ port: 53, answer: '192.0.2.1' }),
        datagramServer({ port: 514, name: 'syslogd' }),
      ],
    },
  },
  links: { lan: ['client', 'ns'] },
})

it.each([
  ['a server that answers', '10.0.0.53:53', 'answered', '192.0.2.1'],
  ['in IPv6', '[2001:db8::53]:53', 'answered', '192.0.2.1'],
  ['by name', 'ns:53', 'answered', '192.0.2.1'],
  ['one that only listens', 'ns:514', 'filtered', 'no answer in 1000 ms'],
  ['a closed port', 'ns:54', 'refused', 'Connection refused'],
  ['no route', '192.0.2.9:53', 'unreachable', 'Network is unreachable'],
  ['no such name', 'nowhere:53', 'unreachable', 'Name or service not known'],
])('a datagram to %s', (_, target, outcome, text) => {
  expect(udpQuery(network, 'client', target).result).toMatchObject({ outcome, text })
})

it('waits as long as it is told to, and leaves no socket behind', () => {
  const ran = udpQuery(network, 'client', 'ns:514', { timeoutMs: 250, data: '<13>hello', localPort: 5514 })
  expect(ran.network.nowMs).toBe(250)
  expect(ran.hops[0]!.packet.toString()).toContain('[2001:db8::2]:5514 > [2001:db8::53]:514 data="<13>hello"')
  expect(ss(ran.network, 'client', 'uan').split('\n')).toHaveLength(1)
})
