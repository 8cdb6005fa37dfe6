import { describe, expect, it } from 'vitest'
import { checkForward, checkSize, decreaseTtl } from '../../src/ip/forward.ts'
import { inputRoute } from '../../src/ip/input-route.ts'
import { forwardOptions, receiveOptions } from '../../src/ip/options.ts'
import { receive } from '../../src/ip/receive.ts'
import { internetChecksum } from '../../src/packet/checksum.ts'
import { box4, box6, hex, ip4, ip6, received, tcp, udp } from './packets.ts'

const good4 = ip4('10.6.0.2', '8.8.8.8', udp)
const set = (packet: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = packet.slice()
  copy[at] = value
  return copy
}

describe('receive', () => {
  it.each([
    ['a good one', good4, 'ok'],
    ['19 bytes', good4.slice(0, 19), 'shorter than an IPv4 header'],
    ['version 6', set(good4, 0, 0x65), 'version is not 4'],
    ['ihl 4', set(good4, 0, 0x44), 'header length is below 20'],
    ['ihl 15', set(good4, 0, 0x4f), 'header length goes beyond the packet'],
    ['checksum', set(good4, 11, 0), 'header checksum is wrong'],
    ['a byte missing', good4.slice(0, -1), 'total length goes beyond the packet'],
  ])('IPv4: %s', (_, packet, outcome) => {
    const result = receive(4, packet, box4.devices.get('lan0')!)
    expect(result.accepted ? 'ok' : result.reason).toBe(outcome)
  })

  it('cuts off what is behind the total length', () => {
    const result = receive(4, new Uint8Array([...good4, 1, 2, 3]), box4.devices.get('lan0')!)
    expect(result.accepted && hex(result.bytes)).toBe(hex(good4))
  })

  it.each([
    ['2001:db8:6::2', '2600::1', 'ok'],
    ['::1', '2600::1', 'source ::1 on a device'],
    ['2001:db8:6::2', '::1', 'destination ::1 on a device'],
    ['ff02::1', '2600::1', 'source is a multicast address'],
    ['2001:db8:6::2', 'ff01::1', 'interface-local multicast from outside'],
    ['2001:db8:6::2', 'ff00::1', 'multicast scope 0 is reserved'],
  ])('IPv6: %s → %s: %s', (source, destination, outcome) => {
    const result = receive(6, ip6(source, destination, udp), box6.devices.get('lan0')!)
    expect(result.accepted ? 'ok' : result.reason).toBe(outcome)
  })

  it.each([
    ['padding', [1, 4, 0, 0, 0, 0], '2600::1', 'ok'],
    ['padding that is not zero', [1, 4, 0, 9, 0, 0], '2600::1', 'drop'],
    ['router alert', [5, 2, 0, 0, 0, 0], '2600::1', 'ok'],
    ['router alert of 4 bytes', [5, 4, 0, 0, 0, 0], '2600::1', 'drop'],
    ['unknown 00: skipped', [0x3e, 4, 0, 0, 0, 0], '2600::1', 'ok'],
    ['unknown 01: dropped', [0x7e, 4, 0, 0, 0, 0], '2600::1', 'drop'],
    ['unknown 10: told', [0xbe, 4, 0, 0, 0, 0], 'ff02::1', 'drop 4/2@42'],
    ['unknown 11: told', [0xfe, 4, 0, 0, 0, 0], '2600::1', 'drop 4/2@42'],
    ['unknown 11 to a group', [0xfe, 4, 0, 0, 0, 0], 'ff02::1', 'drop'],
    ['jumbo below 65536', [0xc2, 4, 0, 0, 0, 9], '2600::1', 'drop 4/0@44'],
    ['cut off', [0x3e, 9, 0, 0, 0, 0], '2600::1', 'drop'],
  ])('hop-by-hop: %s', (_, option, destination, outcome) => {
    const packet = ip6('2001:db8:6::2', destination, [17, 0, ...option, ...udp], { protocol: 0 })
    const result = receive(6, packet, box6.devices.get('lan0')!)
    const error = result.accepted ? undefined : result.error
    const told = error === undefined ? '' : ` ${error.type}/${error.code}@${error.info}`
    expect(result.accepted ? 'ok' : `drop${told}`).toBe(outcome)
  })
})

describe('IPv4 options', () => {
  const through = (options: readonly number[], destination = '8.8.8.8') => {
    const skb = received(ip4('10.6.0.2', destination, udp, { options }), 'lan0')
    const route = inputRoute(box4, 'lan0', skb.source, skb.destination, 17)
    const context = { table: box4, inDevice: 'lan0', type: route.type, milliseconds: 0x01020304 }
    return { skb, route, result: receiveOptions(skb, context) }
  }

  it.each([
    ['nothing', [0, 0, 0, 0], undefined],
    ['no operation', [1, 1, 1, 0], undefined],
    ['unknown, well formed', [0x99, 2, 0, 0], undefined],
    ['router alert', [148, 4, 0, 0], undefined],
    ['length 0', [68, 0, 0, 0], 20],
    ['length beyond the header', [7, 9, 4, 0], 20],
    ['a lone last byte', [1, 1, 1, 7], 23],
    ['record route of 2 bytes', [7, 2, 0, 0], 21],
    ['record route pointing before its slots', [7, 7, 3, 0, 0, 0, 0, 0], 22],
    ['record route pointing into its last slot', [7, 7, 5, 0, 0, 0, 0, 0], 22],
    ['record route twice', [7, 3, 4, 7, 3, 4, 0, 0], 23],
    ['timestamp of 3 bytes', [68, 3, 5, 0], 21],
    ['timestamp overflow full', [68, 4, 5, 0xf0], 23],
    ['CIPSO of an unknown domain', [134, 8, 0, 0, 0, 1, 0, 0], 22],
  ])('%s', (_, options, pointer) => {
    const { result } = through(options)
    expect(result.accepted ? undefined : result.error!.info >>> 24).toBe(pointer)
  })

  it('source routes are refused without a word', () => {
    const { result } = through([131, 7, 4, 1, 2, 3, 4, 0])
    expect(result).toMatchObject({ accepted: false, reason: 'source routed (accept_source_route=0)' })
    expect(result).not.toHaveProperty('error')
  })

  it('record route: a slot is taken on receiving, filled with the way out on forwarding', () => {
    const { skb, route, result } = through([7, 7, 4, 0, 0, 0, 0, 0])
    expect(hex(skb.bytes.subarray(20, 28))).toBe('0707080a06000100')
    expect(internetChecksum(skb.bytes, 0, 28)).not.toBe(0)
    expect(checkForward(skb, route, box4, result.options)).toBeUndefined()
    decreaseTtl(skb)
    forwardOptions(skb, result.options, box4, 'wan0')
    expect(hex(skb.bytes.subarray(20, 28))).toBe('070708cb00710100')
    expect(internetChecksum(skb.bytes, 0, 28)).toBe(0)
  })

  it('what is delivered keeps a wrong header checksum', () => {
    const { skb } = through([7, 7, 4, 0, 0, 0, 0, 0], '203.0.113.5')
    expect(hex(skb.bytes.subarray(20, 28))).toBe('070708cb00710500')
    expect(internetChecksum(skb.bytes, 0, 28)).not.toBe(0)
  })

  it('timestamps are taken from the virtual clock', () => {
    const { skb } = through([68, 8, 5, 0, 0, 0, 0, 0])
    expect(hex(skb.bytes.subarray(20, 28))).toBe('4408090001020304')
  })
})

describe('forward', () => {
  const long = (length: number): number[] => new Array<number>(length).fill(0)

  it.each([
    ['TTL 2', ip4('10.6.0.2', '8.8.8.8', udp, { ttl: 2 }), undefined],
    ['TTL 1', ip4('10.6.0.2', '8.8.8.8', udp, { ttl: 1 }), '11/0 0'],
    ['1500 bytes', ip4('10.6.0.2', '8.8.8.8', long(1480), { protocol: 253 }), undefined],
    ['1501 bytes, DF', ip4('10.6.0.2', '8.8.8.8', long(1481), { protocol: 253 }), '3/4 1500'],
    ['1501 bytes', ip4('10.6.0.2', '8.8.8.8', long(1481), { protocol: 253, flags: 0 }), undefined],
    ['hop limit 1', ip6('2001:db8:6::2', '2600::1', udp, { ttl: 1 }), '3/0 0'],
    ['1501 bytes', ip6('2001:db8:6::2', '2600::1', long(1461), { protocol: 253 }), '2/0 1500'],
    ['from ::', ip6('::', '2600::1', udp), 'silent'],
    ['from a link-local address', ip6('fe80::5', '2600::1', udp), '1/2 0'],
  ])('%s', (_, packet, outcome) => {
    const skb = received(packet, 'lan0')
    const table = skb.family === 4 ? box4 : box6
    const { ttl } = skb
    const route = inputRoute(table, 'lan0', skb.source, skb.destination, skb.protocol)
    const dropped = checkForward(skb, route, table) ?? checkSize(skb, route)
    if (dropped === undefined) decreaseTtl(skb)
    const error = dropped?.error
    const told = error === undefined ? 'silent' : `${error.type}/${error.code} ${error.info}`
    expect(dropped === undefined ? undefined : told).toBe(outcome)
    expect(skb.ttl).toBe(dropped === undefined ? ttl - 1 : ttl)
    if (skb.family === 4) expect(internetChecksum(skb.bytes, 0, 20)).toBe(0)
  })

  it('does not look at the source of a packet that leaves as it came', () => {
    const skb = received(ip6('fe80::5', '2600::1', tcp(2), { protocol: 6 }), 'wan0')
    expect(checkForward(skb, inputRoute(box6, 'wan0', skb.source, skb.destination, 6), box6)).toBeUndefined()
  })
})
