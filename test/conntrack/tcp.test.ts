import { describe, expect, it } from 'vitest'
import { Box, type Segment, tcp } from './box.ts'

/** From, flags, the rest of the segment; then what ctstate says, and the entry afterwards. */
type Line = [
  from: 'client' | 'server' | 'wait',
  flags: string | number,
  segment: Segment,
  state: string,
  entry: string,
]

function play(lines: readonly Line[], box = new Box()): void {
  for (const [at, [from, flags, segment, state, entry]] of lines.entries()) {
    if (from === 'wait') box.wait(Number(flags))
    else expect(`${at}: ${box.see(tcp(from, String(flags), segment))}`).toBe(`${at}: ${state}`)
    expect(`${at}: ${box.entry}`).toBe(`${at}: ${entry}`)
  }
}

const HANDSHAKE: Line[] = [
  ['client', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 120'],
  ['server', 'SA', { seq: 500, ack: 101 }, 'ESTABLISHED', 'SYN_RECV 60'],
  ['client', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
]

describe('TCP connections', () => {
  const scripts: [name: string, lines: Line[]][] = [
    [
      'opens, carries data, and closes by FINs',
      [
        ...HANDSHAKE,
        ['client', 'PA', { seq: 101, ack: 501, data: 10 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
        ['server', 'A', { seq: 501, ack: 111 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
        ['client', 'FA', { seq: 111, ack: 501 }, 'ESTABLISHED', 'FIN_WAIT 120 ASSURED'],
        ['server', 'A', { seq: 501, ack: 112 }, 'ESTABLISHED', 'CLOSE_WAIT 60 ASSURED'],
        ['server', 'FA', { seq: 501, ack: 112 }, 'ESTABLISHED', 'LAST_ACK 30 ASSURED'],
        ['client', 'A', { seq: 112, ack: 502 }, 'ESTABLISHED', 'TIME_WAIT 120 ASSURED'],
        // After FINs, a SYN opens again.
        ['client', 'S', { seq: 9000 }, 'NEW', 'SYN_SENT 120'],
      ],
    ],
    [
      'a SYN sent again does not restart the timer',
      [
        ['client', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 120'],
        ['wait', 20, {}, '', 'SYN_SENT 100'],
        ['client', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 100'],
        ['wait', 100, {}, '', '-'],
        ['client', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 120'],
      ],
    ],
    [
      'a RST that answers the SYN leaves nothing',
      [
        ['client', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 120'],
        ['server', 'RA', { ack: 101 }, 'ESTABLISHED', '-'],
      ],
    ],
    [
      'an exact RST closes, and its sender may open again',
      [
        ...HANDSHAKE,
        ['client', 'R', { seq: 101 }, 'ESTABLISHED', 'CLOSE 10 ASSURED'],
        ['client', 'S', { seq: 7000 }, 'NEW', 'SYN_SENT 120'],
      ],
    ],
    [
      "after the peer's RST a SYN is ignored",
      [
        ...HANDSHAKE,
        ['server', 'R', { seq: 501 }, 'ESTABLISHED', 'CLOSE 10 ASSURED'],
        ['client', 'S', { seq: 7000 }, 'ESTABLISHED', 'CLOSE 10 ASSURED'],
      ],
    ],
    [
      'a RST in the window, but not exact, only shortens the timer until somebody answers',
      [
        ...HANDSHAKE,
        ['server', 'R', { seq: 600 }, 'ESTABLISHED', 'ESTABLISHED 10 ASSURED'],
        ['client', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
        ['server', 'R', { seq: 400 }, 'INVALID', 'ESTABLISHED 300 ASSURED'],
      ],
    ],
    [
      'simultaneous open',
      [
        ['client', 'S', { seq: 100 }, 'NEW', 'SYN_SENT 120'],
        ['server', 'S', { seq: 500 }, 'ESTABLISHED', 'SYN_SENT2 120'],
        ['client', 'SA', { seq: 100, ack: 501 }, 'ESTABLISHED', 'SYN_RECV 60'],
        ['server', 'A', { seq: 501, ack: 101 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ],
    ],
    [
      'a connection picked up in the middle',
      [
        ['client', 'A', { seq: 100, ack: 500 }, 'NEW', 'ESTABLISHED 300'],
        ['server', 'A', { seq: 500, ack: 100 }, 'ESTABLISHED', 'ESTABLISHED 300'],
        ['client', 'A', { seq: 100, ack: 500 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ],
    ],
    [
      'segments out of the window',
      [
        ...HANDSHAKE,
        ['client', 'A', { seq: 101, ack: 900 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
        ['client', 'A', { seq: 50_000, ack: 501 }, 'INVALID', 'ESTABLISHED 432000 ASSURED'],
        // Beyond by less than a window: some stacks do that.
        ['client', 'A', { seq: 5500, ack: 501, data: 10 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
      ],
    ],
    [
      'zero window',
      [
        ...HANDSHAKE,
        ['server', 'A', { seq: 501, ack: 101, win: 0 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
      ],
    ],
    [
      'retransmissions: the fourth in a row shortens the timer',
      [
        ...HANDSHAKE,
        ['client', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
        ['client', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 432000 ASSURED'],
        ['client', 'A', { seq: 101, ack: 501 }, 'ESTABLISHED', 'ESTABLISHED 300 ASSURED'],
      ],
    ],
  ]
  it.each(scripts)('%s', (_name, lines) => play(lines))

  it.each([
    ['SYN/ACK', 'SA'],
    ['RST', 'R'],
    ['FIN/ACK', 'FA'],
    ['no flags', ''],
    ['URG alone', 'U'],
    ['FIN without ACK', 'F'],
    ['SYN and FIN', 'SF'],
    ['SYN and RST', 'SR'],
  ])('%s opens nothing', (_name, flags) => {
    const box = new Box()
    expect(box.see(tcp('client', flags, { seq: 1, ack: 1 }))).toBe('INVALID')
    expect(box.entry).toBe('-')
    expect(box.reason).toMatch(/cannot open|flags/)
  })

  it('tcp_loose=0 picks nothing up', () => {
    const box = new Box()
    box.sysctls = { ...box.sysctls, tcpLoose: false }
    expect(box.see(tcp('client', 'A', { seq: 100, ack: 500 }))).toBe('INVALID')
  })

  it('tcp_be_liberal lets everything pass the windows', () => {
    const box = new Box()
    box.sysctls = { ...box.sysctls, tcpBeLiberal: true }
    play(HANDSHAKE, box)
    expect(box.see(tcp('client', 'A', { seq: 101, ack: 900 }))).toBe('ESTABLISHED')
  })

  it('a dropped first packet leaves nothing behind', () => {
    const box = new Box()
    expect(box.see(tcp('client', 'S', { seq: 1 }), true)).toBe('NEW')
    expect(box.entry).toBe('-')
  })

  it('says why', () => {
    const box = new Box()
    play(HANDSHAKE, box)
    box.see(tcp('client', 'A', { seq: 101, ack: 900 }))
    expect(box.reason).toBe('ACK is over the upper bound 502 (ACKed data not seen yet)')
    box.see(tcp('server', 'S', { seq: 101 }))
    expect(box.reason).toBe('SYN in state ESTABLISHED is invalid')
  })

  it('tells of every step of its life', () => {
    const box = new Box()
    box.see(tcp('client', 'S', { seq: 100 }))
    expect(box.events).toEqual([
      '    [NEW] tcp      6 120 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 [UNREPLIED] ' +
        'src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000',
    ])
    box.see(tcp('server', 'SA', { seq: 500, ack: 101 }))
    expect(box.events).toEqual([
      ' [UPDATE] tcp      6 60 SYN_RECV src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 ' +
        'src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000',
    ])
    box.see(tcp('client', 'A', { seq: 101, ack: 501 }))
    box.see(tcp('client', 'A', { seq: 101, ack: 501 }))
    expect(box.events).toEqual([])
    box.wait(432_000)
    box.see(tcp('client', 'S', { seq: 1 }))
    expect(box.events[0]).toBe(
      '[DESTROY] tcp      6 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 packets=3 bytes=120 ' +
        'src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 packets=1 bytes=40 [ASSURED]',
    )
  })
})
