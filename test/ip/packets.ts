import { Address } from '../../src/address.ts'
import { RoutingTable } from '../../src/ip/routing.ts'
import { writeIpv4Checksum, writeTransportChecksum } from '../../src/packet/checksum.ts'
import { Skb } from '../../src/packet/skb.ts'

/** The box of these tests: two networks, a second address on the outer one, and routes to nowhere. */
export const box4 = RoutingTable.compile(4, {
  interfaces: {
    lan0: { addresses: ['10.6.0.1/16'] },
    wan0: { addresses: ['203.0.113.1/24', '203.0.113.5/24'] },
    p2p0: { addresses: ['10.77.0.0/31'] },
  },
  routes: [
    'default via 203.0.113.254 dev wan0',
    'blackhole 10.66.0.0/16',
    'unreachable 10.67.0.0/16',
    'prohibit 10.68.0.0/16',
    'throw 10.69.0.0/16',
    '192.0.2.0/24 via 10.6.0.9',
  ],
})

export const box6 = RoutingTable.compile(6, {
  interfaces: {
    lan0: { addresses: ['2001:db8:6::1/64', 'fd00:6::1/64'] },
    wan0: { addresses: ['2001:db8:ffff::1/64', '2001:db8:ffff::5/64'] },
  },
  routes: [
    'default via 2001:db8:ffff::fe dev wan0',
    'blackhole 2001:db8:66::/48',
    'unreachable 2001:db8:67::/48',
    'prohibit 2001:db8:68::/48',
  ],
})

export const a = (text: string): Address => Address.parse(text)

interface Fields {
  readonly protocol?: number
  readonly ttl?: number
  readonly tos?: number
  readonly flags?: number
  readonly options?: readonly number[]
}

/** An IPv4 packet; TCP and UDP payloads get their checksum. */
export function ip4(
  source: string,
  destination: string,
  payload: readonly number[],
  fields: Fields = {},
): Uint8Array {
  const { protocol = 17, ttl = 64, tos = 0, flags = 0x40, options = [] } = fields
  const header = 20 + options.length
  const bytes = new Uint8Array(header + payload.length)
  bytes.set([0x40 | (header / 4), tos, bytes.length >> 8, bytes.length & 255, 0, 1, flags, 0, ttl, protocol])
  a(source).write(bytes, 12)
  a(destination).write(bytes, 16)
  bytes.set(options, 20)
  bytes.set(payload, header)
  writeIpv4Checksum(bytes)
  writeTransportChecksum(bytes, 4, protocol, header)
  return bytes
}

export function ip6(
  source: string,
  destination: string,
  payload: readonly number[],
  fields: Fields = {},
): Uint8Array {
  const { protocol = 17, ttl = 64 } = fields
  const bytes = new Uint8Array(40 + payload.length)
  bytes.set([0x60, 0, 0, 0, payload.length >> 8, payload.length & 255, protocol, ttl])
  a(source).write(bytes, 8)
  a(destination).write(bytes, 24)
  bytes.set(payload, 40)
  writeTransportChecksum(bytes, 6, protocol, 40)
  return bytes
}

export const udp: readonly number[] = [0, 53, 0, 53, 0, 8, 0, 0]

/** A TCP header with these flags, sequence number 5, acknowledging 9. */
export function tcp(flags: number): number[] {
  return [3, 232, 0, 80, 0, 0, 0, 5, 0, 0, 0, 9, 0x50, flags, 4, 0, 0, 0, 0, 0]
}

export function received(bytes: Uint8Array, device: string): Skb {
  const skb = new Skb(bytes[0]! >> 4 === 4 ? 4 : 6, bytes)
  skb.inDevice = device
  return skb
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
