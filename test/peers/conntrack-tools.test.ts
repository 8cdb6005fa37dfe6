import { describe, expect, it } from 'vitest'
import {
  type ConnectionFilter,
  conntrackDelete,
  conntrackList,
  createFirewall,
  expectationList,
  type FirewallState,
  iptables,
} from '../../src/index.ts'
import { type Line, play } from './script.ts'

/**
 * What conntrack-tools asserts of `conntrack -L` and `-D` (tests/conntrack/testsuite/01delete, 02filter, 04zone), the
 * kernel of dumps and flushes by zone (selftests, conntrack_dump_flush.c), and what Kubernetes and Docker do with them:
 * forget datagrams of old so that new NAT rules count.
 */
const RULES = `*raw
-A PREROUTING -i lan1 -j CT --zone 123
-A PREROUTING -i lan2 -j CT --zone-orig 124
COMMIT
*mangle
-A PREROUTING -p udp --dport 53 -j CONNMARK --set-mark 1
COMMIT
`

function busy(): FirewallState {
  const box = createFirewall({
    interfaces: {
      lan0: ['10.0.0.1/24', 'fd00::1/64'],
      lan1: ['10.0.1.1/24'],
      lan2: ['10.0.2.1/24'],
      wan0: ['203.0.113.1/24', 'fd00:f::1/64'],
    },
    routes: ['default via 203.0.113.254 dev wan0'],
    rules: RULES,
  })
  return play(box, [
    ['lan0: tcp 10.0.0.2:10 > 198.51.100.7:20 S seq=1', ''],
    ['wan0: tcp 198.51.100.7:20 > 10.0.0.2:10 SA seq=5 ack=2', ''],
    ['lan0: udp 10.0.0.2:1000 > 198.51.100.7:53', ''],
    ['lan0: udp [fd00::2]:1000 > [fd00:f::7]:123', ''],
    ['lan1: tcp 10.0.1.2:10 > 198.51.100.7:20 S seq=1', ''],
    ['lan2: icmp 10.0.2.2 > 198.51.100.7 echo-request id=20 seq=1', ''],
  ]).state
}

/** The connections by what they are about: `tcp 10.0.0.2`. */
function about(lines: readonly string[]): string[] {
  return lines.map(line => line.replace(/^(\S+) .*? src=(\S+) .*/, '$1 $2'))
}

const ALL = ['tcp 10.0.0.2', 'udp 10.0.0.2', 'udp fd00::2', 'tcp 10.0.1.2', 'icmp 10.0.2.2']

const filters: [switches: string, filter: ConnectionFilter, meant: string[]][] = [
  ['-L', {}, ALL],
  ['-s 10.0.0.2', { source: '10.0.0.2' }, ['tcp 10.0.0.2', 'udp 10.0.0.2']],
  ['-s 10.0.0.0/16', { source: '10.0.0.0/16' }, ALL.filter(name => !name.includes('fd00'))],
  [
    '-d 198.51.100.7 -p tcp',
    { destination: '198.51.100.7', protocol: 'tcp' },
    ['tcp 10.0.0.2', 'tcp 10.0.1.2'],
  ],
  ['-p 17', { protocol: 17 }, ['udp 10.0.0.2', 'udp fd00::2']],
  ['--sport 10', { sourcePort: 10 }, ['tcp 10.0.0.2', 'tcp 10.0.1.2']],
  // an ICMP id is no port
  ['--dport 20', { destinationPort: 20 }, ['tcp 10.0.0.2', 'tcp 10.0.1.2']],
  [
    '-r 198.51.100.7 -q 10.0.1.2',
    { replySource: '198.51.100.7', replyDestination: '10.0.1.2' },
    ['tcp 10.0.1.2'],
  ],
  ['--reply-port-src 53', { replySourcePort: 53 }, ['udp 10.0.0.2']],
  ['--reply-port-dst 1000 -f ipv6', { replyDestinationPort: 1000, family: 6 }, ['udp fd00::2']],
  ['-m 1', { mark: 1 }, ['udp 10.0.0.2']],
  ['-m 0 -p udp', { mark: 0, protocol: 'udp' }, ['udp fd00::2']],
  ['-w 123', { zone: 123 }, ['tcp 10.0.1.2']],
  // a zone of one direction is none to the tool
  ['-w 124', { zone: 124 }, []],
  ['-w 0', { zone: 0 }, ['tcp 10.0.0.2', 'udp 10.0.0.2', 'udp fd00::2', 'icmp 10.0.2.2']],
  ['-p tcp --state SYN_RECV', { protocol: 'tcp', state: 'SYN_RECV' }, ['tcp 10.0.0.2']],
  ['-s 192.0.2.9', { source: '192.0.2.9' }, []],
]

describe('conntrack -L and -D', () => {
  it.each(filters)('%s', (_, filter, meant) => {
    const state = busy()
    expect(about(conntrackList(state, { where: filter }))).toEqual(meant)
    const left = conntrackDelete(state, filter)
    expect(about(conntrackList(left))).toEqual(ALL.filter(name => !meant.includes(name)))
    expect(about(conntrackList(state)), 'the state before stays as it was').toEqual(ALL)
  })

  it.each([
    [{ source: '10.0.0' }, /neither an address nor a network/],
    [{ protocol: 'tpc' }, /no protocol 'tpc'/],
  ])('%j is refused', (filter, message) => {
    expect(() => conntrackDelete(busy(), filter)).toThrowError(message)
  })

  it('a connection takes along what it has announced', () => {
    const box = createFirewall({
      interfaces: { eth0: ['192.0.2.1/24'] },
      rules: 'iptables -t raw -A PREROUTING -p udp --dport 69 -j CT --helper tftp',
    })
    const { state } = play(box, [['eth0: udp 192.0.2.7:5000 > 192.0.2.1:69 data=0x000166006f6374657400', '']])
    expect(expectationList(state)).toHaveLength(1)
    expect(expectationList(conntrackDelete(state, { destinationPort: 69 }))).toEqual([])
  })
})

it('Kubernetes deletes the datagrams of a service that moved, or they would go on to where it was', () => {
  const service = (pod: string): string =>
    `iptables -t nat -A PREROUTING -d 10.96.0.10 -p udp --dport 53 -j DNAT --to-destination ${pod}:53`
  const before = createFirewall({ interfaces: { pods: ['10.244.0.1/16'] }, rules: service('10.244.1.5') })
  const ask = 'pods: udp 10.244.7.7:1000 > 10.96.0.10:53'
  const to = (pod: string): Line => [ask, `pods: udp 10.244.7.7:1000 > ${pod}:53`]
  const { state, told } = play(before, [to('10.244.1.5')])
  const moved = iptables(state, `iptables -t nat -F PREROUTING\n${service('10.244.2.6')}`)
  const forgotten = conntrackDelete(moved, {
    protocol: 'udp',
    destination: '10.96.0.10',
    destinationPort: 53,
  })
  expect(told).toEqual([to('10.244.1.5')])
  expect(play(moved, [to('10.244.1.5')]).told).toEqual([to('10.244.1.5')])
  expect(play(forgotten, [to('10.244.2.6')]).told).toEqual([to('10.244.2.6')])
})
