import { expect, it } from 'vitest'
import { createFirewall, readCounters, step, udp } from '../../src/index.ts'

const HOSTS = { 4: ['10.6.0.2', '192.168.50.10'], 6: ['[2001:db8:6::2]', '[2001:db8:50::10]'] } as const
const RULES = '*mangle\n-A FORWARD\n-A POSTROUTING -o dmz0\nCOMMIT\n'

/** Which device something leaves by when a packet of so many bytes comes in, and the hooks it got to before. */
function way(family: 4 | 6, mtu: string, length: number) {
  const box = createFirewall({
    interfaces: { lan0: ['10.6.0.1/16', '2001:db8:6::1/64'], dmz0: ['10.9.0.1/24', '2001:db8:9::1/64'] },
    routes: [`192.168.50.0/24 dev dmz0 ${mtu}`, `2001:db8:50::/64 dev dmz0 ${mtu}`],
    rules: { ipv4: RULES, ipv6: RULES },
  })
  const [client, server] = HOSTS[family]
  const data = 'x'.repeat(length - (family === 4 ? 28 : 48))
  const packet = udp({ from: `${client}:5000`, to: `${server}:53`, data, ...(family === 4 && { df: true }) })
  const { emitted, state } = step(box, { device: 'lan0', packet })
  const hooks = (['FORWARD', 'POSTROUTING'] as const).filter(
    hook => readCounters(state, family, 'mangle', hook)!.rules[0]!.packets > 0,
  )
  return [emitted.map(({ device }) => device).join(), hooks.join()]
}

it.each([
  [4, 'mtu 1300', 1300, 'dmz0', 'FORWARD,POSTROUTING'],
  [4, 'mtu 1300', 1301, 'lan0', ''],
  [6, 'mtu 1300', 1300, 'dmz0', 'FORWARD,POSTROUTING'],
  // IPv6 forwards by the device's MTU, and finds out in the end
  [6, 'mtu 1300', 1301, 'lan0', 'FORWARD,POSTROUTING'],
  [6, 'mtu lock 1300', 1301, 'lan0', ''],
  [6, '', 1501, 'lan0', ''],
] as const)('IPv%i, route with %j, %i bytes: %s after %j', (family, mtu, length, device, hooks) => {
  expect(way(family, mtu, length)).toEqual([device, hooks])
})
