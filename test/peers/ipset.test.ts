import { describe, expect, it } from 'vitest'
import { createFirewall, type FirewallState, ipsetSave, readCounters } from '../../src/index.ts'
import { play } from './script.ts'

/**
 * What ipset's own tests assert of packets (tests/match_target.t with iptables.sh, match_target6.t, hash:net,iface.t), told
 * again. What it asserts of texts, `npm run test:ipset` asks the tool itself.
 */
describe.each([
  [4, '10.255.255.0/24', '10.255.255.1', '10.255.255.32', '10.255.255.64', '192.0.2.1'],
  [
    6,
    '1002:1002:1002:1002::/64',
    '1002:1002:1002:1002::1',
    '1002:1002:1002:1002::32',
    '1002:1002:1002:1002::64',
    '2001:db8::1',
  ],
] as const)(
  'match_target, IPv%i: who is in no set is put in one, and found in the list of sets',
  (family, net, one, two, other, box) => {
    const inet = family === 6 ? ' family inet6' : ''
    const rules = `*filter
-A INPUT ! -s ${net} -j ACCEPT
-A INPUT -m set ! --match-set ip1 src -m set ! --match-set ip2 src -j SET --add-set ipport src,src
-A INPUT -m set --match-set ip1 src
-A INPUT -m set --match-set ip2 src
-A INPUT -m set --match-set ipport src,src
-A INPUT -m set --match-set list src,src
COMMIT
`
    const sets = `create ip1 hash:ip${inet}
add ip1 ${one}
create ip2 hash:ip${inet}
add ip2 ${two}
create ipport hash:ip,port${inet}
create list list:set
add list ipport
add list ip1
`
    const start = createFirewall({
      interfaces: { eth0: ['192.0.2.1/24', '2001:db8::1/64'] },
      routes: ['default via 192.0.2.254 dev eth0', 'default via 2001:db8::ff dev eth0'],
      sets,
      rules: family === 4 ? rules : { ipv6: rules },
    })
    const host = (address: string): string => (family === 6 ? `[${address}]` : address)
    /** Which of the rules behind the first two see the packet, and what is in `ipport` then. */
    const probe = (state: FirewallState, packet: string) => {
      const after = play(state, [[`eth0: ${packet}`, '']]).state
      const seen = (at: FirewallState) =>
        readCounters(at, family, 'filter', 'INPUT')!.rules.map(({ packets }) => packets)
      const before = seen(state)
      const names = ['', 'added', 'ip1', 'ip2', 'ipport', 'list']
      const rulesHit = seen(after).flatMap((count, index) =>
        count > before[index]! && index > 0 ? [names[index]!] : [],
      )
      const members = ipsetSave(after)
        .split('\n')
        .filter(line => line.startsWith('add ipport'))
      return { state: after, rulesHit, members: members.map(line => line.replace('add ipport ', '')) }
    }

    it('TCP and UDP from the same port are two members', () => {
      const first = probe(start, `tcp ${host(other)}:1025 > ${host(box)}:80 S seq=1`)
      expect(first.rulesHit).toEqual(['added', 'ipport', 'list'])
      expect(first.members).toEqual([`${other},tcp:1025`])
      const second = probe(first.state, `udp ${host(other)}:1025 > ${host(box)}:80`)
      expect(second.rulesHit).toEqual(['added', 'ipport', 'list'])
      expect([...second.members].sort()).toEqual([`${other},tcp:1025`, `${other},udp:1025`])
    })

    it.each([
      ['ip1', one, ['ip1', 'list']],
      ['ip2, which is not in the list', two, ['ip2']],
    ])('who is in %s is not put in another', (_, from, rulesHit) => {
      const { rulesHit: hit, members } = probe(start, `tcp ${host(from)}:1025 > ${host(box)}:80 S seq=1`)
      expect(hit).toEqual(rulesHit)
      expect(members).toEqual([])
    })
  },
)

describe('hash:net,iface.t', () => {
  const arrives = (sets: string, device: string, from: string): boolean => {
    const devices = ['eth0', 'eth1', 'eth2'].map(name => [name, ['192.0.2.1/24']] as const)
    const box = createFirewall({
      interfaces: Object.fromEntries(devices),
      routes: ['10.0.0.0/8 dev eth0'],
      sysctls: { 'net.ipv4.conf.all.rp_filter': 0 },
      sets,
      rules: 'iptables -t raw -A PREROUTING -m set --match-set test src,src',
    })
    const { state } = play(box, [[`${device}: udp ${from}:1000 > 192.0.2.1:53`, '']])
    return readCounters(state, 4, 'raw', 'PREROUTING')!.rules[0]!.packets === 1
  }
  const nested =
    'create test hash:net,iface\nadd test 10.0.0.0/16,eth0\nadd test 10.0.0.0/24,eth1\nadd test 10.0.0.0/28,eth2'

  it.each([
    ['10.0.0.1', 'eth2', true],
    ['10.0.0.2', 'eth1', false],
    ['10.0.0.3', 'eth0', false],
    ['10.0.0.16', 'eth1', true],
    ['10.0.0.17', 'eth2', false],
    ['10.0.0.18', 'eth0', false],
    ['10.0.1.1', 'eth0', true],
    ['10.0.1.2', 'eth1', false],
  ])(
    'the narrowest network that has the address decides, whatever its device: %s on %s',
    (from, device, isMember) => {
      expect(arrives(nested, device, from)).toBe(isMember)
    },
  )

  it.each([
    ['10.1.1.1', false],
    ['10.1.1.3', true],
    ['10.1.1.4', false],
    ['10.1.1.16', true],
  ])('nomatch at every width: %s', (from, isMember) => {
    const sets = `create test hash:net,iface
add test 10.1.1.1,eth0 nomatch
add test 10.1.1.0/30,eth0
add test 10.1.1.0/28,eth0 nomatch
add test 10.1.1.0/26,eth0`
    expect(arrives(sets, 'eth0', from)).toBe(isMember)
  })
})
