import { describe, expect, it } from 'vitest'
import { Address } from '../../../src/address.ts'
import type { Skb } from '../../../src/packet/skb.ts'
import { Bench, complaint, icmp, ipv4, ipv6, outcome, passes, tcp, testsOf, text, udp } from './bench.ts'

type Row = readonly [words: string, packet: string, expected: boolean | 'hotdrop']

const PACKETS: Record<string, Skb> = {
  'echo request': icmp(8, 0),
  'port unreachable': icmp(3, 3),
  'cut-off ICMP': ipv4([8, 0, 0, 0], { protocol: 1 }),
  'later fragment': udp(1000, 53, [], { fragment: 0x0001 }),
  dns: udp(1000, 53, text('GET /Index')),
  'three bytes of UDP': ipv4([0, 1, 0], { protocol: 17 }),
  'EF packet': udp(1, 2, [], { tos: 0xb8 }),
  'ECT(0) packet': udp(1, 2, [], { tos: 0xba, ttl: 5 }),
  syn: tcp(1000, 80, 0x02, [2, 4, 0x05, 0xb4]),
  'syn with ECE, CWR': tcp(1000, 80, 0xc2),
  'options cut off': ipv4([...new Array(12).fill(0), 0x60, 2, 0, 0, 0, 0, 0, 0], { protocol: 6 }),
  sctp: ipv4([0, 9, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0, 3, 0, 5, 1, 0, 0, 0, 3, 0, 0, 4], { protocol: 132 }),
  'sctp chunk without length': ipv4([0, 9, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0], { protocol: 132 }),
  esp: ipv4([0, 0, 1, 0, 0, 0, 0, 1], { protocol: 50 }),
}

const ROWS: readonly Row[] = [
  ['-p icmp -m icmp --icmp-type 8', 'echo request', true],
  ['-p icmp -m icmp --icmp-type 3/3', 'port unreachable', true],
  ['-p icmp -m icmp --icmp-type 3/4', 'port unreachable', false],
  ['-p icmp -m icmp ! --icmp-type any', 'echo request', false],
  ['-p icmp -m icmp --icmp-type 8', 'cut-off ICMP', 'hotdrop'],
  ['-p udp -m multiport --dports 50:60,1', 'dns', true],
  ['-p udp -m multiport --sports 53', 'dns', false],
  ['-p udp -m multiport --ports 53', 'dns', true],
  ['-p udp -m multiport ! --ports 53', 'dns', false],
  ['-p udp -m multiport ! --dports 1', 'later fragment', false],
  ['-p udp -m multiport --dports 1', 'three bytes of UDP', 'hotdrop'],
  ['-m length --length 38', 'dns', true],
  ['-m length ! --length 0:37', 'dns', true],
  ['-m iprange --src-range 10.6.0.1-10.6.0.3', 'dns', true],
  ['-m iprange ! --dst-range 10.6.0.1-10.6.0.3', 'dns', true],
  ['-m iprange --src-range 10.6.0.3-10.6.0.1', 'dns', false],
  ['-m ttl --ttl-lt 64', 'ECT(0) packet', true],
  ['-m ttl --ttl-gt 64', 'dns', false],
  ['-m ttl ! --ttl-eq 64', 'dns', false],
  ['-m tos --tos 0xb8/0xfc', 'ECT(0) packet', true],
  ['-m tos --tos 0x11/0x10', 'ECT(0) packet', false],
  ['-m dscp --dscp-class EF', 'EF packet', true],
  ['-m ecn --ecn-ip-ect 2', 'ECT(0) packet', true],
  ['-p tcp -m ecn --ecn-tcp-ece --ecn-tcp-cwr', 'syn with ECE, CWR', true],
  ['-p tcp -m ecn ! --ecn-tcp-ece', 'syn with ECE, CWR', false],
  ['-p tcp -m tcpmss --mss 1460', 'syn', true],
  ['-p tcp -m tcpmss ! --mss 1:1400', 'syn with ECE, CWR', true],
  ['-p tcp -m tcpmss --mss 1460', 'options cut off', 'hotdrop'],
  ['-m string --string "GET" --algo bm', 'dns', true],
  ['-m string --string "index" --algo kmp', 'dns', false],
  ['-m string --string "index" --algo kmp --icase', 'dns', true],
  ['-m string --string "GET" --algo bm --from 29', 'dns', false],
  ['-m string --string "GET" --algo bm --to 30', 'dns', false],
  ['-m string --string "GET" --algo bm --to 31', 'dns', true],
  ['-m u32 --u32 "6&0xFF=17"', 'dns', true],
  ['-m u32 --u32 "0>>22&0x3C@0&0xFFFF=53,80"', 'dns', true],
  ['-m u32 --u32 "6&0xFF=17&&60=0"', 'dns', false],
  ['-m u32 ! --u32 "60=0:0xffffffff"', 'dns', true],
  ['-m bpf --bytecode "4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0"', 'dns', true],
  ['-m bpf --bytecode "4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0"', 'syn', false],
  ['-m bpf --bytecode "2,32 0 0 4000,6 0 0 1"', 'dns', false],
  ['-p esp -m esp --espspi 256', 'esp', true],
  ['-p esp -m esp ! --espspi 256', 'esp', false],
  ['-p sctp -m sctp --dport 80 --chunk-types all DATA,INIT', 'sctp', false],
  ['-p sctp -m sctp --chunk-types any INIT,SACK', 'sctp', true],
  ['-p sctp -m sctp --chunk-types only DATA,SACK', 'sctp', true],
  ['-p sctp -m sctp --chunk-types only DATA:u,SACK', 'sctp', true],
  ['-p sctp -m sctp --chunk-types only DATA:U,SACK', 'sctp', false],
  ['-p sctp -m sctp --chunk-types any DATA', 'sctp chunk without length', 'hotdrop'],
  ['-m policy --dir in --pol none', 'dns', true],
  ['-m policy --dir in --pol ipsec', 'dns', false],
]

describe('what the packet holds', () => {
  it.each(ROWS)('%s on %s: %s', (words, packet, expected) => {
    expect(outcome(testsOf(words), PACKETS[packet]!)).toBe(expected)
  })

  it.each([
    // what the box hears of its own: the destination tells, as it is by then
    ['224.0.0.1', 'multicast'],
    ['10.6.255.255', 'broadcast'],
    ['10.6.0.2', 'broadcast'],
  ])('-m pkttype on a copy of what was sent to everybody, now for %s: %s', (destination, type) => {
    const heard = udp(1000, 53)
    heard.packetType = 'loopback'
    heard.destination = Address.parse(destination)
    const types = ['unicast', 'broadcast', 'multicast']
    const matching = types.filter(name => passes(testsOf(`-m pkttype --pkt-type ${name}`), heard))
    expect(matching).toEqual([type])
  })

  it('says what it saw instead', () => {
    expect(complaint(testsOf('-p udp -m multiport --dports 80,443'), PACKETS.dns!)).toBe(
      '--dports 80,443: dport 53',
    )
    expect(complaint(testsOf('-p icmp -m icmp --icmp-type 8'), icmp(3, 1))).toBe(
      '--icmp-type 8: icmp type 3 code 1',
    )
  })
})

describe('IPv6 extension headers', () => {
  const UDP = [0, 1, 0, 53, 0, 8, 0, 0]
  const HOP = [17, 0, 5, 2, 0, 0, 1, 0]
  const packets: Record<string, Skb> = {
    plain: ipv6(17, UDP),
    'hop-by-hop': ipv6(0, [...HOP, ...UDP]),
    'first fragment': ipv6(44, [17, 0, 0, 1, 0, 0, 0, 77, ...UDP]),
    'later fragment': ipv6(44, [17, 0, 0, 8, 0, 0, 0, 77, 1, 2, 3, 4]),
    routing: ipv6(43, [17, 2, 0, 1, 0, 0, 0, 0, 0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), 1, ...UDP]),
    'cut-off chain': ipv6(60, [44]),
  }
  it.each([
    ['-m hl --hl-eq 64', 'plain', true],
    ['-m hbh', 'plain', false],
    ['-m hbh --hbh-len 8', 'hop-by-hop', true],
    ['-m hbh ! --hbh-len 8', 'hop-by-hop', false],
    ['-m hbh --hbh-opts 5:2,1:0', 'hop-by-hop', true],
    ['-m hbh --hbh-opts 5,1', 'hop-by-hop', true],
    ['-m hbh --hbh-opts 1:0', 'hop-by-hop', false],
    ['-m dst', 'cut-off chain', 'hotdrop'],
    ['-m frag --fragfirst --fragmore', 'first fragment', true],
    ['-m frag --fragid 70:80 --fraglast', 'later fragment', true],
    ['-m frag ! --fragid 77', 'later fragment', false],
    ['-m frag', 'plain', false],
    ['-m rt --rt-type 0 --rt-segsleft 1 --rt-len 24', 'routing', true],
    ['-m rt ! --rt-type 0', 'routing', false],
    ['-m rt --rt-type 0 --rt-0-addrs 2001:db8::1', 'routing', true],
    ['-m rt --rt-type 0 --rt-0-addrs 2001:db8::2', 'routing', false],
    ['-m ipv6header --header prot', 'plain', true],
    ['-m ipv6header --header hop,prot', 'hop-by-hop', true],
    ['-m ipv6header --header hop', 'hop-by-hop', false],
    ['-m ipv6header --header hop --soft', 'hop-by-hop', true],
    ['-m ipv6header ! --header frag --soft', 'hop-by-hop', true],
    ['-m ipv6header ! --header frag', 'first fragment', true],
  ] as const)('%s on %s: %s', (words, packet, expected) => {
    expect(outcome(testsOf(words, 6), packets[packet]!)).toBe(expected)
  })
})

describe('what the box knows of the packet', () => {
  it.each([
    ['--dst-type LOCAL', true],
    ['! --dst-type LOCAL,BROADCAST', false],
    ['--src-type UNICAST --dst-type UNICAST', false],
  ])('addrtype %s: %s', (words, expected) => {
    const bench = new Bench()
    bench.addressTypes = { '203.0.113.9': 'LOCAL' }
    expect(passes(testsOf(`-m addrtype ${words}`), udp(1, 2), bench)).toBe(expected)
  })

  it.each([
    ['--dst-type MULTICAST', 'UNICAST', false],
    ['--dst-type UNICAST', 'LOCAL', true],
    ['--dst-type UNICAST,LOCAL', 'UNICAST', false],
    ['--dst-type LOCAL,ANYCAST', 'ANYCAST', true],
  ])('addrtype in IPv6, %s, routed as %s: %s', (words, type, expected) => {
    const bench = new Bench()
    bench.addressTypes = { '2001:db8:1::9': type }
    expect(passes(testsOf(`-m addrtype ${words}`, 6), ipv6(17, []), bench)).toBe(expected)
  })

  it.each([
    ['', 'lan0', 'UNICAST', true],
    ['', 'wan0', 'UNICAST', false],
    ['--loose', 'wan0', 'UNICAST', true],
    ['--invert', 'wan0', 'UNICAST', true],
    ['', 'lan0', 'LOCAL', false],
    ['--accept-local', 'lan0', 'LOCAL', true],
  ])('rpfilter %s with a route by %s (%s): %s', (words, device, type, expected) => {
    const bench = new Bench()
    bench.route = { device, type }
    const skb = udp(1, 2)
    skb.inDevice = 'lan0'
    expect(passes(testsOf(`-m rpfilter ${words}`, 4, 'raw PREROUTING'), skb, bench)).toBe(expected)
  })

  it('rpfilter lets senders without an address pass', () => {
    const skb = udp(68, 67, [], { source: '0.0.0.0', destination: '255.255.255.255' })
    expect(passes(testsOf('-m rpfilter', 4, 'raw PREROUTING'), skb)).toBe(true)
  })

  it.each([
    ['--uid-owner 1000', true],
    ['! --uid-owner 900-1100', false],
    ['--gid-owner 7', false],
    ['--gid-owner 7 --suppl-groups', true],
    ['--socket-exists', true],
    ['! --socket-exists', false],
  ])('owner %s: %s', (words, expected) => {
    const skb = udp(1, 2)
    skb.socket = { uid: 1000, gid: 100, groups: [7] }
    const tests = testsOf(`-m owner ${words}`, 4, 'filter OUTPUT')
    expect(passes(tests, skb)).toBe(expected)
    expect(passes(tests, udp(1, 2))).toBe(words.startsWith('!'))
  })

  it('mac never holds without a link header', () => {
    const skb = udp(1, 2)
    expect(passes(testsOf('-m mac ! --mac-source 02:00:00:00:00:01'), skb)).toBe(false)
    skb.macSource = '02:00:00:00:00:02'
    expect(passes(testsOf('-m mac ! --mac-source 02:00:00:00:00:01'), skb)).toBe(true)
  })

  it('physdev of a packet that is not bridged: only what is inverted holds', () => {
    expect(passes(testsOf('-m physdev --physdev-is-bridged'), udp(1, 2))).toBe(false)
    expect(passes(testsOf('-m physdev ! --physdev-is-bridged'), udp(1, 2))).toBe(true)
  })

  it('eui64 compares the source address with the MAC address', () => {
    const skb = ipv6(17, [], '2001:db8::211:22ff:fe33:4455')
    const tests = testsOf('-m eui64', 6, 'filter INPUT')
    expect(passes(tests, skb)).toBe(false)
    skb.macSource = '00:11:22:33:44:55'
    expect(passes(tests, skb)).toBe(true)
  })

  it('devgroup and mark', () => {
    const bench = new Bench()
    bench.groups = { lan0: 0x12 }
    const skb = udp(1, 2)
    skb.inDevice = 'lan0'
    skb.mark = 0x12
    expect(passes(testsOf('-m devgroup --src-group 0x2/0xf'), skb, bench)).toBe(true)
    expect(passes(testsOf('-m mark --mark 0x10/0xf0'), skb, bench)).toBe(true)
  })

  it.each([
    ['--timestart 08:00 --timestop 17:00', '2024-03-04T09:00:00Z', true],
    ['--timestart 22:00 --timestop 06:00', '2024-03-04T23:30:00Z', true],
    ['--timestart 22:00 --timestop 06:00', '2024-03-04T12:00:00Z', false],
    ['--weekdays Mon', '2024-03-04T12:00:00Z', true],
    ['! --weekdays Mon', '2024-03-04T12:00:00Z', false],
    ['--monthdays 4,5', '2024-03-05T12:00:00Z', true],
    ['--datestop 2024-03-04', '2024-03-05T12:00:00Z', false],
    ['--timestart 22:00 --timestop 06:00 --weekdays Mon', '2024-03-05T02:00:00Z', false],
    ['--timestart 22:00 --timestop 06:00 --weekdays Mon --contiguous', '2024-03-05T02:00:00Z', true],
  ])('time %s at %s: %s', (words, at, expected) => {
    const bench = new Bench()
    bench.nowMs = Date.parse(at)
    expect(passes(testsOf(`-m time ${words}`), udp(1, 2), bench)).toBe(expected)
  })
})
