import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode } from '../../src/packet/decode.ts'
import { encode } from '../../src/packet/encode.ts'
import { bytesToHex, hexToBytes } from '../../src/packet/hex.ts'
import { Packet } from '../../src/packet/packet.ts'
import { hasRecordedCases, recordedPackets } from './recorded.ts'

const SAMPLES = [
  'tcp 10.0.0.5:40000 > 198.51.100.7:80 SA seq=9 ack=1001 mss=1460 sackok ts=1/2 nop wscale=7 len=18',
  'tcp [2001:db8::1]:80 > [2001:db8::2]:81 A seq=1 sack=1-2,5-6 data="x" frag=0+ fragid=7',
  'udp 10.0.0.1:53 > 10.0.0.2:4000 data="hello" ipopts=0x8304040000',
  'udplite 10.0.0.1:53 > 10.0.0.2:4000 cov=8 data=0x0102',
  'icmp 192.0.2.1 > 10.0.0.1 port-unreachable { udp 10.0.0.1:40000 > 8.8.8.8:53 len=4 }',
  'icmp6 fe80::1 > ff02::1 router-solicitation rest=0x1 hopopts=0x00050200000100',
  'sctp 10.0.0.1:1 > 10.0.0.2:2 vtag=0x1 chunk=1/0:0x00000001 chunk=3/1:0xab',
  'gre 10.0.0.1 > 10.0.0.2 ver=1 type=0x880b key=0x40007 seq=1 ack=2 len=4',
  'esp 10.0.0.1 > 10.0.0.2 spi=0x1 seq=2 data=0x0102030405',
  'ah 10.0.0.1 > 10.0.0.2 next=6 ahlen=4 spi=0x1 seq=2 len=12',
  'proto udp 10.0.0.1 > 10.0.0.2 frag=1480 len=100',
]

/** bytes -> fields -> bytes, and bytes -> text -> bytes; the text of the text is the text. */
function expectExact(bytes: Uint8Array): void {
  const packet = new Packet(bytes)
  const hex = bytesToHex(bytes)
  expect(bytesToHex(encode(decode(bytes, packet.family)))).toBe(hex)
  const text = packet.toString()
  const again = Packet.parse(text)
  expect(again.toHex()).toBe(hex)
  expect(again.toString()).toBe(text)
}

const mutated = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.array(fc.tuple(fc.nat({ max: 80 }), fc.nat({ max: 255 })), { maxLength: 4 }),
    fc.option(fc.nat({ max: 100 })),
    fc.uint8Array({ maxLength: 5 }),
  )
  .map(([text, changes, cut, extra]) => {
    const bytes = Uint8Array.from([...Packet.parse(text).bytes.subarray(0, cut ?? undefined), ...extra])
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
    return bytes
  })

describe('bytes and fields and text', () => {
  it.each(SAMPLES)('keep %s', text => {
    expect(Packet.parse(text).toString()).not.toMatch(/^(raw|proto \d)/)
    expectExact(Packet.parse(text).bytes)
  })

  it('keep any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), expectExact))
  })

  it('keep packets that were damaged', () => {
    fc.assert(fc.property(mutated, expectExact), { numRuns: 2000 })
  })

  it('find fields in a packet with wrong sums and lengths', () => {
    const bytes = Packet.parse(SAMPLES[0]!).bytes.slice()
    bytes[3] = 200
    bytes[11]! ^= 1
    bytes[37]! ^= 1
    expect(new Packet(bytes).decoded).toMatchObject({
      kind: 'tcp',
      sequence: 9,
      ip: { totalLength: 200, checksum: expect.any(Number) },
      checksum: expect.any(Number),
    })
  })
})

describe.runIf(hasRecordedCases)('recorded packets', () => {
  it('all survive the way through fields and text', () => {
    const kinds = new Map<string, number>()
    for (const hex of recordedPackets()) {
      const packet = new Packet(hexToBytes(hex))
      const again = Packet.parse(packet.toString())
      if (again.toHex() !== hex || again.toString() !== packet.toString()) expectExact(packet.bytes)
      kinds.set(packet.decoded.kind, (kinds.get(packet.decoded.kind) ?? 0) + 1)
    }
    console.log('recorded packets:', Object.fromEntries(kinds))
    expect(kinds.size).toBeGreaterThan(5)
  }, 120_000)
})
