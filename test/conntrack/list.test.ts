import { describe, expect, it } from 'vitest'
import { Address } from '../../src/address.ts'
import { Connection, Status, TcpTracking } from '../../src/conntrack/connection.ts'
import { listConnections } from '../../src/conntrack/list.ts'
import { invertTuple, Tuple } from '../../src/conntrack/tuple.ts'

const A = Address.parse('10.0.0.1')
const B = Address.parse('10.0.0.2')

function make(
  protocol: number,
  sport: number,
  dport: number,
  change: (made: Connection) => void = () => {},
): Connection {
  const tuple = new Tuple(A, B, protocol, sport, dport)
  const made = new Connection(tuple, invertTuple(tuple)!)
  made.expiresAtMs = 29_900
  made.isAccounted = true
  change(made)
  return made
}

/** What conntrack-tools 1.4.7 printed for such entries on Linux 6.18. */
const CASES: [connection: Connection, line: string][] = [
  [
    make(6, 1000, 80, made => {
      made.protocolState = new TcpTracking()
      made.protocolState.state = 3
      made.status = Status.SEEN_REPLY | Status.ASSURED
      made.mark = 5
    }),
    'tcp      6 29 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 packets=0 bytes=0 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 packets=0 bytes=0 [ASSURED] mark=5 use=1',
  ],
  [
    make(17, 1000, 53, made => {
      made.zone = { id: 7, original: true, reply: true }
    }),
    'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=53 packets=0 bytes=0 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=1000 packets=0 bytes=0 mark=0 zone=7 use=1',
  ],
  [
    make(17, 1000, 53, made => {
      made.zone = { id: 3, original: true, reply: false }
    }),
    'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=53 zone-orig=3 packets=0 bytes=0 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=1000 packets=0 bytes=0 mark=0 use=1',
  ],
  [
    make(17, 1000, 53, made => {
      made.zone = { id: 4, original: false, reply: true }
    }),
    'udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=53 packets=0 bytes=0 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=1000 zone-reply=4 packets=0 bytes=0 mark=0 use=1',
  ],
  [
    make(1, 77, 8 << 8),
    'icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=77 packets=0 bytes=0 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=77 packets=0 bytes=0 mark=0 use=1',
  ],
  [
    make(47, 17, 4660),
    'gre      47 29 src=10.0.0.1 dst=10.0.0.2 srckey=0x11 dstkey=0x1234 packets=0 bytes=0 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 srckey=0x1234 dstkey=0x11 packets=0 bytes=0 mark=0 use=1',
  ],
  [
    make(50, 0, 0),
    'unknown  50 29 src=10.0.0.1 dst=10.0.0.2 packets=0 bytes=0 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 packets=0 bytes=0 mark=0 use=1',
  ],
]

describe('conntrack -L', () => {
  it.each(CASES)('%#', (connection, line) => {
    expect(listConnections([connection], 0)).toEqual([line])
    expect(listConnections([connection], 0, { extended: true })).toEqual([`ipv4     2 ${line}`])
  })

  it('leaves out what has run out, and counters on demand', () => {
    const connection = make(50, 0, 0)
    expect(listConnections([connection], 29_900)).toEqual([])
    expect(listConnections([connection], 0, { counters: false })).toEqual([
      'unknown  50 29 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 use=1',
    ])
  })
})
