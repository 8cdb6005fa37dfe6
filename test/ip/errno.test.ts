import { expect, it } from 'vitest'
import { createFirewall, step, udp } from '../../src/index.ts'

/** What `send()` returned on Linux 6.18 when DNAT in OUTPUT led to such a route. */
it.each([
  ['blackhole 10.8.0.0/16', 22],
  ['unreachable 10.8.0.0/16', 113],
  ['prohibit 10.8.0.0/16', 13],
  ['throw 10.8.0.0/16', 101],
  // no route at all
  ['10.9.0.0/16 dev lan0', 101],
])('a packet sent to where %s is what is left: errno %i', (route, errno) => {
  const box = createFirewall({
    interfaces: { lan0: ['10.6.0.1/16'] },
    routes: ['10.7.0.0/16 dev lan0', route],
    rules: 'iptables -t nat -A OUTPUT -j DNAT --to-destination 10.8.0.5',
  })
  const sent = step(box, { local: true, packet: udp({ from: '10.6.0.1:5000', to: '10.7.0.5:53' }) })
  expect([sent.fate.kind, sent.errno]).toEqual(['discarded', errno])
})
