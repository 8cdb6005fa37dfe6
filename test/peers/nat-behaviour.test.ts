import { describe, expect, it } from 'vitest'
import { createFirewall, type FirewallState, natTable } from '../../src/index.ts'
import { type Line, play } from './script.ts'

/**
 * How a NAT should behave (RFC 4787 for UDP, RFC 5382 for TCP, RFC 5508 for ICMP), and how Linux with MASQUERADE does, as
 * NAT testers such as stuntman and pystun report it: it keeps ports, maps by address and port, filters by both, and lets
 * nobody hairpin unless a rule says so.
 */
const GATEWAY = `*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -j ACCEPT
COMMIT
`

function gateway(rules = GATEWAY): FirewallState {
  return createFirewall({
    interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
    routes: ['default via 203.0.113.254 dev wan0'],
    rules,
  })
}

const OUT: Line = [
  'lan0: udp 10.6.0.2:4000 > 198.51.100.7:3478',
  'wan0: udp 203.0.113.1:4000 > 198.51.100.7:3478',
]
const PING = 'echo-request id=7 seq=1'

const stories: [title: string, lines: Line[]][] = [
  [
    'RFC 4787 REQ-1, REQ-3: the same port outside, whoever is talked to',
    [
      OUT,
      ['lan0: udp 10.6.0.2:4000 > 198.51.100.7:3479', 'wan0: udp 203.0.113.1:4000 > 198.51.100.7:3479'],
      ['lan0: udp 10.6.0.2:4000 > 198.51.100.8:3478', 'wan0: udp 203.0.113.1:4000 > 198.51.100.8:3478'],
    ],
  ],
  [
    'RFC 4787 REQ-3: two insiders with one port may share it towards different peers, not towards one',
    [
      OUT,
      ['lan0: udp 10.6.0.3:4000 > 198.51.100.8:3478', 'wan0: udp 203.0.113.1:4000 > 198.51.100.8:3478'],
      ['lan0: udp 10.6.0.3:4000 > 198.51.100.7:3478', 'wan0: udp 203.0.113.1:50000 > 198.51.100.7:3478'],
    ],
  ],
  [
    'RFC 4787 REQ-8: only the peer that was talked to gets in, and only from that port',
    [
      OUT,
      ['wan0: udp 198.51.100.7:3478 > 203.0.113.1:4000', 'lan0: udp 198.51.100.7:3478 > 10.6.0.2:4000'],
      ['wan0: udp 198.51.100.7:3479 > 203.0.113.1:4000', 'dropped'],
      ['wan0: udp 198.51.100.8:3478 > 203.0.113.1:4000', 'dropped'],
    ],
  ],
  [
    'RFC 4787 REQ-5: a mapping without an answer lives 30 seconds, not the two minutes that the RFC wants',
    [
      OUT,
      ['wait 29s', ''],
      ['wan0: udp 198.51.100.7:3478 > 203.0.113.1:4000', 'lan0: udp 198.51.100.7:3478 > 10.6.0.2:4000'],
      ['wait 31s', ''],
      ['wan0: udp 198.51.100.7:3478 > 203.0.113.1:4000', 'dropped'],
    ],
  ],
  [
    'RFC 4787 REQ-5, REQ-6: a conversation lives two minutes behind its last packet, whoever sent it',
    [
      OUT,
      ['wan0: udp 198.51.100.7:3478 > 203.0.113.1:4000', 'lan0: udp 198.51.100.7:3478 > 10.6.0.2:4000'],
      ['wait 3s', ''],
      OUT,
      ['wait 119s', ''],
      ['wan0: udp 198.51.100.7:3478 > 203.0.113.1:4000', 'lan0: udp 198.51.100.7:3478 > 10.6.0.2:4000'],
      ['wait 119s', ''],
      OUT,
      ['wait 121s', ''],
      ['wan0: udp 198.51.100.7:3478 > 203.0.113.1:4000', 'dropped'],
    ],
  ],
  [
    'RFC 4787 REQ-9: no hairpin: what goes to the outer address is for the box itself',
    [OUT, ['lan0: udp 10.6.0.3:5000 > 203.0.113.1:4000', 'dropped']],
  ],
  [
    'RFC 4787 REQ-12, RFC 5508 REQ-4: an error about a mapping is translated, and ends nothing',
    [
      OUT,
      [
        'wan0: icmp 198.51.100.254 > 203.0.113.1 host-unreachable { udp 203.0.113.1:4000 > 198.51.100.7:3478 }',
        'lan0: icmp 198.51.100.254 > 10.6.0.2 host-unreachable { udp 10.6.0.2:4000 > 198.51.100.7:3478 }',
      ],
      ['wan0: udp 198.51.100.7:3478 > 203.0.113.1:4000', 'lan0: udp 198.51.100.7:3478 > 10.6.0.2:4000'],
    ],
  ],
  [
    'RFC 5382 REQ-2: a simultaneous open',
    [
      [
        'lan0: tcp 10.6.0.2:4000 > 198.51.100.7:80 S seq=100',
        'wan0: tcp 203.0.113.1:4000 > 198.51.100.7:80 S seq=100',
      ],
      [
        'wan0: tcp 198.51.100.7:80 > 203.0.113.1:4000 S seq=900',
        'lan0: tcp 198.51.100.7:80 > 10.6.0.2:4000 S seq=900',
      ],
      [
        'lan0: tcp 10.6.0.2:4000 > 198.51.100.7:80 SA seq=100 ack=901',
        'wan0: tcp 203.0.113.1:4000 > 198.51.100.7:80 SA seq=100 ack=901',
      ],
    ],
  ],
  [
    'RFC 5382 REQ-4: a SYN nobody asked for is dropped silently here, by the policy',
    [['wan0: tcp 198.51.100.9:80 > 203.0.113.1:4000 S seq=1', 'dropped']],
  ],
  [
    'RFC 5508 REQ-1, REQ-2: pings share an id as long as their peers differ, and are kept apart where not',
    [
      [`lan0: icmp 10.6.0.2 > 198.51.100.7 ${PING}`, `wan0: icmp 203.0.113.1 > 198.51.100.7 ${PING}`],
      [`lan0: icmp 10.6.0.3 > 198.51.100.8 ${PING}`, `wan0: icmp 203.0.113.1 > 198.51.100.8 ${PING}`],
      [
        `lan0: icmp 10.6.0.3 > 198.51.100.7 ${PING}`,
        'wan0: icmp 203.0.113.1 > 198.51.100.7 echo-request id=50000 seq=1',
      ],
      [
        'wan0: icmp 198.51.100.7 > 203.0.113.1 echo-reply id=50000 seq=1',
        'lan0: icmp 198.51.100.7 > 10.6.0.3 echo-reply id=7 seq=1',
      ],
    ],
  ],
]

describe('how a masquerading Linux behaves as a NAT', () => {
  it.each(stories)('%s', (_, lines) => {
    expect(play(gateway(), lines, { choosePort: () => 50_000 }).told).toEqual(lines)
  })

  it('RFC 4787 REQ-9 with a rule of its own: both insiders see the outer address', () => {
    const rules = `*nat
-A PREROUTING -d 203.0.113.1 -p udp --dport 4000 -j DNAT --to-destination 10.6.0.2
-A POSTROUTING -s 10.6.0.0/16 -o lan0 -j SNAT --to-source 203.0.113.1
COMMIT
`
    const lines: Line[] = [
      ['lan0: udp 10.6.0.3:5000 > 203.0.113.1:4000', 'lan0: udp 203.0.113.1:5000 > 10.6.0.2:4000'],
      ['lan0: udp 10.6.0.2:4000 > 203.0.113.1:5000', 'lan0: udp 203.0.113.1:4000 > 10.6.0.3:5000'],
    ]
    expect(play(gateway(rules), lines).told).toEqual(lines)
  })

  it('the table of it all, as a textbook draws it', () => {
    const rows = natTable(play(gateway(), [OUT]).state)
    expect(
      rows.map(({ inside, outside, remote }) =>
        [inside, outside, remote].map(end => `${end.address}:${end.port}`),
      ),
    ).toEqual([['10.6.0.2:4000', '203.0.113.1:4000', '198.51.100.7:3478']])
  })
})
