import { describe, expect, it } from 'vitest'
import { formatNatTable, natTable } from '../../src/nat/table.ts'
import { context, established } from './support.ts'

const entries: readonly (readonly [string, string])[] = [
  ['tcp 10.6.0.2:1025>198.51.100.7:80', 'tcp 198.51.100.7:80>203.0.113.1:40000'],
  ['udp 198.51.100.7:53>203.0.113.1:53', 'udp 192.168.50.10:5353>198.51.100.7:53'],
  ['icmp 10.6.0.2:7>198.51.100.7:2048', 'icmp 198.51.100.7:7>203.0.113.1:0'],
  ['tcp 10.6.0.2:1026>203.0.113.1:80', 'tcp 192.168.50.10:8080>10.6.0.1:1026'],
  ['esp 10.6.0.2:0>198.51.100.7:0', 'esp 198.51.100.7:0>203.0.113.1:0'],
  ['tcp [2001:db8:6::2]:1025>[2001:db8::7]:80', 'tcp [2001:db8::7]:80>[2001:db8:ffff::1]:1025'],
  ['tcp 10.6.0.3:1025>198.51.100.7:80', 'tcp 198.51.100.7:80>10.6.0.3:1025'],
]

describe('the NAT table', () => {
  const step = context()
  for (const [original, reply] of entries) established(step, original, reply)

  it('has a row for each connection that is translated, and for no other', () => {
    const rows = natTable(step.sessions, step.nowMs, c =>
      c.original.protocol === 6 ? 'ESTABLISHED' : undefined,
    )
    expect(formatNatTable(rows).split('\n')).toEqual([
      'protocol  kind  inside                outside                  remote              state        timeout',
      'tcp       SNAT  10.6.0.2:1025         203.0.113.1:40000        198.51.100.7:80     ESTABLISHED  120',
      'udp       DNAT  192.168.50.10:5353    203.0.113.1:53           198.51.100.7:53     -            120',
      'icmp      SNAT  10.6.0.2:7            203.0.113.1:7            198.51.100.7:7      -            120',
      'tcp       both  10.6.0.2:1026         10.6.0.1:1026            192.168.50.10:8080  ESTABLISHED  120',
      'esp       SNAT  10.6.0.2              203.0.113.1              198.51.100.7        -            120',
      'tcp       SNAT  [2001:db8:6::2]:1025  [2001:db8:ffff::1]:1025  [2001:db8::7]:80    ESTABLISHED  120',
    ])
  })

  it('leaves out what has run out', () => {
    expect(natTable(step.sessions, step.nowMs + 120_000)).toEqual([])
  })

  it('of nothing is its heading', () => {
    expect(formatNatTable([])).toBe('protocol  kind  inside  outside  remote  state  timeout')
  })
})
