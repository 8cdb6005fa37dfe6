import { describe, expect, it } from 'vitest'
import { Connection, CtInfo } from '../../src/conntrack/connection.ts'
import { Tuple } from '../../src/conntrack/tuple.ts'
import { buildIcmpError } from '../../src/ip/icmp-error.ts'
import { inputRoute } from '../../src/ip/input-route.ts'
import { receiveOptions } from '../../src/ip/options.ts'
import { attachedInfo, completeChecksum, reject, rejectKind } from '../../src/ip/reject.ts'
import { Skb } from '../../src/packet/skb.ts'
import { a, box4, box6, hex, ip4, ip6, received, tcp, udp, unhex } from './packets.ts'

const answer = (packet: Uint8Array, device: string, error: { type: number; code: number; info: number }) => {
  const skb = received(packet, device)
  const table = skb.family === 4 ? box4 : box6
  const { type } = inputRoute(table, device, skb.source, skb.destination, skb.protocol)
  return buildIcmpError(skb, error, { table, type })
}

describe('buildIcmpError: bytes as Linux 6.18 sent them', () => {
  it.each([
    [
      'host unreachable',
      'lan0',
      '4500001c00014000401126850a0600020a4300010035003500080000',
      { type: 3, code: 1, info: 0 },
      'lan0',
      '45c0003800000000400165f70a0600010a0600020301fc8c000000004500001c00014000401126850a0600020a4300010035003500080000',
    ],
    [
      'hop limit, by the device it came in on',
      'wan0',
      '600000000008110120010db800060000000000000000000220010db80006000000000000000000090035003500081234',
      { type: 3, code: 0, info: 0 },
      'lan0',
      '6000000000383a4020010db8ffff0000000000000000000520010db80006000000000000000000020300c1d500000000600000000008110120010db800060000000000000000000220010db80006000000000000000000090035003500081234',
    ],
    [
      'option problem about a group',
      'lan0',
      '600000000010004020010db8000600000000000000000002ff0200000000000000000000000000011100be04000000000035003500081234',
      { type: 4, code: 2, info: 42 },
      'lan0',
      '6000000000403a4020010db800060000000000000000000120010db8000600000000000000000002040231180000002a600000000010004020010db8000600000000000000000002ff0200000000000000000000000000011100be04000000000035003500081234',
    ],
  ])('%s', (_, device, packet, error, out, bytes) => {
    const sent = answer(unhex(packet), device, error)
    expect(sent.sent && [sent.route.device, hex(sent.bytes)]).toEqual([out, bytes])
  })

  it.each([
    ['at most 576 bytes', ip4('10.6.0.2', '8.8.8.8', new Array(900).fill(7), { protocol: 253 }), 576],
    ['at most 1280 bytes', ip6('2001:db8:6::2', '2600::1', new Array(1400).fill(7), { protocol: 253 }), 1280],
  ])('%s', (_, packet, length) => {
    const sent = answer(packet, 'lan0', { type: 3, code: 0, info: 0 })
    expect(sent.sent && sent.bytes.length).toBe(length)
  })

  it('keeps the low TOS bits, speaks as the address asked for', () => {
    const sent = answer(ip4('10.6.0.2', '203.0.113.5', udp, { tos: 0x1f }), 'lan0', {
      type: 3,
      code: 3,
      info: 0,
    })
    expect(sent.sent && [sent.bytes[1], hex(sent.bytes.subarray(12, 16))]).toEqual([0xde, 'cb007105'])
  })

  it('echoes record route, which the way out fills', () => {
    const options = [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    const skb = received(ip4('10.6.0.2', '8.8.8.8', udp, { options }), 'lan0')
    const context = { table: box4, inDevice: 'lan0', type: 'unicast', milliseconds: 0 } as const
    const read = receiveOptions(skb, context)
    const sent = buildIcmpError(skb, { type: 11, code: 0, info: 0 }, { ...context, options: read.options })
    expect(sent.sent && hex(sent.bytes.subarray(20, 32))).toBe('070b0c0a0600010a06000100')
  })

  it.each([
    ['ICMP errors', ip4('10.6.0.2', '8.8.8.8', [3, 1, 0, 0, 0, 0, 0, 0], { protocol: 1 })],
    ['ICMP of an unknown type', ip4('10.6.0.2', '8.8.8.8', [99, 1, 0, 0, 0, 0, 0, 0], { protocol: 1 })],
    ['ICMP without a type', ip4('10.6.0.2', '8.8.8.8', [], { protocol: 1 })],
    ['broadcast', ip4('10.6.0.2', '10.6.255.255', udp)],
    ['group', ip4('10.6.0.2', '224.0.0.1', udp)],
    ['later fragments', set6(ip4('10.6.0.2', '8.8.8.8', udp))],
    ['ICMPv6 errors', ip6('2001:db8:6::2', '2600::1', [1, 0, 0, 0, 0, 0, 0, 0], { protocol: 58 })],
    ['source ::', ip6('::', '2600::1', udp)],
    ['group', ip6('2001:db8:6::2', 'ff02::1', udp)],
    ['anycast sources', ip6('2001:db8:6::', '2600::1', udp)],
    ['sources without a way back', ip6('2001:db8:67::1', '2600::1', udp)],
  ])('nothing about %s', (_, packet) => {
    expect(answer(packet, 'lan0', { type: 3, code: 0, info: 0 }).sent).toBe(false)
  })
})

/** Fragment offset 8. */
function set6(packet: Uint8Array): Uint8Array {
  packet[7] = 1
  return packet
}

describe('reject', () => {
  const rejected = (packet: Uint8Array, kind: string, hook = 'FORWARD') => {
    const skb = received(packet, 'lan0')
    return reject(skb, kind, hook, { table: skb.family === 4 ? box4 : box6, type: 'unicast' })
  }

  it.each([
    ['SYN', 0x02, '0000000000000006', 0x14],
    ['FIN', 0x01, '0000000000000006', 0x14],
    ['SYN+ACK', 0x12, '0000000900000000', 0x04],
    ['no flags', 0x00, '0000000000000005', 0x14],
  ])('tcp-reset for %s', (_, flags, numbers, sentFlags) => {
    for (const [packet, at] of [
      [ip4('10.6.0.2', '8.8.8.8', tcp(flags), { protocol: 6 }), 20],
      [ip6('2001:db8:6::2', '2600::1', tcp(flags), { protocol: 6 }), 40],
    ] as const) {
      const sent = rejected(packet, 'tcp-reset')
      expect(sent.sent && [hex(sent.bytes.subarray(at + 4, at + 12)), sent.bytes[at + 13]]).toEqual([
        numbers,
        sentFlags,
      ])
      expect(sent.closesConnection).toBe(true)
    }
  })

  it('a reset: DF, id 0, TTL 64, TOS 0, its checksum only begun until it leaves', () => {
    const sent = rejected(
      unhex('4500002800014000400626ba0a0600090a060001000900500000000500000000500203e897870000'),
      'tcp-reset',
      'INPUT',
    )
    if (!sent.sent) throw new Error(sent.reason)
    expect(hex(sent.bytes)).toBe(
      '4500002800004000400626bb0a0600010a060009005000090000000000000006501400001430' + '0000',
    )
    const skb = new Skb(4, sent.bytes)
    skb.checksumPartial = sent.checksumPartial ? 6 : 0
    completeChecksum(skb)
    expect(hex(skb.bytes.subarray(36, 38))).toBe('9b5c')
  })

  const bad = (packet: Uint8Array): Uint8Array => {
    packet[packet.length - 1]! ^= 1
    return packet
  }

  it.each([
    ['reset for RST', ip4('10.6.0.2', '8.8.8.8', tcp(4), { protocol: 6 }), 'tcp-reset'],
    ['reset for UDP', ip4('10.6.0.2', '8.8.8.8', udp), 'tcp-reset'],
    ['reset for 19 bytes', ip4('10.6.0.2', '8.8.8.8', tcp(2).slice(0, 19), { protocol: 6 }), 'tcp-reset'],
    ['reset with a bad checksum', bad(ip4('10.6.0.2', '8.8.8.8', tcp(2), { protocol: 6 })), 'tcp-reset'],
    [
      'error with a bad checksum',
      bad(ip4('10.6.0.2', '8.8.8.8', tcp(2), { protocol: 6 })),
      'icmp-port-unreachable',
    ],
    [
      'error about an unknown protocol',
      ip4('10.6.0.2', '8.8.8.8', [1, 2], { protocol: 253 }),
      'icmp-port-unreachable',
    ],
    ['error about nothing', ip6('2001:db8:6::2', '2600::1', [], { protocol: 59 }), 'icmp6-port-unreachable'],
    [
      'error about a bad checksum',
      bad(ip6('2001:db8:6::2', '2600::1', tcp(2), { protocol: 6 })),
      'icmp6-no-route',
    ],
  ])('no %s', (_, packet, kind) => {
    expect(rejected(packet, kind).sent).toBe(false)
  })

  it('protocols with their own checksums are answered', () => {
    expect(rejected(ip4('10.6.0.2', '8.8.8.8', [1, 2], { protocol: 50 }), 'icmp-port-unreachable').sent).toBe(
      true,
    )
  })

  it.each([
    [4, 'icmp-admin-prohibited', { type: 3, code: 13, info: 0 }],
    [4, 'host-prohib', { type: 3, code: 10, info: 0 }],
    [4, 'port-unreach', { type: 3, code: 3, info: 0 }],
    [4, 'tcp-rst', 'tcp-reset'],
    [4, 'icmp6-no-route', undefined],
    [6, 'port-unreach', { type: 1, code: 4, info: 0 }],
    [6, 'icmp6-policy-fail', { type: 1, code: 5, info: 0 }],
    [6, 'reject-route', { type: 1, code: 6, info: 0 }],
    [6, 'icmp-port-unreachable', undefined],
  ] as const)('IPv%d --reject-with %s', (family, name, kind) => {
    expect(rejectKind(family, name)).toEqual(kind)
  })

  it('the answer is related to the connection, in the other direction', () => {
    const tuple = new Tuple(a('10.6.0.2'), a('8.8.8.8'), 17, 1, 2)
    const skb = new Skb(4, ip4('10.6.0.2', '8.8.8.8', udp))
    expect(attachedInfo(skb)).toBeUndefined()
    skb.connection = new Connection(tuple, tuple)
    skb.ctInfo = CtInfo.NEW
    expect(attachedInfo(skb)).toBe(CtInfo.RELATED_REPLY)
    skb.ctInfo = CtInfo.ESTABLISHED_REPLY
    expect(attachedInfo(skb)).toBe(CtInfo.RELATED)
  })
})
