import { describe, expect, it } from 'vitest'
import { esp, gre, icmp, icmp6, proto, raw, sctp, tcp, udp, udplite } from '../../src/packet/constructors.ts'
import { quotedPacket } from '../../src/packet/packet.ts'

const ends = { from: '10.0.0.1:1', to: '10.0.0.2:2' }
const hosts = { from: '10.0.0.1', to: '10.0.0.2' }

describe('constructors make the packet that the notation says', () => {
  it.each([
    [tcp({ ...ends, flags: 'S', seq: 1000 }), 'tcp 10.0.0.1:1 > 10.0.0.2:2 S seq=1000'],
    [tcp(ends), 'tcp 10.0.0.1:1 > 10.0.0.2:2 A seq=0 ack=0'],
    [tcp({ ...ends, flags: '' }), 'tcp 10.0.0.1:1 > 10.0.0.2:2 - seq=0'],
    [
      tcp({ ...ends, options: [{ kind: 'mss', size: 1460 }], checksum: 'bad', win: 0 }),
      'tcp 10.0.0.1:1 > 10.0.0.2:2 A seq=0 ack=0 win=0 mss=1460 badsum',
    ],
    [
      tcp({ from: '[::1]:1', to: '[::2]:2', ttl: 9, data: 'é' }),
      'tcp [::1]:1 > [::2]:2 A seq=0 ack=0 data=0xc3a9 ttl=9',
    ],
    [udp({ ...ends, data: 'hello', tos: 8, id: 7 }), 'udp 10.0.0.1:1 > 10.0.0.2:2 data="hello" id=7 tos=0x8'],
    [udp({ ...ends, checksum: 0, length: 3 }), 'udp 10.0.0.1:1 > 10.0.0.2:2 ulen=3 sum=0x0'],
    [
      udp({ ...ends, fragment: { offset: 0, more: true }, data: 8 }),
      'udp 10.0.0.1:1 > 10.0.0.2:2 len=8 frag=0+',
    ],
    [udplite({ ...ends, coverage: 8, data: 4 }), 'udplite 10.0.0.1:1 > 10.0.0.2:2 cov=8 len=4'],
    [sctp({ ...ends, tag: 7 }), 'sctp 10.0.0.1:1 > 10.0.0.2:2 vtag=0x7'],
    [icmp({ ...hosts, id: 7, seq: 1, ipId: 3 }), 'icmp 10.0.0.1 > 10.0.0.2 echo-request id=7 seq=1 ipid=3'],
    [icmp({ ...hosts, type: 9, code: 3, rest: 5 }), 'icmp 10.0.0.1 > 10.0.0.2 type=9/3 rest=0x5'],
    [
      icmp({ ...hosts, type: 'port-unreachable', quote: udp(ends) }),
      'icmp 10.0.0.1 > 10.0.0.2 port-unreachable { udp 10.0.0.1:1 > 10.0.0.2:2 }',
    ],
    [
      icmp6({ from: '::1', to: '::2', type: 'packet-too-big', rest: 1280 }),
      'icmp6 ::1 > ::2 packet-too-big mtu=1280',
    ],
    [gre({ ...hosts, key: 5 }), 'gre 10.0.0.1 > 10.0.0.2 type=0x800 key=0x5'],
    [esp({ ...hosts, spi: 9, data: 4 }), 'esp 10.0.0.1 > 10.0.0.2 spi=0x9 seq=0 len=4'],
    [proto(253, { ...hosts, df: false }), 'proto 253 10.0.0.1 > 10.0.0.2 nodf'],
    [raw('4500 ff'), 'raw 4500ff'],
  ])('%s', (packet, text) => {
    expect(packet.toString()).toBe(text)
  })

  it('and quotes can be read', () => {
    const query = udp(ends)
    expect(quotedPacket(icmp({ ...hosts, type: 'port-unreachable', quote: query }))?.equals(query)).toBe(true)
    expect(quotedPacket(query)).toBeUndefined()
  })
})

describe('misuse says what to do', () => {
  it.each([
    [
      'no port',
      () => tcp({ from: '10.0.0.1', to: '10.0.0.2:1' }),
      /from: tcp needs an address with a port, like/,
    ],
    ['a port too many', () => icmp({ ...ends }), /without a port/],
    ['flags', () => tcp({ ...ends, flags: 'SX' }), /flags: "SX"/],
    ['numbers', () => tcp({ ...ends, seq: -1 }), /seq: -1 is not a whole number from 0 to 4294967295/],
    ['families', () => udp({ from: '10.0.0.1:1', to: '[::1]:1' }), /two IPv4 or two IPv6/],
    ['icmp of the wrong family', () => icmp({ from: '::1', to: '::2' }), /use icmp6\(\)/],
    ['an ICMP name', () => icmp({ ...hosts, type: 'pong' }), /give the number/],
    [
      'a fragment offset',
      () => proto(17, { ...hosts, fragment: { offset: 3, more: false } }),
      /multiple of 8/,
    ],
    ['size', () => udp({ ...ends, data: 65535 }), /at most 65535/],
    ['hex', () => raw('4x'), /not hexadecimal/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message)
  })
})
