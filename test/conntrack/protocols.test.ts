import { describe, expect, it } from 'vitest'
import { Box, CLIENT, icmp, ip, SERVER, sctp, u16, u32, udp } from './box.ts'

/** A packet, or seconds to wait; what ctstate says; the entry afterwards. */
type Line = [packet: Uint8Array | number, state: string, entry: string]

function play(lines: readonly Line[], box = new Box()): Box {
  for (const [at, [packet, state, entry]] of lines.entries()) {
    if (typeof packet === 'number') box.wait(packet)
    else expect(`${at}: ${box.see(packet)}`).toBe(`${at}: ${state}`)
    expect(`${at}: ${box.entry}`).toBe(`${at}: ${entry}`)
  }
  return box
}

const gre = (from: 'client' | 'server', version: number, key: number) => {
  const body = [0x20, 0x80 | version, 0x88, 0x0b, 0, 0, ...u16(key)]
  return from === 'client' ? ip(47, body) : ip(47, body, SERVER, CLIENT)
}
const init = (tag: number) => [...u32(tag), 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]

describe('protocols', () => {
  const scripts: [name: string, lines: Line[]][] = [
    [
      'UDP: question, answer, and a quick second question are no stream',
      [
        [udp('client'), 'NEW', '30'],
        [udp('server'), 'ESTABLISHED', '30'],
        [udp('client'), 'ESTABLISHED', '30'],
      ],
    ],
    [
      'UDP: a flow that was answered and is older than two seconds is a stream',
      [
        [udp('client'), 'NEW', '30'],
        [3, '', '27'],
        [udp('server'), 'ESTABLISHED', '30'],
        [udp('client'), 'ESTABLISHED', '120 ASSURED'],
        [120, '', '-'],
        [udp('client'), 'NEW', '30'],
      ],
    ],
    ['UDP: a length that is not there', [[ip(17, [...u16(1), ...u16(2), 0, 20, 0, 0]), 'INVALID', '-']]],
    [
      'UDP-Lite: a stream from the first answer on',
      [
        [udp('client', 4, 136), 'NEW', '30'],
        [udp('server', 4, 136), 'ESTABLISHED', '30'],
        [udp('client', 4, 136), 'ESTABLISHED', '120 ASSURED'],
      ],
    ],
    [
      'ICMP echo',
      [
        [icmp('client', 8), 'NEW', '30'],
        [icmp('server', 0), 'ESTABLISHED', '30'],
        [icmp('server', 0), 'ESTABLISHED', '30'],
        [icmp('client', 8), 'ESTABLISHED', '30'],
      ],
    ],
    ['ICMP: an answer nobody asked for', [[icmp('server', 0), 'INVALID', '-']]],
    ['ICMP: unknown types', [[icmp('client', 40), 'INVALID', '-']]],
    [
      'an unknown protocol has addresses and a timer',
      [
        [ip(253, [1, 2, 3]), 'NEW', '600'],
        [ip(253, [1], SERVER, CLIENT), 'ESTABLISHED', '600'],
      ],
    ],
    [
      'GRE',
      [
        [gre('client', 0, 1), 'NEW', '30'],
        [gre('server', 0, 2), 'ESTABLISHED', '30'],
        [gre('client', 0, 1), 'ESTABLISHED', '180 ASSURED'],
      ],
    ],
    [
      "PPTP's GRE: each call is a connection",
      [
        [gre('client', 1, 1), 'NEW', '30'],
        [gre('client', 1, 2), 'NEW', '30, 30'],
      ],
    ],
    [
      'SCTP: four-way handshake and shutdown',
      [
        [sctp('client', 0, [1, 0, ...init(11)]), 'NEW', 'CLOSED 10'],
        [sctp('server', 11, [2, 0, ...init(22)]), 'ESTABLISHED', 'COOKIE_WAIT 3'],
        [sctp('client', 22, [10, 0, 1, 2]), 'ESTABLISHED', 'COOKIE_ECHOED 3'],
        [sctp('server', 11, [11, 0]), 'ESTABLISHED', 'ESTABLISHED 210 ASSURED'],
        [sctp('client', 99, [0, 0, 1]), 'INVALID', 'ESTABLISHED 210 ASSURED'],
        [sctp('client', 22, [7, 0, 0, 0, 0, 0]), 'ESTABLISHED', 'SHUTDOWN_SENT 3 ASSURED'],
        [sctp('server', 11, [8, 0]), 'ESTABLISHED', 'SHUTDOWN_ACK_SENT 3 ASSURED'],
        [sctp('client', 22, [14, 0]), 'ESTABLISHED', 'CLOSED 10 ASSURED'],
      ],
    ],
    ['SCTP: an ABORT out of the blue', [[sctp('client', 1, [6, 0]), 'INVALID', '-']]],
  ]
  it.each(scripts)('%s', (_name, lines) => {
    play(lines)
  })

  it('ICMP errors belong to the connection of what they quote', () => {
    const box = play([[udp('client'), 'NEW', '30']])
    const quote = [...udp('client').subarray(0, 28)]
    expect(box.see(icmp('server', 3, 0, 3, quote))).toBe('RELATED')
    expect(box.see(icmp('server', 3, 0, 3, quote.slice(0, 22)))).toBe('INVALID')
    expect(box.see(icmp('client', 3, 0, 3, quote))).toBe('INVALID')
    expect(box.reason).toBe('the ICMP error goes elsewhere than the connection it is about')
    expect(box.see(icmp('server', 3, 0, 3, [...ip(17, [9, 9, 0, 53, 0, 8, 0, 0])]))).toBe('INVALID')
    // None of them is counted.
    expect(box.list()[0]).toContain('packets=1 bytes=32 [UNREPLIED]')
  })

  it('later fragments and NOTRACK', () => {
    const box = new Box()
    const fragment = udp('client')
    fragment[7] = 4
    expect(box.see(fragment)).toBe('INVALID')
    box.template = { notrack: true }
    expect(box.see(udp('client'))).toBe('UNTRACKED')
  })

  it('zones keep equal tuples apart', () => {
    const box = new Box()
    expect(box.see(udp('client'))).toBe('NEW')
    box.template = { zone: { id: 5, original: true, reply: true } }
    expect(box.see(udp('client'))).toBe('NEW')
    expect(box.see(udp('server'))).toBe('ESTABLISHED')
    box.template = undefined
    expect(box.see(udp('client'))).toBe('NEW')
    expect(box.list().map(line => /zone=\d+/.exec(line)?.[0])).toEqual([undefined, 'zone=5'])
  })

  it('a zone of the original direction only: replies come without', () => {
    const box = new Box()
    box.template = { zone: { id: 5, original: true, reply: false } }
    box.see(udp('client'))
    box.template = undefined
    expect(box.see(udp('server'))).toBe('ESTABLISHED')
    expect(box.see(udp('client'))).toBe('NEW')
  })

  it('a full table: an entry that is not ASSURED makes room, else the packet is dropped', () => {
    const box = new Box()
    box.sysctls = { ...box.sysctls, max: 1 }
    box.see(ip(17, [...u16(1), ...u16(2), ...u16(8), 0, 0]))
    expect(box.see(udp('client'))).toBe('NEW')
    expect(box.table.size).toBe(1)
    box.wait(3)
    box.see(udp('server'))
    box.see(udp('client'))
    expect(box.entry).toBe('120 ASSURED')
    expect(box.see(ip(17, [...u16(1), ...u16(2), ...u16(8), 0, 0]))).toBe('DROP')
  })
})
