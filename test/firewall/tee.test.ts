import { expect, it } from 'vitest'
import { createFirewall, step, udp } from '../../src/index.ts'

/** Where the copy went on Linux 6.18, besides the packet itself, which leaves by dmz0. */
it.each([
  ['blackhole 10.8.0.0/16', '', undefined],
  ['10.8.0.0/16 dev wan0', '', 'wan0'],
  // whoever names a device is believed that the gateway is on its link
  ['blackhole 10.8.0.0/16', '--oif lan0', 'lan0'],
  ['throw 10.8.0.0/16', '--oif lan0', 'lan0'],
  ['10.8.0.0/16 dev wan0', '--oif lan0', 'lan0'],
  // a device that is not there asks for nothing
  ['10.8.0.0/16 dev wan0', '--oif nope', 'wan0'],
])('-j TEE with the route %j and %j: %j', (route, oif, device) => {
  const box = createFirewall({
    interfaces: { lan0: ['10.6.0.1/16'], dmz0: ['10.9.0.1/16'], wan0: ['203.0.113.1/24'] },
    routes: [route],
    rules: `iptables -t mangle -A PREROUTING -i lan0 -j TEE --gateway 10.8.0.5 ${oif}`,
  })
  const { emitted } = step(box, { device: 'lan0', packet: udp({ from: '10.6.0.9:5000', to: '10.9.0.9:53' }) })
  expect(emitted.map(({ device: way }) => way)).toEqual(device === undefined ? ['dmz0'] : [device, 'dmz0'])
})
