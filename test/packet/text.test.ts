import { describe, expect, it } from 'vitest'
import { Packet } from '../../src/packet/packet.ts'
import { parsePackets } from '../../src/packet/text.ts'

/** What is written, and how it is written back where that differs. */
const LINES: readonly [text: string, canonical?: string][] = [
  ['tcp 10.0.0.5:40000 > 198.51.100.7:80 S seq=1000'],
  [
    'tcp 10.0.0.5:40000 > 198.51.100.7:80 seq=1000 S win=65535 ttl=64 id=1',
    'tcp 10.0.0.5:40000 > 198.51.100.7:80 S seq=1000',
  ],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 AS seq=0x10', 'tcp 1.2.3.4:1 > 5.6.7.8:2 SA seq=16 ack=0'],
  [
    'tcp 1.2.3.4:1 > 5.6.7.8:2 SA seq=1 ack=2 win=512 mss=1460 wscale=7 sackok ts=1/2 sack=1-2,5-6 len=18 ttl=63 id=5 tos=0x10',
  ],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 - seq=0 ack=7 urg=3 reserved=1 opt=254:0xabcd'],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 A seq=0 ack=0 optrest=0x00010203'],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 A seq=0 ack=0 doff=4'],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 A seq=0 ack=0 badsum'],
  ['tcp 1.2.3.4:1 > 5.6.7.8:2 A seq=0 ack=0 sum=0x1234 totlen=99 ipsum=0x1'],
  ['tcp [2001:db8::1]:1 > [::]:2 S seq=1 ttl=1 tos=0x2 flow=0x12345 paylen=300'],
  ['udp [2001:db8::1]:53 > [2001:db8::2]:4000 data="hello"'],
  ['udp 1.2.3.4:53 > 5.6.7.8:4000 data="a \\"b\\" # } {\\r\\n" nodf'],
  ['udp 1.2.3.4:53 > 5.6.7.8:4000 data=0xff00'],
  ['udp 1.2.3.4:53 > 5.6.7.8:4000 ulen=7 len=12 sum=0x0'],
  ['udp 1.2.3.4:53 > 5.6.7.8:4000 len=16 frag=0+'],
  ['udp 1.2.3.4:53 > 5.6.7.8:4000 len=16 frag=0+ df evil'],
  ['proto udp 1.2.3.4 > 5.6.7.8 len=16 frag=1480'],
  ['proto udp 2001:db8::1 > 2001:db8::2 len=16 frag=1448+ fragid=0x5'],
  ['proto 17 1.2.3.4 > 5.6.7.8 data=0x01', 'proto udp 1.2.3.4 > 5.6.7.8 data=0x01'],
  ['proto 253 1.2.3.4 > 5.6.7.8 data=0x01 ipopts=0x94040000 trailer=0x00ff'],
  ['udplite 1.2.3.4:53 > 5.6.7.8:4000 cov=8 len=4'],
  ['icmp 10.0.0.1 > 8.8.8.8 echo-request id=7 seq=1 ipid=9'],
  ['icmp 10.0.0.1 > 8.8.8.8 type=8/3 id=7 seq=1 data="ping"'],
  ['icmp 192.0.2.1 > 10.0.0.1 port-unreachable { udp 10.0.0.1:40000 > 8.8.8.8:53 len=4 }'],
  [
    'icmp 192.0.2.1 > 10.0.0.1 fragmentation-needed mtu=1400 { tcp 10.0.0.1:1 > 8.8.8.8:53 A seq=1 ack=0 } ttl=60',
  ],
  ['icmp 192.0.2.1 > 10.0.0.1 host-redirect gw=192.0.2.9 { raw 45 }'],
  ['icmp6 2001:db8::1 > 2001:db8::2 packet-too-big mtu=1280 { udp [2001:db8::2]:1 > [2001:db8::3]:2 }'],
  ['icmp6 fe80::1 > ff02::1 router-solicitation ttl=255 hopopts=0x00050200000100'],
  ['sctp 1.2.3.4:1 > 5.6.7.8:2 vtag=0x7 chunk=1/0:0x00000001 data=0x01 sum=0x1'],
  ['gre 1.2.3.4 > 5.6.7.8 type=0x800 key=0x5 data=0x46ff'],
  ['gre 1.2.3.4 > 5.6.7.8 ver=1 type=0x880b key=0x40007 seq=1 ack=2 len=4'],
  ['esp 1.2.3.4 > 5.6.7.8 spi=0x1 seq=2 len=4'],
  ['ah 1.2.3.4 > 5.6.7.8 next=6 ahlen=4 spi=0x1 seq=2 len=12'],
  ['raw 4500ff'],
  ['raw -'],
]

describe('the one-line notation', () => {
  it.each(LINES.map(([text, canonical = text]) => ({ text, canonical })))('$text', ({ text, canonical }) => {
    const packet = Packet.parse(text)
    expect(packet.toString()).toBe(canonical)
    expect(Packet.parse(canonical).toHex()).toBe(packet.toHex())
  })

  it('fills in what Linux would', () => {
    expect(Packet.parse('udp 10.0.0.1:4000 > 8.8.8.8:53 data="hi"').toHex()).toBe(
      '4500001e00014000401120be0a000001080808080fa00035000a6d8b6869',
    )
  })
})

/** A wrong line, and its diagnostics as `column: message (expected) [hint]`. */
const ERRORS: readonly (readonly [text: string, ...diagnostics: RegExp[]])[] = [
  ['tpc 1.2.3.4:1 > 5.6.7.8:2', /^1: unknown kind of packet tpc \(tcp, udp/],
  ['tcp 1.2.3.4 > 5.6.7.8:2 S', /^5: tcp needs a port .*\[.*proto tcp\]/],
  ['tcp 1.2.3.4:1 5.6.7.8:2 S', /^15: no '>'/],
  ['tcp 1.2.3.4:1 >', /^16: no address/],
  ['tcp 1.2.3.4:1 > [::1]:2', /^17: .*different IP versions/],
  ['icmp ::1 > ::2 echo-request', /^12: icmp between IPv6 addresses \[write icmp6\]/],
  ['icmp 1.2.3.4 > 5.6.7.8', /^23: no ICMP type/],
  ['udp 1.2.3.4:1 > 5.6.7.8:99999', /^17: not an address/],
  [
    'udp 1.2.3.4:1 > 5.6.7.8:2 ttl=300 seq=1 foo',
    /^27: wrong value for ttl: 300 \(a number/,
    /^35: udp has no seq/,
    /^41: unknown word foo/,
  ],
  ['udp 1.2.3.4:1 > 5.6.7.8:2 windw=3', /^27: unknown field windw/],
  ['udp 1.2.3.4:1 > 5.6.7.8:2 ttl=3 ttl=4', /^33: ttl is given twice/],
  ['udp 1.2.3.4:1 > 5.6.7.8:2 frag=3', /^27: wrong value for frag: 3 .*multiple of 8/],
  ['udp [::1]:1 > [::2]:2 id=3', /^23: IPv6 has no id \[/],
  ['icmp 1.2.3.4 > 5.6.7.8 port-unreachable { udp 1.2.3.4:1 > 5.6.7.8:2', /: the quoted packet has no end/],
  ['raw 123', /^5: no bytes/],
  ['udp 1.2.3.4:1 > 5.6.7.8:2 len=65535', /^1: the packet would have 65563 bytes/],
]

describe('a wrong line is reported', () => {
  it.each(ERRORS.map(([text, ...expected]) => ({ text, expected })))('$text', ({ text, expected }) => {
    const { packets, diagnostics } = parsePackets(text)
    expect(packets).toEqual([])
    const found = diagnostics.map(({ column, message, expected = '', hint = '' }) =>
      `${column}: ${message} (${expected}) [${hint}]`.replace(' ()', ''),
    )
    expect(found).toHaveLength(expected.length)
    for (const [i, pattern] of expected.entries()) expect(found[i]).toMatch(pattern)
  })
})

describe('parsePackets', () => {
  it('skips comments and empty lines, and knows where it is', () => {
    const text = '# first\n\nudp 1.2.3.4:1 > 5.6.7.8:2 data="#" # not in quotes\nudp oops\n'
    const { packets, diagnostics } = parsePackets(text, 'a.txt')
    expect(packets.map(({ line }) => line)).toEqual([3])
    expect(packets[0]!.packet.toString()).toBe('udp 1.2.3.4:1 > 5.6.7.8:2 data="#"')
    expect(diagnostics[0]).toMatchObject({ file: 'a.txt', line: 4, column: 5 })
  })
})
