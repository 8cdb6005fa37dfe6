import { describe, expect, it } from 'vitest'
import { Address } from '../../../src/address.ts'
import { Connection } from '../../../src/conntrack/connection.ts'
import { Tuple } from '../../../src/conntrack/tuple.ts'
import type { Skb } from '../../../src/packet/skb.ts'
import { Verdict } from '../../../src/rules/extension.ts'
import { packet, Recording, run } from './support.ts'

const UDP4 = '4500001c000700004011aebe0a060002c00002090001000200080000'
const UDP6 =
  '600000000008114020010db800060000000000000000000220010db81000000000000000000000090001000200080000'

/** The values of a range with addresses as text. */
function range(environment: Recording) {
  return JSON.parse(JSON.stringify(environment.ranges[0]))
}

function tracked(skb: Skb): Connection {
  const tuple = new Tuple(skb.source, skb.destination, 17, 1, 2)
  const connection = new Connection(tuple, new Tuple(skb.destination, skb.source, 17, 2, 1))
  skb.connection = connection
  skb.ctInfo = 2
  return connection
}

describe('-j MARK: (mark & ~mask) ^ value', () => {
  it.each([
    ['--set-mark 0x3', 0xf0, 0x3],
    ['--set-mark 0x3/0xff00', 0xabcd, 0xcf],
    ['--set-xmark 0x3/0xff00', 0xabcd, 0xce],
    ['--and-mark 0xff', 0xabcd, 0xcd],
    ['--or-mark 0x80000000', 1, 0x80000001 | 0],
    ['--xor-mark 0xff', 0xf0, 0x0f],
  ])('%s on %i', (option, before, after) => {
    const skb = packet(4, UDP4)
    skb.mark = before
    expect(run(`4 mangle INPUT -j MARK ${option}`, skb)).toBe(Verdict.CONTINUE)
    expect(skb.mark).toBe(after)
  })
})

describe('-j CONNMARK', () => {
  it.each([
    ['--set-mark 0x5/0xf', 0, 0xaa, 0, 0xa5],
    ['--set-xmark 0x5/0xf --left-shift-mark 4', 0, 0xaa, 0, 0xa50],
    ['--save-mark', 0x12, 0x34, 0x12, 0x12],
    ['--save-mark --nfmask 0xf --ctmask 0xf0', 0x12, 0x34, 0x12, 0x06],
    ['--save-mark --left-shift-mark 4', 0x12, 0x34, 0x12, 0x120],
    ['--restore-mark', 0x12, 0x34, 0x34, 0x34],
    ['--restore-mark --nfmask 0xf --ctmask 0xf0', 0x12, 0x34, 0x20, 0x34],
    ['--restore-mark --right-shift-mark 4', 0x12, 0x80000000 | 0, 0x08000000, 0x80000000 | 0],
  ])('%s, packet %i, connection %i', (option, packetMark, connectionMark, packetAfter, connectionAfter) => {
    const skb = packet(4, UDP4)
    const connection = tracked(skb)
    skb.mark = packetMark
    connection.mark = connectionMark
    run(`4 mangle INPUT -j CONNMARK ${option}`, skb)
    expect([skb.mark, connection.mark]).toEqual([packetAfter, connectionAfter])
  })

  it('does nothing without a connection', () => {
    const skb = packet(4, UDP4)
    skb.mark = 7
    expect(run('4 mangle INPUT -j CONNMARK --restore-mark', skb)).toBe(Verdict.CONTINUE)
    expect(skb.mark).toBe(7)
  })
})

describe('what the nat stage is given', () => {
  it.each([
    [
      '4 nat POSTROUTING -j SNAT --to-source 1.1.1.1',
      { manip: 'source', minAddress: '1.1.1.1', maxAddress: '1.1.1.1' },
    ],
    [
      '4 nat POSTROUTING -p udp -j SNAT --to-source 1.1.1.1-1.1.1.9:10-20 --random --persistent',
      {
        manip: 'source',
        minAddress: '1.1.1.1',
        maxAddress: '1.1.1.9',
        minPort: 10,
        maxPort: 20,
        random: true,
        persistent: true,
      },
    ],
    [
      '4 nat PREROUTING -p udp -j DNAT --to-destination :53',
      { manip: 'destination', minPort: 53, maxPort: 53 },
    ],
    [
      '4 nat PREROUTING -p udp -j DNAT --to-destination 1.1.1.1:10-20/30',
      {
        manip: 'destination',
        minAddress: '1.1.1.1',
        maxAddress: '1.1.1.1',
        minPort: 10,
        maxPort: 20,
        basePort: 30,
      },
    ],
    [
      '4 nat POSTROUTING -j NETMAP --to 172.16.0.0/12',
      { manip: 'source', minAddress: '172.22.0.2', maxAddress: '172.22.0.2', netmap: true },
    ],
    [
      '4 nat PREROUTING -j NETMAP --to 172.16.0.0/12',
      { manip: 'destination', minAddress: '172.16.2.9', maxAddress: '172.16.2.9', netmap: true },
    ],
    [
      '6 nat POSTROUTING -j NETMAP --to fd00::/48',
      { manip: 'source', minAddress: 'fd00::2', maxAddress: 'fd00::2', netmap: true },
    ],
    [
      '4 nat OUTPUT -p udp -j REDIRECT --to-ports 53',
      { manip: 'destination', minAddress: '127.0.0.1', maxAddress: '127.0.0.1', minPort: 53, maxPort: 53 },
    ],
    ['6 nat OUTPUT -j REDIRECT', { manip: 'destination', minAddress: '::1', maxAddress: '::1' }],
  ])('%s', (rule, expected) => {
    const [family, , hook] = rule.split(' ')
    const environment = new Recording('nat', hook as 'OUTPUT')
    const skb = packet(family === '4' ? 4 : 6, family === '4' ? UDP4 : UDP6)
    expect(run(rule, skb, environment)).toBe(Verdict.ACCEPT)
    expect(range(environment)).toEqual(expected)
  })

  it('REDIRECT takes the address of the incoming device, and drops without one', () => {
    const environment = new Recording('nat', 'PREROUTING')
    environment.addresses = { lan0: Address.parse('10.6.0.1') }
    const skb = packet(4, UDP4)
    skb.inDevice = 'lan0'
    run('4 nat PREROUTING -j REDIRECT', skb, environment)
    expect(range(environment).minAddress).toBe('10.6.0.1')
    skb.inDevice = 'tun0'
    expect(run('4 nat PREROUTING -j REDIRECT', skb, environment)).toBe(Verdict.DROP)
  })

  it('MASQUERADE takes the address of the way out, remembers the device, and drops without one', () => {
    const environment = new Recording('nat', 'POSTROUTING')
    environment.addresses = { wan0: Address.parse('203.0.113.5') }
    const skb = packet(4, UDP4)
    tracked(skb)
    skb.outDevice = 'wan0'
    run('4 nat POSTROUTING -j MASQUERADE --random', skb, environment)
    expect(range(environment)).toEqual({
      manip: 'source',
      minAddress: '203.0.113.5',
      maxAddress: '203.0.113.5',
      random: true,
      masqueradeDevice: 'wan0',
    })
    skb.outDevice = 'tun0'
    expect(run('4 nat POSTROUTING -j MASQUERADE', skb, environment)).toBe(Verdict.DROP)
  })

  it('MASQUERADE lets 0.0.0.0 pass as it is', () => {
    const environment = new Recording('nat', 'POSTROUTING')
    const skb = packet(4, UDP4.replace('0a060002', '00000000'))
    tracked(skb)
    expect(run('4 nat POSTROUTING -j MASQUERADE', skb, environment)).toBe(Verdict.ACCEPT)
    expect(environment.ranges).toEqual([])
  })
})

describe('what conntrack is told', () => {
  it.each([
    ['-j NOTRACK', { notrack: true }],
    ['-j CT --notrack --zone 5', { notrack: true }],
    ['-j CT', {}],
    ['-j CT --zone 5', { zone: { id: 5, original: true, reply: true } }],
    ['-j CT --zone-orig 5', { zone: { id: 5, original: true, reply: false } }],
    ['-j CT --zone-reply mark', { zone: 'mark', zoneDirection: 'reply' }],
    [
      '-p tcp -j CT --helper ftp --ctevents mark,new',
      { helper: 'ftp', conntrackEvents: ['new', 'mark'], expectationEvents: [] },
    ],
    ['-j CT --expevents new', { conntrackEvents: [], expectationEvents: ['new'] }],
  ])('%s', (rest, expected) => {
    const environment = new Recording('raw', 'PREROUTING')
    run(`4 raw PREROUTING ${rest}`, packet(4, UDP4), environment)
    expect(environment.templates).toEqual([expected])
  })

  it('is what the first rule says, and nothing once conntrack has seen the packet', () => {
    const environment = new Recording('raw', 'PREROUTING')
    const skb = packet(4, UDP4)
    run('4 raw PREROUTING -j CT --zone 5', skb, environment)
    run('4 raw PREROUTING -j NOTRACK', skb, environment)
    const looped = packet(4, UDP4)
    tracked(looped)
    run('4 raw PREROUTING -j NOTRACK', looped, environment)
    expect(environment.templates).toHaveLength(1)
  })
})

it.each([
  ['4 filter INPUT -j REJECT', 'icmp-port-unreachable'],
  ['6 filter INPUT -j REJECT --reject-with no-route', 'icmp6-no-route'],
  ['4 filter INPUT -p tcp -j REJECT --reject-with tcp-reset', 'tcp-reset'],
])('%s asks for an answer and drops', (rule, kind) => {
  const environment = new Recording('filter', 'INPUT')
  const skb = packet(rule.startsWith('4') ? 4 : 6, rule.startsWith('4') ? UDP4 : UDP6)
  expect(run(rule, skb, environment)).toBe(Verdict.DROP)
  expect(environment.rejects).toEqual([kind])
})

it.each([
  ['', 28],
  ['--nflog-size 20', 20],
  ['--nflog-size 0', 0],
  ['--nflog-size 4000', 28],
  ['--nflog-range 20', 28],
])('-j NFLOG %s sends %i bytes', (option, length) => {
  const environment = new Recording('filter', 'INPUT')
  run(`4 filter INPUT -j NFLOG --nflog-group 3 --nflog-prefix "a b" ${option}`, packet(4, UDP4), environment)
  const [message] = environment.messages
  expect(message).toMatchObject({ group: 3, prefix: 'a b' })
  expect(message!.bytes).toHaveLength(length)
})

it('-j TEE duplicates, -j NFQUEUE queues, -j CLASSIFY classifies, -j TPROXY without a proxy drops', () => {
  const environment = new Recording('mangle', 'PREROUTING')
  const skb = packet(4, UDP4)
  expect(run('4 mangle PREROUTING -j TEE --gateway 10.0.0.9 --oif dmz0', skb, environment)).toBe(
    Verdict.CONTINUE,
  )
  expect(environment.copies).toEqual(['10.0.0.9 dmz0'])
  expect(run('4 mangle PREROUTING -j NFQUEUE --queue-num 3 --queue-bypass', skb, environment)).toBe(
    Verdict.QUEUE,
  )
  expect(environment.queues).toEqual(['3 true'])
  run('4 mangle POSTROUTING -j CLASSIFY --set-class 1:20', skb)
  expect(skb.priority).toBe(0x10020)
  expect(run('4 mangle PREROUTING -p udp -j TPROXY --on-port 80', skb, environment)).toBe(Verdict.DROP)
})
