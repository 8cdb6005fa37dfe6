import { describe, expect, it } from 'vitest'
import {
  advance,
  conntrackList,
  createFirewall,
  icmp,
  icmp6,
  iptables,
  iptablesCommands,
  type Outcome,
  type Packet,
  readCounters,
  step,
} from '../../src/index.ts'
import { Box, sctp, u32 } from '../conntrack/box.ts'
import { type Line, play } from './script.ts'

/**
 * What the kernel's own tests of connection tracking and of matches claim (tools/testing/selftests/net/netfilter; the file
 * is named in each title), told again. Those that packetdrill plays are in test/conntrack/selftests.test.ts.
 */
describe('conntrack_icmp_related.sh: errors about a path that is too narrow', () => {
  const rules = (icmpName: string, type: string): string => `*filter
-A FORWARD -p ${icmpName} -m ${icmpName === 'icmp' ? 'icmp --icmp-type' : 'icmp6 --icmpv6-type'} ${type} -m conntrack --ctstate RELATED -j ACCEPT
-A FORWARD -p ${icmpName} -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
-A FORWARD -j DROP
COMMIT
*nat
-A POSTROUTING -p ${icmpName} -o veth0 -j MASQUERADE
COMMIT
`
  const both = { ipv4: rules('icmp', 'destination-unreachable'), ipv6: rules('icmpv6', 'packet-too-big') }
  const near = createFirewall({
    interfaces: { eth1: ['192.168.1.1/24', 'dead:1::1/64'], veth0: ['192.168.3.1/24', 'dead:3::1/64'] },
    routes: ['default via 192.168.3.10', 'default via dead:3::10'],
    rules: both,
  })
  const far = createFirewall({
    interfaces: {
      eth1: { addresses: ['192.168.2.1/24', 'dead:2::1/64'], mtu: 1280 },
      eth2: ['192.168.3.10/24', 'dead:3::10/64'],
    },
  })
  const ping4 = (bytes: number): Packet =>
    icmp({
      from: '192.168.1.2',
      to: '192.168.2.2',
      type: 'echo-request',
      id: 1,
      seq: 1,
      data: 'x'.repeat(bytes),
    })
  const ping6 = (bytes: number): Packet =>
    icmp6({
      from: 'dead:1::2',
      to: 'dead:2::2',
      type: 'echo-request',
      id: 1,
      seq: 1,
      data: 'x'.repeat(bytes),
    })

  it.each([
    ['IPv4', 4, ping4, '192.168.3.1', '192.168.1.2', 576],
    ['IPv6', 6, ping6, 'dead:3::1', 'dead:1::2', 1280],
  ] as const)('%s', (_, family, ping, masqueraded, client, errorBytes) => {
    const send = (bytes: number): { atNear: Outcome; atFar: Outcome } => {
      const atNear = step(near, { device: 'eth1', packet: ping(bytes) })
      return { atNear, atFar: step(far, { device: 'eth2', packet: atNear.emitted[0]!.packet }) }
    }
    expect(send(1000).atFar.fate).toEqual({ kind: 'forwarded', device: 'eth1' })

    const { atNear, atFar } = send(1300)
    const error = atFar.emitted[0]!
    expect(atFar.fate.kind).toBe('discarded')
    expect(error.device).toBe('eth2')
    expect(error.packet.bytes).toHaveLength(errorBytes)
    expect(String(error.packet)).toContain(`> ${masqueraded} `)

    const back = step(atNear.state, { device: 'veth0', packet: error.packet })
    expect(back.fate).toEqual({ kind: 'forwarded', device: 'eth1' })
    const heard = String(back.emitted[0]!.packet)
    expect(heard).toContain(`> ${client} `)
    expect(heard, 'the quote, too, is about what the client sent').not.toContain(`${masqueraded} >`)
    const related = readCounters(back.state, family, 'filter', 'FORWARD')!.rules[0]
    expect(related).toEqual({ packets: 1, bytes: errorBytes })
  })
})

it('conntrack_tcp_unreplied.sh: a SYN that is sent again and again keeps no entry alive, and a new NAT rule takes hold', () => {
  const before = createFirewall({
    interfaces: { veth2: ['10.11.11.2/24'] },
    routes: ['default via 10.11.11.1'],
    sysctls: { 'net.netfilter.nf_conntrack_tcp_timeout_syn_sent': 10 },
    rules: 'iptables -A INPUT -p tcp --dport 8080 -m conntrack --ctstate DNAT -j ACCEPT',
  })
  const packet = 'veth2: tcp 10.11.11.1:40000 > 10.99.99.99:80 S seq=7'
  const through = 'veth2: tcp 10.11.11.1:40000 > 10.99.99.99:80 S seq=7'
  const { state } = play(before, [[packet, through]])
  const redirect =
    'iptables -t nat -A PREROUTING -d 10.99.99.99 -p tcp --dport 80 -j REDIRECT --to-ports 8080'
  const lines: Line[] = [
    [packet, through],
    ['wait 6s', ''],
    [packet, through],
    ['wait 5s', ''],
    [packet, 'local: tcp 10.11.11.1:40000 > 10.11.11.2:8080 S seq=7'],
  ]
  const played = play(iptables(state, redirect), lines)
  expect(played.told).toEqual(lines)
  expect(conntrackList(played.state)).toEqual([
    expect.stringMatching(
      /SYN_SENT src=10.11.11.1 dst=10.99.99.99 sport=40000 dport=80 packets=1 bytes=40 \[UNREPLIED\] src=10.11.11.2/,
    ),
  ])
})

describe('conntrack_sctp_collision.sh: both ends open at once, and a chunk of the first attempt comes late', () => {
  const [mine, theirs, stale] = [2017837359, 1187206187, 164579970]
  const opening = (type: number, tag: number): number[] => [
    type,
    0,
    ...u32(tag),
    0,
    1,
    0,
    0,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    1,
  ]
  const [INIT, INIT_ACK] = [1, 2]
  const chunk = {
    COOKIE_ECHO: [10, 0, 1, 2, 3, 4],
    COOKIE_ACK: [11, 0],
    HEARTBEAT: [4, 0],
    HEARTBEAT_ACK: [5, 0],
  }
  type Event = [from: 'client' | 'server', tag: number, chunk: number[], state: string, entry: string]

  const handshake = (first: string, second: string, last: string): Event[] => [
    ['client', theirs, opening(INIT_ACK, mine), 'ESTABLISHED', first],
    ['server', mine, chunk.COOKIE_ECHO, 'ESTABLISHED', second],
    ['client', theirs, chunk.COOKIE_ACK, 'ESTABLISHED', last],
  ]
  const afterwards = (entry: string): Event[] => [
    ['server', mine, opening(INIT_ACK, stale), 'INVALID', entry],
    ['client', theirs, chunk.HEARTBEAT, 'ESTABLISHED', entry],
    ['server', mine, chunk.HEARTBEAT_ACK, 'ESTABLISHED', entry],
  ]
  const open = 'ESTABLISHED 210 ASSURED'
  const stories: [string, Event[]][] = [
    [
      'INIT_ACK',
      [
        ['client', 0, opening(INIT, mine), 'NEW', 'CLOSED 10'],
        ['server', 0, opening(INIT, theirs), 'ESTABLISHED', 'CLOSED 10'],
        ...handshake('CLOSED 10', 'CLOSED 10', 'CLOSED 10'),
        ...afterwards('CLOSED 10'),
      ],
    ],
    [
      'INIT',
      [
        ['server', 0, opening(INIT, theirs), 'NEW', 'CLOSED 10'],
        ...handshake('COOKIE_WAIT 3', 'COOKIE_ECHOED 3', open),
        ['client', 0, opening(INIT, mine), 'ESTABLISHED', open],
        ...afterwards(open),
      ],
    ],
  ]
  it.each(stories)('of the %s: what it brings about is INVALID, the association goes on', (_, events) => {
    const box = new Box()
    const told = events.map(([from, tag, chunks]): Event => {
      const state = box.see(sctp(from, tag, chunks))
      return [from, tag, chunks, state, box.entry]
    })
    expect(told).toEqual(events)
  })
})

it('nft_conntrack_helper.sh: a helper shows where a rule has assigned it, and only there', () => {
  const box = createFirewall({
    interfaces: { veth0: ['10.0.1.1/24', 'dead:1::1/64'] },
    rules: {
      ipv4: 'iptables -t raw -A OUTPUT -p tcp --dport 2121 -j CT --helper ftp',
      ipv6: 'ip6tables -t raw -A OUTPUT -p tcp --dport 2121 -j CT --helper ftp',
    },
  })
  const { state } = play(box, [
    ['local: tcp 10.0.1.1:4000 > 10.0.1.2:2121 S seq=1', ''],
    ['local: tcp [dead:1::1]:4000 > [dead:1::2]:2121 S seq=1', ''],
    ['local: tcp 10.0.1.1:4001 > 10.0.1.2:21 S seq=1', ''],
  ])
  const helped = conntrackList(state).map(line => [/dport=(\d+)/.exec(line)![1], line.includes('helper=ftp')])
  expect(helped).toEqual([
    ['2121', true],
    ['2121', true],
    ['21', false],
  ])
})

describe('rpath.sh: a packet comes in where its answer would not leave', () => {
  const rules = (all: string): string => `*raw
-A PREROUTING -s ${all} -m rpfilter
-A PREROUTING -s ${all} -m rpfilter --invert
COMMIT
`
  const box = createFirewall({
    interfaces: { v0: ['192.168.23.1/24', 'fec0:23::1/64'], d0: ['192.168.42.1/24', 'fec0:42::1/64'] },
    sysctls: { 'net.ipv4.conf.all.rp_filter': 0 },
    rules: { ipv4: rules('192.168.0.0/16'), ipv6: rules('fec0::/16') },
  })
  it.each([
    ['a martian', 'icmp 192.168.42.2 > 192.168.42.1', 4, [0, 1]],
    ['a martian', 'icmp6 fec0:42::2 > fec0:42::1', 6, [0, 1]],
    ['regular traffic', 'icmp 192.168.23.2 > 192.168.23.1', 4, [1, 0]],
    ['regular traffic', 'icmp6 fec0:23::2 > fec0:23::1', 6, [1, 0]],
  ] as const)('%s: %s', (_, packet, family, [plain, inverted]) => {
    const { state } = play(box, [[`v0: ${packet} echo-request id=1 seq=1`, '']])
    const counts = readCounters(state, family, 'raw', 'PREROUTING')!.rules.map(({ packets }) => packets)
    expect(counts).toEqual([plain, inverted])
    const listed = iptablesCommands(state, { family, table: 'raw', chain: 'PREROUTING', verbose: true })
    expect(listed).toContain(`-m rpfilter -c ${plain} `)
  })
})

describe('xt_string.sh: --from and --to, in bytes from the IP header', () => {
  const pattern = 'foo bar baz'
  const ranges = ['--from 1000 --to 1500', '--from 1400 --to 1600']
  const box = createFirewall({
    interfaces: { d0: { addresses: ['10.1.2.1/24'], mtu: 9000 } },
    rules: ['bm', 'kmp']
      .flatMap(algorithm =>
        ranges.map(
          range => `iptables -A OUTPUT -o d0 -m string --algo ${algorithm} ${range} --string "${pattern}"`,
        ),
      )
      .join('\n'),
  })
  it.each([
    [28, [0, 0]],
    [1000 - pattern.length, [0, 0]],
    [1000, [1, 0]],
    [1400 - pattern.length, [1, 0]],
    [1500 - pattern.length, [1, 1]],
    [1495, [0, 1]],
    [1500, [0, 1]],
    [1600 - pattern.length, [0, 1]],
    [1600 - pattern.length + 1, [0, 0]],
    [1600, [0, 0]],
  ])('the pattern at byte %i', (offset, matched) => {
    const data = `${' '.repeat(offset - 28)}${pattern}`
    const { state } = play(box, [[`local: udp 10.1.2.1:5000 > 10.1.2.2:27374 data="${data}"`, '']])
    const counts = readCounters(state, 4, 'filter', 'OUTPUT')!.rules.map(({ packets }) => packets)
    expect(counts).toEqual([...matched, ...matched])
  })
})

it('nft_queue.sh: without a program behind the queue packets are lost, unless the rule lets them by', () => {
  const ping = 'icmp 10.0.1.99 > 10.0.1.1 echo-request id=1 seq=1'
  const box = (queue: string) =>
    createFirewall({ interfaces: { eth0: ['10.0.1.1/24'] }, rules: `iptables -A INPUT -j NFQUEUE ${queue}` })
  const [lost] = play(box('--queue-num 1'), [[`eth0: ${ping}`, '']]).told
  const [passed] = play(box('--queue-num 1 --queue-bypass'), [[`eth0: ${ping}`, '']]).told
  expect([lost![1], passed![1]]).toEqual(['dropped', `local: ${ping}`])
  const answered = step(
    box('--queue-num 1'),
    {
      device: 'eth0',
      packet: icmp({ from: '10.0.1.99', to: '10.0.1.1', type: 'echo-request', id: 1, seq: 1 }),
    },
    { queueVerdict: () => 'ACCEPT' },
  )
  expect(answered.fate.kind).toBe('delivered')
  expect(advance(answered.state, 1000).sessions.size).toBe(1)
})
