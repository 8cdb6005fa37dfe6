import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CtInfo, Status } from '../../src/conntrack/connection.ts'
import { invertTuple } from '../../src/conntrack/tuple.ts'
import { translate, translateIcmpError } from '../../src/nat/translate.ts'
import { checksumsAreRight, icmpError, packet, skbOf, translated } from './packets.ts'
import { context, tuple } from './support.ts'

/** Runs a packet of the original or reply direction through both halves of NAT. */
function pass(bytes: Uint8Array, connection: ReturnType<typeof translated>, ctInfo: CtInfo): Uint8Array {
  const skb = skbOf(bytes, connection, ctInfo)
  expect(translate(skb, connection, ctInfo, 'destination', context())).toBe(true)
  expect(translate(skb, connection, ctInfo, 'source', context())).toBe(true)
  const again = skbOf(skb.bytes, connection, ctInfo)
  expect(again.source.equals(skb.source) && again.destination.equals(skb.destination)).toBe(true)
  return skb.bytes
}

/** What packets of the original direction look like before and after. */
const TRANSLATIONS: readonly (readonly [string, string])[] = [
  ['tcp 10.6.0.2:1025>198.51.100.7:80', 'tcp 203.0.113.1:40000>198.51.100.7:80'],
  ['tcp 198.51.100.7:1025>203.0.113.1:80', 'tcp 198.51.100.7:1025>192.168.50.10:8080'],
  ['tcp 10.6.0.2:1025>203.0.113.1:80', 'tcp 10.6.0.1:2000>192.168.50.10:8080'],
  ['udp 10.6.0.2:1025>198.51.100.7:53', 'udp 203.0.113.1:1025>198.51.100.7:53'],
  ['sctp 10.6.0.2:1025>198.51.100.7:9', 'sctp 203.0.113.1:99>198.51.100.7:9'],
  ['icmp 10.6.0.2:7>198.51.100.7:2048', 'icmp 203.0.113.1:8>198.51.100.7:2048'],
  ['gre 10.6.0.2:0>198.51.100.7:5', 'gre 203.0.113.1:0>198.51.100.7:6'],
  ['esp 10.6.0.2:0>198.51.100.7:0', 'esp 203.0.113.1:0>198.51.100.7:0'],
  ['tcp [2001:db8:6::2]:1025>[2001:db8:1000::7]:80', 'tcp [2001:db8:ffff::1]:40000>[2001:db8:1000::7]:80'],
  ['udp [2001:db8:6::2]:1025>[2001:db8:ffff::1]:53', 'udp [2001:db8:6::2]:1025>[2001:db8:50::10]:5353'],
  [
    'icmpv6 [2001:db8:6::2]:7>[2001:db8:1000::7]:32768',
    'icmpv6 [2001:db8:ffff::1]:8>[2001:db8:1000::7]:32768',
  ],
]

describe('a packet of a translated connection', () => {
  it.each(TRANSLATIONS)('%s goes out as %s', (before, after) => {
    expect(pass(packet(before, { data: 'hello' }), translated(before, after), CtInfo.NEW)).toEqual(
      packet(after, { data: 'hello' }),
    )
  })

  it.each(TRANSLATIONS)('and its answer comes back: %s (%s)', (before, after) => {
    const answer = packet(invertTuple(tuple(after))!, { data: 'hello' })
    const expected = packet(invertTuple(tuple(before))!, { data: 'hello' })
    expect(pass(answer, translated(before, after), CtInfo.ESTABLISHED_REPLY)).toEqual(expected)
  })

  it('is left alone where nothing is translated', () => {
    const before = 'tcp 10.6.0.2:1025>198.51.100.7:80'
    const bytes = packet(before)
    expect(pass(bytes, translated(before, before), CtInfo.NEW)).toBe(bytes)
  })
})

describe('checksums', () => {
  const [before, after] = TRANSLATIONS[3]!

  it('UDP without a checksum stays without', () => {
    const bytes = packet(before, { data: 'x' })
    bytes.fill(0, 26, 28)
    const out = pass(bytes, translated(before, after), CtInfo.NEW)
    expect([...out.subarray(26, 28)]).toEqual([0, 0])
  })

  it.each([...TRANSLATIONS.keys()].filter(i => ![4, 6, 7].includes(i)))(
    'a wrong one stays equally wrong (%i)',
    i => {
      const [before, after] = TRANSLATIONS[i]!
      const field = { 6: 16, 17: 6, 1: 2, 58: 2 }[tuple(before).protocol]!
      const at = (before.includes('[') ? 40 : 20) + field
      const wrong = packet(before, { data: 'hello' })
      const right = packet(before, { data: 'hello' })
      const read = (bytes: Uint8Array) => (bytes[at]! << 8) | bytes[at + 1]!
      const error = 0x0123
      wrong[at] = ((read(right) + error) >> 8) & 0xff
      wrong[at + 1] = (read(right) + error) & 0xff
      const out = pass(wrong, translated(before, after), CtInfo.NEW)
      expect((read(out) - read(packet(after, { data: 'hello' })) + 0xffff) % 0xffff).toBe(
        (read(wrong) - read(right) + 0xffff) % 0xffff,
      )
      expect(checksumsAreRight(out)).toBe(false)
    },
  )

  it('right ones stay right, whatever addresses, ports and data', () => {
    const octet = fc.integer({ min: 1, max: 254 })
    const port = fc.integer({ min: 1, max: 65535 })
    const end = fc.tuple(octet, octet, port).map(([a, b, port]) => `10.${a}.0.${b}:${port}`)
    fc.assert(
      fc.property(
        fc.constantFrom('tcp', 'udp', 'sctp'),
        end,
        end,
        end,
        fc.string(),
        (kind, a, b, c, data) => {
          const before = `${kind} ${a}>${b}`
          const after = `${kind} ${c}>${b}`
          const ascii = data.replace(/[^\x20-\x7e]/g, '.')
          const out = pass(packet(before, { data: ascii }), translated(before, after), CtInfo.NEW)
          expect(checksumsAreRight(out)).toBe(true)
        },
      ),
    )
  })
})

describe('headers that are cut off', () => {
  const [before, after] = TRANSLATIONS[0]!
  it('drop the packet where the ports are missing', () => {
    const connection = translated(before, after)
    const skb = skbOf(packet(before).slice(0, 27), connection, CtInfo.NEW)
    expect(translate(skb, connection, CtInfo.NEW, 'source', context())).toBe(false)
  })
})

describe('an ICMP error', () => {
  // The client knows the server as 203.0.113.9:80, the server the client as 203.0.113.1:2000.
  const before = 'tcp 10.6.0.2:1025>203.0.113.9:80'
  const after = 'tcp 203.0.113.1:2000>192.168.50.10:8080'
  const error = (bytes: Uint8Array, ctInfo: CtInfo, hook: 'in' | 'both' = 'both') => {
    const connection = translated(before, after)
    const skb = skbOf(bytes, connection, ctInfo)
    const passed =
      translateIcmpError(skb, connection, ctInfo, 'destination', context()) &&
      (hook === 'in' || translateIcmpError(skb, connection, ctInfo, 'source', context()))
    return passed ? skb.bytes : undefined
  }

  it('about a packet to the server is brought back to the client, inside and out', () => {
    const quoted = packet(after, { data: 'hello' })
    const expected = packet(before, { data: 'hello' })
    expect(error(icmpError('192.168.50.10', '203.0.113.1', 3, quoted), CtInfo.RELATED_REPLY)).toEqual(
      icmpError('203.0.113.9', '10.6.0.2', 3, expected),
    )
  })

  it('from a router on the way keeps the client as its destination, but pretends to come from the server', () => {
    const quoted = packet(after, { data: 'hello' })
    expect(error(icmpError('192.168.50.1', '203.0.113.1', 11, quoted), CtInfo.RELATED_REPLY)).toEqual(
      icmpError('203.0.113.9', '10.6.0.2', 11, packet(before, { data: 'hello' })),
    )
  })

  it('about an answer goes to the server', () => {
    const quoted = packet(invertTuple(tuple(before))!)
    const expected = packet(invertTuple(tuple(after))!)
    expect(error(icmpError('10.6.0.2', '203.0.113.9', 3, quoted), CtInfo.RELATED)).toEqual(
      icmpError('203.0.113.1', '192.168.50.10', 3, expected),
    )
  })

  it('with 8 bytes of TCP in its quote has the ports changed and no checksum to care for', () => {
    const out = error(icmpError('192.168.50.10', '203.0.113.1', 3, packet(after), 28), CtInfo.RELATED_REPLY)
    expect(out).toEqual(icmpError('203.0.113.9', '10.6.0.2', 3, packet(before), 28))
  })

  it('with a wrong checksum is dropped', () => {
    const bytes = icmpError('192.168.50.10', '203.0.113.1', 3, packet(after))
    bytes[22]! ^= 1
    expect(error(bytes, CtInfo.RELATED_REPLY)).toBeUndefined()
  })

  it('with too short a quote is dropped', () => {
    expect(
      error(icmpError('192.168.50.10', '203.0.113.1', 3, packet(after), 19), CtInfo.RELATED_REPLY),
    ).toBeUndefined()
  })

  it('that redirects is dropped', () => {
    expect(
      error(icmpError('192.168.50.10', '203.0.113.1', 5, packet(after)), CtInfo.RELATED_REPLY),
    ).toBeUndefined()
  })

  it('that redirects passes where NAT changes nothing', () => {
    const connection = translated(before, before)
    const bytes = icmpError('192.168.50.10', '10.6.0.2', 5, packet(before))
    const skb = skbOf(bytes, connection, CtInfo.RELATED_REPLY)
    expect(translateIcmpError(skb, connection, CtInfo.RELATED_REPLY, 'source', context())).toBe(true)
    connection.status &= ~Status.DST_NAT_DONE
    expect(translateIcmpError(skb, connection, CtInfo.RELATED_REPLY, 'source', context())).toBe(false)
  })

  it('of ICMPv6 is translated alike', () => {
    const [before, after] = TRANSLATIONS[8]!
    const connection = translated(before, after)
    const skb = skbOf(
      icmpError('2001:db8:1000::1', '2001:db8:ffff::1', 1, packet(after, { data: 'hello' })),
      connection,
      CtInfo.RELATED_REPLY,
    )
    expect(translateIcmpError(skb, connection, CtInfo.RELATED_REPLY, 'destination', context())).toBe(true)
    expect(skb.bytes).toEqual(
      icmpError('2001:db8:1000::1', '2001:db8:6::2', 1, packet(before, { data: 'hello' })),
    )
  })
})
