import { describe, expect, it } from 'vitest'
import { createFirewall, step } from '../../../src/firewall.ts'
import { parsePacketScript } from '../../../src/packet-script.ts'
import {
  allOf,
  alwaysReaches,
  assertProperty,
  checkProperty,
  everyOutcome,
  formatReport,
  natInverts,
  neverReaches,
  noLeak,
  nothingUnsolicited,
  onlyInitiatedFrom,
  type Property,
  repliesReturn,
  sameAs,
  where,
} from '../../../src/testing/properties/index.ts'
import { BOX, ESTABLISHED, gateway } from './gateway.ts'

const MASQUERADE = '-A POSTROUTING -o wan0 -j MASQUERADE'
const PUBLISHED =
  '-A PREROUTING -d 203.0.113.1 -p tcp -m tcp --dport 443 -j DNAT --to-destination 192.168.50.10'

/** As it should be: clients inside go out, one server is published, guests go out only. */
const good = gateway(
  `
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
${ESTABLISHED}
-A FORWARD -i lan0 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -i guest0 -o wan0 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -i wan0 -d 192.168.50.10 -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW -j ACCEPT`,
  { nat: `${PUBLISHED}\n${MASQUERADE}` },
)

describe('on a ruleset that is as it should be', () => {
  it.each<[Property]>([
    [neverReaches({ from: 'guest0', to: ['lan0', 'dmz0'] })],
    [neverReaches({ from: 'wan0', to: 'box' })],
    [alwaysReaches({ from: 'wan0', to: '203.0.113.1', protocol: 'tcp', port: 443 })],
    [alwaysReaches({ from: 'lan0', to: ['wan0', 'dmz0'] })],
    [onlyInitiatedFrom(['lan0', 'guest0', 'wan0'])],
    [nothingUnsolicited('dmz0')],
    [repliesReturn()],
    [natInverts()],
    [noLeak(['10.0.0.0/8', '192.168.0.0/16'], 'wan0')],
    [sameAs(good)],
  ])('$sentence', property => {
    expect(checkProperty(good, property, { seed: 1 }).counterexample?.script).toBeUndefined()
  })
})

/** The packets of the smallest counterexample. */
const broken = (firewall: Parameters<typeof checkProperty>[0], property: Property) =>
  checkProperty(firewall, property, { seed: 1 }).counterexample?.packets

describe('counterexamples', () => {
  it('natInverts: replies that conntrack does not see', () => {
    const blind = gateway('-P FORWARD ACCEPT\n-P INPUT ACCEPT', {
      raw: '-A PREROUTING -i wan0 -j CT --notrack',
      nat: MASQUERADE,
    })
    expect(broken(blind, natInverts())).toEqual([
      'lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000',
      'wan0: tcp 198.51.100.7:80 > 203.0.113.1:40000 SA seq=5000 ack=1001',
    ])
  })

  it('onlyInitiatedFrom: what the published server is asked is not asked from inside', () => {
    expect(broken(good, onlyInitiatedFrom(['lan0', 'guest0']))).toEqual([
      'wan0: tcp 198.51.100.7:40000 > 192.168.50.10:443 S seq=1000',
    ])
  })

  it('sameAs: the published server has moved', () => {
    const { ipv4 } = good.config.rules
    const moved = createFirewall({ ...BOX, rules: ipv4! })
    expect(broken(good, sameAs(moved))).toBeUndefined()
    const closed = gateway(ESTABLISHED, { nat: MASQUERADE })
    expect(broken(good, sameAs(closed))).toEqual(['lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000'])
  })

  it('everyOutcome: the predicate may say what is wrong', () => {
    const small = everyOutcome('no packet of more than 1000 bytes', ({ arrival }) =>
      arrival.packet.bytes.length > 1000 ? `${arrival.packet.bytes.length} bytes` : true,
    )
    const { counterexample } = checkProperty(good, small, { seed: 1 })
    expect(counterexample!.packets).toHaveLength(1)
    expect(counterexample!.why).toMatch(/^\d{4} bytes$/)
  })

  it('allOf: whichever does not hold', () => {
    const both = allOf(natInverts(), neverReaches({ from: 'lan0', to: 'dmz0' }))
    expect(broken(good, both)).toEqual(['lan0: tcp 10.6.0.2:40000 > 192.168.50.2:80 S seq=1000'])
  })

  it('where: only packets that the predicate picks, though all are seen', () => {
    const property = neverReaches({ from: 'lan0', to: 'dmz0' })
    const isPing = where(property, ({ arrival }) => arrival.packet.decoded.kind === 'icmp')
    expect(broken(good, isPing)).toEqual(['lan0: icmp 10.6.0.2 > 192.168.50.2 echo-request id=1 seq=1'])
    expect(
      broken(
        good,
        where(property, () => false),
      ),
    ).toBeUndefined()
  })

  it('spoofing: only if it is allowed', () => {
    const property = neverReaches({ from: '10.6.128.0/17', to: 'wan0' })
    const guests = gateway(`${ESTABLISHED}\n-A FORWARD -i guest0 -o wan0 -j ACCEPT`)
    expect(checkProperty(guests, property, { seed: 1 }).holds).toBe(true)
    const spoofed = checkProperty(guests, property, { seed: 1, spoofing: true, runs: 2000 }).counterexample
    expect(spoofed!.packets.at(-1)).toMatch(/^guest0: \w+ 10\.6\.1/)
  })
})

describe('a report', () => {
  const shadowed = gateway(`
-A FORWARD -p tcp -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 22 -j DROP
-A FORWARD -m u32 --u32 "0=0x1234" -j DROP`)

  it('names the rules that no packet reached, and which of them are dead', () => {
    const { reach } = checkProperty(
      shadowed,
      everyOutcome('nothing', () => true),
      { seed: 1 },
    )
    expect(reach.unreached.map(({ id, why }) => `${id.chain}:${id.number} ${why}`)).toEqual([
      'FORWARD:2 dead',
      'FORWARD:3 not reached',
    ])
  })

  it('has a packet script that does the same again', () => {
    const property = neverReaches({ to: '10.6.0.0/16', protocol: 'tcp' })
    const { counterexample } = checkProperty(shadowed, property, { seed: 1 })
    const script = parsePacketScript(counterexample!.script)
    expect(script.diagnostics).toEqual([])
    const { interfaces, routes, steps } = script
    let state = createFirewall({ interfaces, routes, rules: shadowed.config.rules.ipv4! })
    for (const each of steps) {
      if (each.kind !== 'arrival') continue
      const outcome = step(state, each.arrival)
      state = outcome.state
      expect(outcome.fate.kind).toBe('forwarded')
    }
  })

  it('is the message of the error that assertProperty throws', () => {
    const property = neverReaches({ from: 'guest0', to: 'lan0' })
    const report = checkProperty(shadowed, property, { seed: 1 })
    expect(() => assertProperty(shadowed, property, { seed: 1 })).toThrow(formatReport(report))
  })
})

it('a family that has routes but no address of the box is searched as well', () => {
  const passing = createFirewall({
    interfaces: { a: ['10.6.0.1/16'], b: [] },
    routes: ['default dev b', '2001:db8:6::/48 dev a'],
  })
  const { counterexample } = checkProperty(passing, neverReaches({ to: '2001:db8:6::/48' }), { seed: 1 })
  expect(counterexample!.packets).toEqual(['b: tcp [2001:db8:100::7]:40000 > [2001:db8:6::2]:80 S seq=1000'])
})

it.each<[string, () => unknown, RegExp]>([
  [
    'a device that there is not',
    () => checkProperty(good, neverReaches({ from: 'eth9' })),
    /"eth9" is no device/,
  ],
  ['a protocol that there is not', () => neverReaches({ protocol: 'tpc' }), /"tpc" is not known/],
  ['a range that is none', () => noLeak('10.6.0.0/99', 'wan0'), /10\.6\.0\.0\/99/],
  ['a firewall without devices', () => checkProperty(createFirewall({}), natInverts()), /no devices/],
])('misuse: %s', (_, use, message) => {
  expect(use).toThrow(RangeError)
  expect(use).toThrow(message)
})
