/** Ten rulesets, each with one mistake that people make: the property that finds it, and the packets that show it. */
import { expect, it } from 'vitest'
import { createFirewall } from '../../../src/firewall.ts'
import type { FirewallState } from '../../../src/state.ts'
import {
  alwaysReaches,
  checkProperty,
  neverReaches,
  noLeak,
  nothingUnsolicited,
  onlyInitiatedFrom,
  type Property,
  repliesReturn,
} from '../../../src/testing/properties/index.ts'
import { BOX, ESTABLISHED, gateway } from './gateway.ts'

interface Broken {
  readonly firewall: FirewallState
  readonly property: Property
  /** The shrunk counterexample, literally. */
  readonly packets: readonly string[]
}

const MASQUERADE = '-A POSTROUTING -o wan0 -j MASQUERADE'

const BROKEN: { readonly [mistake: string]: Broken } = {
  'a DROP in the shadow of an ACCEPT': {
    firewall: gateway(`
${ESTABLISHED}
-A FORWARD -i guest0 -p tcp -m multiport --dports 80,443 -j ACCEPT
-A FORWARD -i guest0 -d 10.6.0.0/16 -j DROP
-A FORWARD -i guest0 -j ACCEPT`),
    property: neverReaches({ from: 'guest0', to: '10.6.0.0/16' }),
    packets: ['guest0: tcp 10.7.0.2:40000 > 10.6.0.2:80 S seq=1000'],
  },
  'a forgotten rule for replies': {
    firewall: gateway(`
-A FORWARD -i lan0 -o wan0 -j ACCEPT
-A FORWARD -i wan0 -o lan0 -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT`),
    property: repliesReturn({ from: 'lan0', to: 'wan0' }),
    packets: ['lan0: udp 10.6.0.2:40000 > 198.51.100.7:80', 'wan0: udp 198.51.100.7:80 > 10.6.0.2:40000'],
  },
  'a hole without state: whoever sends from port 53 may come in': {
    firewall: gateway(`
-A FORWARD -i lan0 -j ACCEPT
-A FORWARD -p udp -m udp --sport 53 -j ACCEPT
${ESTABLISHED}`),
    property: onlyInitiatedFrom(['lan0', 'guest0', 'dmz0']),
    packets: ['wan0: udp 198.51.100.7:53 > 10.6.0.2:80'],
  },
  'a NAT exception for the tunnel, which leaks when the tunnel is not there': {
    firewall: gateway(
      `
${ESTABLISHED}
-A FORWARD -i lan0 -m conntrack --ctstate NEW -j ACCEPT`,
      { nat: `-A POSTROUTING -s 10.6.0.0/16 -d 172.16.0.0/12 -j ACCEPT\n${MASQUERADE}` },
    ),
    property: noLeak('10.6.0.0/16', 'wan0'),
    packets: ['lan0: tcp 10.6.0.2:40000 > 172.16.0.1:80 S seq=1000'],
  },
  'FORWARD open between zones': {
    firewall: gateway(`
-P FORWARD ACCEPT
${ESTABLISHED}
-A FORWARD -i wan0 -m conntrack --ctstate NEW -j DROP`),
    property: neverReaches({ from: 'guest0', to: ['lan0', 'dmz0'] }),
    packets: ['guest0: tcp 10.7.0.2:40000 > 10.6.0.2:80 S seq=1000'],
  },
  'an egress filter for IPv4 only': {
    firewall: createFirewall({
      interfaces: { lan0: ['10.6.0.1/16', 'fd00:6::1/64'], wan0: ['203.0.113.1/24', '2001:db8:ffff::1/64'] },
      routes: [...BOX.routes, 'default via 2001:db8:ffff::fe dev wan0'],
      rules: {
        ipv4: `*filter\n-A FORWARD -i lan0 -o wan0 -p tcp -m tcp --dport 25 -j REJECT\nCOMMIT\n`,
        ipv6: '*filter\n-A FORWARD -i wan0 -m conntrack --ctstate NEW -j DROP\nCOMMIT\n',
      },
    }),
    property: neverReaches({ from: 'lan0', to: 'wan0', protocol: 'tcp', port: 25 }),
    packets: ['lan0: tcp [fd00:6::2]:40000 > [2001:db8:100::7]:25 S seq=1000'],
  },
  'the wrong interface': {
    firewall: gateway(
      `
${ESTABLISHED}
-A FORWARD -i wan+ -d 192.168.50.10 -p tcp -m tcp --dport 443 -o lan0 -j ACCEPT`,
      { nat: '-A PREROUTING -i wan0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 192.168.50.10' },
    ),
    property: alwaysReaches({ from: 'wan0', to: '203.0.113.1', protocol: 'tcp', port: 443 }),
    packets: ['wan0: tcp 198.51.100.7:40000 > 203.0.113.1:443 S seq=1000'],
  },
  'the right rules in the wrong order': {
    firewall: gateway(`
${ESTABLISHED}
-A FORWARD -i guest0 -o wan0 -j ACCEPT
-A FORWARD -s 10.7.0.66 -j DROP`),
    property: neverReaches({ from: '10.7.0.66', to: 'wan0' }),
    packets: ['guest0: tcp 10.7.0.66:40000 > 198.51.100.7:80 S seq=1000'],
  },
  '--ctstate NEW is missing: what is INVALID is not translated': {
    firewall: gateway(`${ESTABLISHED}\n-A FORWARD -i lan0 -o wan0 -j ACCEPT`, { nat: MASQUERADE }),
    property: noLeak('10.6.0.0/16', 'wan0'),
    packets: ['lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 SA seq=1000 ack=0'],
  },
  'a helper that opens ports to the world': {
    firewall: gateway(`${ESTABLISHED}\n-A FORWARD -i lan0 -m conntrack --ctstate NEW -j ACCEPT`, {
      raw: '-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp',
    }),
    property: nothingUnsolicited('wan0'),
    packets: [
      'lan0: udp 10.6.0.2:40000 > 198.51.100.7:69 data=0x000166696c65006f6374657400',
      'wan0: udp 198.51.100.7:5003 > 10.6.0.2:40000 data="AAAAAAAAAAAA"',
    ],
  },
}

/** Of processor time: what else the machine does is not counted. */
const WITHIN_MS = 5000

it.each(Object.entries(BROKEN))('%s', (_, { firewall, property, packets }) => {
  const begin = process.cpuUsage()
  const { holds, counterexample } = checkProperty(firewall, property, { seed: 1 })
  const { user, system } = process.cpuUsage(begin)
  expect((user + system) / 1000).toBeLessThan(WITHIN_MS)
  expect(holds).toBe(false)
  expect(counterexample!.packets).toEqual(packets)
  expect(counterexample!.packets.length).toBeLessThanOrEqual(4)
})
