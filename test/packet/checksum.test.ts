import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Address } from '../../src/address.ts'
import {
  internetChecksum,
  netfilterChecksumValid,
  pseudoHeaderSum,
  pseudoHeaderSumOf,
  replaceAddress,
  replaceWord16,
  replaceWord32,
  transportChecksumValid,
} from '../../src/packet/checksum.ts'
import { crc32c } from '../../src/packet/crc32c.ts'
import { Packet } from '../../src/packet/packet.ts'
import { Skb } from '../../src/packet/skb.ts'

function skbOf(text: string): Skb {
  const { family, bytes } = Packet.parse(text)
  return new Skb(family, bytes)
}

describe('checksums', () => {
  it('are those of RFC 1071 section 3', () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)
    expect(internetChecksum(bytes, 0, 8)).toBe(~0xddf2 & 0xffff)
  })

  it('are those of RFC 3720 B.4', () => {
    const digits = new TextEncoder().encode('123456789')
    expect(crc32c(digits, 0, 9)).toBe(0xe3069283)
    expect(crc32c(digits, 4, 9, crc32c(digits, 0, 4))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32), 0, 32)).toBe(0x8a9136aa)
  })

  it.each([
    ['tcp 10.0.0.1:1 > 10.0.0.2:2 S seq=1', true],
    ['tcp 10.0.0.1:1 > 10.0.0.2:2 S seq=1 badsum', false],
    ['tcp [::1]:1 > [::2]:2 S seq=1', true],
    ['tcp [::1]:1 > [::2]:2 S seq=1 badsum', false],
    ['udp 10.0.0.1:1 > 10.0.0.2:2 data="odd"', true],
    ['udp 10.0.0.1:1 > 10.0.0.2:2 sum=0', true],
    ['udp [::1]:1 > [::2]:2 sum=0', true],
    // All bytes are summed, whatever the UDP length says.
    ['udp 10.0.0.1:1 > 10.0.0.2:2 len=4 ulen=8', true],
    ['icmp 10.0.0.1 > 10.0.0.2 echo-request', true],
    ['icmp 10.0.0.1 > 10.0.0.2 echo-request badsum', false],
    ['icmp6 ::1 > ::2 echo-request', true],
    ['icmp6 ::1 > ::2 echo-request badsum', false],
    ['sctp 10.0.0.1:1 > 10.0.0.2:2 chunk=1/0:0x01', true],
    ['sctp 10.0.0.1:1 > 10.0.0.2:2 chunk=1/0:0x01 badsum', false],
    // The kernel takes UDP's protocol number for UDP-Lite's pseudo-header: a right checksum is wrong to it.
    ['udplite 10.0.0.1:1 > 10.0.0.2:2 len=4', false],
    ['udplite 10.0.0.1:1 > 10.0.0.2:2 sum=0', false],
    ['proto tcp 10.0.0.1 > 10.0.0.2 len=12', false],
    ['proto 253 10.0.0.1 > 10.0.0.2 data="anything"', true],
  ] as const)('%s is valid: %s', (text, valid) => {
    expect(transportChecksumValid(skbOf(text))).toBe(valid)
  })

  it('of an unknown protocol in IPv4 must sum to 0 for nf_ip_checksum', () => {
    expect(netfilterChecksumValid(skbOf('proto 253 10.0.0.1 > 10.0.0.2 data="anything"'), 'INPUT')).toBe(
      false,
    )
    expect(netfilterChecksumValid(skbOf('proto 253 10.0.0.1 > 10.0.0.2 data=0x1234edcb'), 'INPUT')).toBe(true)
  })

  it('of the pseudo-header are the same from a packet and from addresses', () => {
    for (const text of ['udp 10.0.0.1:1 > 10.0.0.2:2', 'udp [2001:db8::1]:1 > [fe80::2]:2']) {
      const { family, bytes, source, destination } = skbOf(text)
      expect(pseudoHeaderSumOf(source, destination, 17, 8)).toBe(pseudoHeaderSum(family, bytes, 17, 8))
    }
  })
})

describe('a patched checksum', () => {
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 40 })

  it('is the one of the changed bytes', () => {
    fc.assert(
      fc.property(bytes, fc.nat({ max: 0xffff }), (data, to) => {
        fc.pre(data.some(byte => byte !== 0) && to !== 0)
        const from = (data[4]! << 8) | data[5]!
        const before = internetChecksum(data, 0, data.length)
        const changed = data.slice()
        changed.set([to >>> 8, to & 0xff], 4)
        const after = internetChecksum(changed, 0, data.length)
        expect(replaceWord16(before, from, to) % 0xffff).toBe(after % 0xffff)
        expect(replaceWord32(before, from, to)).toBe(after)
      }),
    )
  })

  it('is the one of the changed address', () => {
    const from = Address.parse('2001:db8::1')
    const to = Address.parse('fe80::ff:1')
    const data = new Uint8Array(20)
    data[19] = 7
    from.write(data, 0)
    const before = internetChecksum(data, 0, 20)
    to.write(data, 0)
    expect(replaceAddress(before, from, to)).toBe(internetChecksum(data, 0, 20))
  })

  it('never becomes 0xffff by a 32-bit patch, as in the kernel', () => {
    expect(replaceWord32(0xffff, 0, 0)).toBe(0)
  })
})
