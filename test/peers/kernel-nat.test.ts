import { describe, expect, it } from 'vitest'
import { conntrackList, createFirewall, type FirewallState, iptables } from '../../src/index.ts'
import { type Line, play } from './script.ts'

/**
 * What the kernel's own tests of NAT claim (tools/testing/selftests/net/netfilter, the file is named in each title), told
 * again packet for packet. Their rules are nftables'; these are the same in iptables' words.
 */
function router(rules: string, ipv6 = ''): FirewallState {
  return createFirewall({
    interfaces: { veth0: ['10.0.1.1/24', 'dead:1::1/64'], veth1: ['10.0.2.1/24', 'dead:2::1/64'] },
    rules: { ipv4: rules, ipv6 },
  })
}

const PING = 'echo-request id=7 seq=1'
const PONG = 'echo-reply id=7 seq=1'

const stories: [title: string, state: FirewallState, lines: Line[]][] = [
  [
    'nft_nat.sh, test_local_dnat: what the box sends to one neighbour goes to the other, and the answer looks right',
    router('iptables -t nat -A OUTPUT -d 10.0.1.99 -j DNAT --to-destination 10.0.2.99'),
    [
      [`local: icmp 10.0.1.1 > 10.0.1.99 ${PING}`, `veth1: icmp 10.0.1.1 > 10.0.2.99 ${PING}`],
      [`veth1: icmp 10.0.2.99 > 10.0.1.1 ${PONG}`, `local: icmp 10.0.1.99 > 10.0.1.1 ${PONG}`],
    ],
  ],
  [
    'nft_nat.sh, test_local_dnat6',
    router('', 'ip6tables -t nat -A OUTPUT -d dead:1::99 -j DNAT --to-destination dead:2::99'),
    [
      [`local: icmp6 dead:1::1 > dead:1::99 ${PING}`, `veth1: icmp6 dead:1::1 > dead:2::99 ${PING}`],
      [`veth1: icmp6 dead:2::99 > dead:1::1 ${PONG}`, `local: icmp6 dead:1::99 > dead:1::1 ${PONG}`],
    ],
  ],
  [
    'nft_nat.sh, test_local_dnat_portonly: a new port without a new address',
    router('iptables -t nat -A OUTPUT -p tcp -j DNAT --to-destination :2000'),
    [
      [
        'local: tcp 10.0.1.1:4000 > 10.0.1.99:80 S seq=1',
        'veth0: tcp 10.0.1.1:4000 > 10.0.1.99:2000 S seq=1',
      ],
      [
        'veth0: tcp 10.0.1.99:2000 > 10.0.1.1:4000 SA seq=9 ack=2',
        'local: tcp 10.0.1.99:80 > 10.0.1.1:4000 SA seq=9 ack=2',
      ],
    ],
  ],
  [
    'nft_nat.sh, test_masquerade: the neighbour sees the router, the client sees the neighbour',
    router('iptables -t nat -A POSTROUTING -o veth0 -j MASQUERADE'),
    [
      [`veth1: icmp 10.0.2.99 > 10.0.1.99 ${PING}`, `veth0: icmp 10.0.1.1 > 10.0.1.99 ${PING}`],
      [`veth0: icmp 10.0.1.99 > 10.0.1.1 ${PONG}`, `veth1: icmp 10.0.1.99 > 10.0.2.99 ${PONG}`],
    ],
  ],
  [
    'nft_nat.sh, test_masquerade6',
    router('', 'ip6tables -t nat -A POSTROUTING -o veth0 -j MASQUERADE'),
    [
      [`veth1: icmp6 dead:2::99 > dead:1::99 ${PING}`, `veth0: icmp6 dead:1::1 > dead:1::99 ${PING}`],
      [`veth0: icmp6 dead:1::99 > dead:1::1 ${PONG}`, `veth1: icmp6 dead:1::99 > dead:2::99 ${PONG}`],
    ],
  ],
  [
    'nft_nat.sh, test_redirect: the router answers in place of the neighbour',
    router('iptables -t nat -A PREROUTING -i veth1 -p icmp -s 10.0.2.99 -d 10.0.1.99 -j REDIRECT'),
    [
      [`veth1: icmp 10.0.2.99 > 10.0.1.99 ${PING}`, `local: icmp 10.0.2.99 > 10.0.2.1 ${PING}`],
      [`local: icmp 10.0.2.1 > 10.0.2.99 ${PONG}`, `veth1: icmp 10.0.1.99 > 10.0.2.99 ${PONG}`],
    ],
  ],
  [
    'nft_nat.sh, test_redirect6',
    router('', 'ip6tables -t nat -A PREROUTING -i veth1 -p icmpv6 -d dead:1::99 -j REDIRECT'),
    [
      [`veth1: icmp6 dead:2::99 > dead:1::99 ${PING}`, `local: icmp6 dead:2::99 > dead:2::1 ${PING}`],
      [`local: icmp6 dead:2::1 > dead:2::99 ${PONG}`, `veth1: icmp6 dead:1::99 > dead:2::99 ${PONG}`],
    ],
  ],
  [
    'nft_nat.sh, port shadow: a client behind NAT takes over a port of the router itself',
    router('iptables -t nat -A POSTROUTING -o veth0 -j MASQUERADE'),
    [
      ['veth1: udp 10.0.2.99:1405 > 10.0.1.99:41404', 'veth0: udp 10.0.1.1:1405 > 10.0.1.99:41404'],
      ['veth0: udp 10.0.1.99:41404 > 10.0.1.1:1405', 'veth1: udp 10.0.1.99:41404 > 10.0.2.99:1405'],
    ],
  ],
  [
    'nft_nat.sh, port shadow: not if the filter drops what comes from that port',
    router(
      'iptables -t nat -A POSTROUTING -o veth0 -j MASQUERADE\niptables -A FORWARD -i veth1 -p udp --sport 1405 -j DROP',
    ),
    [
      ['veth1: udp 10.0.2.99:1405 > 10.0.1.99:41404', 'dropped'],
      ['veth0: udp 10.0.1.99:41404 > 10.0.1.1:1405', 'local: udp 10.0.1.99:41404 > 10.0.1.1:1405'],
    ],
  ],
  [
    'nft_nat.sh, port shadow: not if the port of the router is not tracked',
    router(`
      iptables -t nat -A POSTROUTING -o veth0 -j MASQUERADE
      iptables -t raw -A PREROUTING -i veth0 -p udp --dport 1405 -j NOTRACK
      iptables -t raw -A OUTPUT -o veth0 -p udp --sport 1405 -j NOTRACK`),
    [
      ['veth1: udp 10.0.2.99:1405 > 10.0.1.99:41404', 'veth0: udp 10.0.1.1:1405 > 10.0.1.99:41404'],
      ['veth0: udp 10.0.1.99:41404 > 10.0.1.1:1405', 'local: udp 10.0.1.99:41404 > 10.0.1.1:1405'],
      ['local: udp 10.0.1.1:1405 > 10.0.1.99:41404', 'veth0: udp 10.0.1.1:1405 > 10.0.1.99:41404'],
    ],
  ],
]

describe("the kernel's own tests of NAT", () => {
  it.each(stories)('%s', (_, state, lines) => {
    expect(play(state, lines).told).toEqual(lines)
  })

  it('nft_nat.sh, test_local_dnat: once the rule is flushed, new connections go where they are sent', () => {
    const before = router('iptables -t nat -A OUTPUT -d 10.0.1.99 -j DNAT --to-destination 10.0.2.99')
    const after = iptables(before, 'iptables -t nat -F OUTPUT')
    const sent: Line = [
      `local: icmp 10.0.1.1 > 10.0.1.99 ${PING}`,
      `veth0: icmp 10.0.1.1 > 10.0.1.99 ${PING}`,
    ]
    expect(play(after, [sent]).told).toEqual([sent])
  })

  it('nft_nat.sh, port shadow: not if ports as low as that are moved away', () => {
    const rules = `
      iptables -t nat -A POSTROUTING -p udp --sport :1405 -o veth0 -j MASQUERADE --to-ports 1406-65535 --random
      iptables -t nat -A POSTROUTING -o veth0 -j MASQUERADE`
    const lines: Line[] = [
      ['veth1: udp 10.0.2.99:1405 > 10.0.1.99:41404', 'veth0: udp 10.0.1.1:20000 > 10.0.1.99:41404'],
      ['veth0: udp 10.0.1.99:41404 > 10.0.1.1:1405', 'local: udp 10.0.1.99:41404 > 10.0.1.1:1405'],
      ['veth0: udp 10.0.1.99:41404 > 10.0.1.1:20000', 'veth1: udp 10.0.1.99:41404 > 10.0.2.99:1405'],
    ]
    expect(play(router(rules), lines, { choosePort: () => 20000 }).told).toEqual(lines)
  })

  it('nft_nat.sh, test_dnat_clash: two ways to one service from one port are kept apart', () => {
    const rules =
      'iptables -t nat -A PREROUTING -d 10.0.2.1 -p udp --dport 1234 -j DNAT --to-destination 10.0.1.1:1234'
    const lines: Line[] = [
      ['veth0: udp 10.0.1.99:4321 > 10.0.2.1:1234', 'local: udp 10.0.1.99:4321 > 10.0.1.1:1234'],
      ['local: udp 10.0.1.1:1234 > 10.0.1.99:4321', 'veth0: udp 10.0.2.1:1234 > 10.0.1.99:4321'],
      ['veth0: udp 10.0.1.99:4321 > 10.0.1.1:1234', 'local: udp 10.0.1.99:30000 > 10.0.1.1:1234'],
      ['local: udp 10.0.1.1:1234 > 10.0.1.99:30000', 'veth0: udp 10.0.1.1:1234 > 10.0.1.99:4321'],
    ]
    expect(play(router(rules), lines, { choosePort: () => 30000 }).told).toEqual(lines)
  })

  it('nf_nat_edemux.sh: a service address whose target is connected already needs another port', () => {
    const client = createFirewall({
      interfaces: { veth2: ['192.168.1.2/24'] },
      routes: ['10.96.0.1 via 192.168.1.1'],
      rules:
        'iptables -t nat -A OUTPUT -d 10.96.0.1 -p tcp --dport 443 -j DNAT --to-destination 192.168.1.1:5201',
    })
    const lines: Line[] = [
      [
        'local: tcp 192.168.1.2:10000 > 192.168.1.1:5201 S seq=1',
        'veth2: tcp 192.168.1.2:10000 > 192.168.1.1:5201 S seq=1',
      ],
      [
        'local: tcp 192.168.1.2:10000 > 10.96.0.1:443 S seq=5',
        'veth2: tcp 192.168.1.2:40404 > 192.168.1.1:5201 S seq=5',
      ],
      [
        'veth2: tcp 192.168.1.1:5201 > 192.168.1.2:40404 SA seq=7 ack=6',
        'local: tcp 10.96.0.1:443 > 192.168.1.2:10000 SA seq=7 ack=6',
      ],
    ]
    expect(play(client, lines, { choosePort: () => 40404 }).told).toEqual(lines)
  })

  it('nf_nat_edemux.sh: two redirected ports reach one listener from one source port', () => {
    const server = createFirewall({
      interfaces: { veth1: ['192.168.1.1/24'] },
      rules: `
        iptables -t nat -A PREROUTING -p tcp --dport 5202 -j REDIRECT --to-ports 5201
        iptables -t nat -A PREROUTING -p tcp --dport 5203 -j REDIRECT --to-ports 5201`,
    })
    const lines: Line[] = [
      [
        'veth1: tcp 192.168.1.2:10000 > 192.168.1.1:5202 S seq=1',
        'local: tcp 192.168.1.2:10000 > 192.168.1.1:5201 S seq=1',
      ],
      [
        'veth1: tcp 192.168.1.2:10000 > 192.168.1.1:5203 S seq=1',
        'local: tcp 192.168.1.2:44444 > 192.168.1.1:5201 S seq=1',
      ],
      [
        'local: tcp 192.168.1.1:5201 > 192.168.1.2:44444 SA seq=8 ack=2',
        'veth1: tcp 192.168.1.1:5203 > 192.168.1.2:10000 SA seq=8 ack=2',
      ],
      [
        'veth1: tcp 192.168.1.2:10000 > 192.168.1.1:5203 A seq=2 ack=9',
        'local: tcp 192.168.1.2:44444 > 192.168.1.1:5201 A seq=2 ack=9',
      ],
    ]
    const { state, told } = play(server, lines, { choosePort: () => 44444 })
    expect(told).toEqual(lines)
    expect(conntrackList(state)[1]).toMatch(
      /ESTABLISHED src=192.168.1.2 dst=192.168.1.1 sport=10000 dport=5203 /,
    )
  })

  it('nft_nat_zones.sh: clients with one address, told apart by zone, get ports of their own and their answers', () => {
    const clients = ['veth1', 'veth2', 'veth3']
    const gateway = createFirewall({
      interfaces: {
        veth0: ['10.3.0.1/24'],
        ...Object.fromEntries(clients.map(name => [name, ['10.1.0.2/24']])),
      },
      sysctls: { 'net.ipv4.conf.all.rp_filter': 0 },
      rules: `*raw
${clients.map((name, at) => `-A PREROUTING -i ${name} -j CT --zone-orig ${at + 1}`).join('\n')}
COMMIT
*nat
-A POSTROUTING -o veth0 -j MASQUERADE
COMMIT
`,
    })
    let next = 50_000
    const lines = clients.map((name, at): Line => {
      const port = at === 0 ? 10_000 : 50_000 + at
      return [
        `${name}: tcp 10.1.0.3:10000 > 10.3.0.99:5201 S seq=1`,
        `veth0: tcp 10.3.0.1:${port} > 10.3.0.99:5201 S seq=1`,
      ]
    })
    const { state, told } = play(gateway, lines, { choosePort: () => ++next })
    expect(told).toEqual(lines)
    const zones = conntrackList(state).map(line => / (zone-orig=\d) /.exec(line)?.[1])
    expect(zones).toEqual(['zone-orig=1', 'zone-orig=2', 'zone-orig=3'])
    // the answers belong to no zone: whose each is, its port says
    const answer: Line = [
      'veth0: tcp 10.3.0.99:5201 > 10.3.0.1:50002 SA seq=3 ack=2',
      'veth1: tcp 10.3.0.99:5201 > 10.1.0.3:10000 SA seq=3 ack=2',
    ]
    expect(play(state, [answer]).told).toEqual([answer])
  })

  it('conntrack_reverse_clash: datagrams both ways at once over lo keep their ports', () => {
    const box = createFirewall({ rules: 'iptables -t nat -A POSTROUTING -o nomatch -j MASQUERADE' })
    const there = 'udp 127.0.0.11:56789 > 127.0.0.12:56790 len=512'
    const back = 'udp 127.0.0.12:56790 > 127.0.0.11:56789 len=512'
    const lines: Line[] = [
      [`local: ${there}`, `local: ${there}`],
      [`local: ${back}`, `local: ${back}`],
      [`local: ${there}`, `local: ${there}`],
    ]
    const { state, told } = play(box, lines)
    expect(told).toEqual(lines)
    expect(conntrackList(state)).toHaveLength(1)
  })
})
