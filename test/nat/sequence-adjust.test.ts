import { describe, expect, it } from 'vitest'
import { readWord } from '../../src/address.ts'
import { CtInfo, ORIGINAL, REPLY, Status } from '../../src/conntrack/connection.ts'
import { completeChecksum } from '../../src/ip/reject.ts'
import { mangleTcpPayload, mangleUdpPayload } from '../../src/nat/mangle-payload.ts'
import { adjustSequences, setSequenceAdjustment } from '../../src/nat/sequence-adjust.ts'
import { checksumsAreRight, icmpError, packet, skbOf, translated } from './packets.ts'

const FLOW = 'tcp 10.6.0.2:1025>198.51.100.7:21'
const ANSWER = 'tcp 198.51.100.7:21>10.6.0.2:1025'
const connection = () => translated(FLOW, FLOW)

describe('a payload that becomes longer', () => {
  const mangled = () => {
    const master = connection()
    const skb = skbOf(packet(FLOW, { seq: 1000, data: 'PORT 10,6,0,2,4,1\r\n' }), master, CtInfo.ESTABLISHED)
    expect(mangleTcpPayload(skb, master, ORIGINAL, 5, 12, '203,0,113,100,4,1')).toBe(true)
    return { master, skb }
  }

  it('has its length and checksums corrected', () => {
    const { skb } = mangled()
    // until it leaves on a device, only the pseudo-header's sum stands in the checksum
    completeChecksum(skb)
    expect(skb.bytes).toEqual(packet(FLOW, { seq: 1000, data: 'PORT 203,0,113,100,4,1\r\n' }))
  })

  it('is remembered with the place and the difference', () => {
    const { master } = mangled()
    expect(master.has(Status.SEQ_ADJUST)).toBe(true)
    expect(master.sequenceAdjustments).toEqual([
      { correctionPosition: 1000, offsetBefore: 0, offsetAfter: 5 },
      undefined,
    ])
  })

  it.each([
    // direction, seq, ack, and what they become
    [ORIGINAL, 1019, 500, 1024, 500, 'later data moves up'],
    [ORIGINAL, 1000, 500, 1000, 500, 'the line itself, sent again, stays'],
    [ORIGINAL, 990, 500, 990, 500, 'older data stays'],
    [REPLY, 500, 1024, 500, 1019, 'the acknowledgement of what was sent is that of what was meant'],
    [REPLY, 500, 1000, 500, 1000, 'an older acknowledgement stays'],
  ] as const)(
    'direction %i, seq %i ack %i become %i and %i: %s',
    (direction, seq, ack, newSeq, newAck, _why) => {
      const { master } = mangled()
      const skb = skbOf(
        packet(direction === ORIGINAL ? FLOW : ANSWER, { seq, ack, data: 'x' }),
        master,
        CtInfo.ESTABLISHED,
      )
      expect(adjustSequences(skb, master, direction)).toBe(true)
      expect([readWord(skb.bytes, 24) >>> 0, readWord(skb.bytes, 28) >>> 0]).toEqual([newSeq, newAck])
      expect(checksumsAreRight(skb.bytes)).toBe(true)
    },
  )
})

describe('SACK blocks', () => {
  const master = connection()
  setSequenceAdjustment(master, ORIGINAL, 1000, 5)
  const adjust = (options: number[]) => {
    const skb = skbOf(packet(ANSWER, { seq: 500, ack: 1024, options }), master, CtInfo.ESTABLISHED_REPLY)
    return adjustSequences(skb, master, REPLY) ? skb.bytes : undefined
  }

  it('are shifted like acknowledgements', () => {
    const bytes = adjust([1, 1, 5, 10, 0, 0, 4, 10, 0, 0, 4, 20])!
    expect([readWord(bytes, 44), readWord(bytes, 48)]).toEqual([1034 - 5, 1044 - 5])
    expect(checksumsAreRight(bytes)).toBe(true)
  })

  it.each([
    ['of an odd length are left alone', [5, 9, 0, 0, 4, 10, 0, 0, 4, 1, 1, 1], true],
    ['behind the end of options are not looked at', [0, 1, 5, 10, 0, 0, 4, 10, 0, 0, 4, 20], true],
    ['that run over the header drop the segment', [5, 18, 0, 0], false],
    ['of length 0 drop the segment', [5, 0, 0, 0], false],
  ] as const)('%s', (_, options, passes) => {
    expect(adjust([...options]) !== undefined).toBe(passes)
  })
})

describe('several changes', () => {
  it('add up, but the same line sent again does not count twice', () => {
    const master = connection()
    setSequenceAdjustment(master, ORIGINAL, 1000, 5)
    setSequenceAdjustment(master, ORIGINAL, 1000, 5)
    expect(master.sequenceAdjustments[0]).toEqual({
      correctionPosition: 1000,
      offsetBefore: 0,
      offsetAfter: 5,
    })
    setSequenceAdjustment(master, ORIGINAL, 2000, -3)
    expect(master.sequenceAdjustments[0]).toEqual({
      correctionPosition: 2000,
      offsetBefore: 5,
      offsetAfter: 2,
    })
  })
})

describe('UDP', () => {
  const flow = 'udp 10.6.0.2:1025>198.51.100.7:10080'
  it('has its length field and checksum corrected', () => {
    const skb = skbOf(packet(flow, { data: 'CONNECT DATA 80\n' }), connection(), CtInfo.ESTABLISHED)
    expect(mangleUdpPayload(skb, 13, 2, '40000')).toBe(true)
    completeChecksum(skb)
    expect(skb.bytes).toEqual(packet(flow, { data: 'CONNECT DATA 40000\n' }))
  })

  it('grows to 65535 bytes and no further', () => {
    const skb = skbOf(packet(flow, { data: 'x'.repeat(65507) }), connection(), CtInfo.ESTABLISHED)
    expect(mangleUdpPayload(skb, 0, 1, 'y')).toBe(true)
    expect(mangleUdpPayload(skb, 0, 1, 'yy')).toBe(false)
  })
})

describe('an ICMP error about a connection with adjusted sequence numbers', () => {
  it('is taken for a segment where the kernel does so: in the original direction', () => {
    // Seen on Linux 6.18: bytes 4-7 become the offset, and the checksum of a segment would be at bytes 16-17.
    const master = connection()
    master.sequenceAdjustments = [{ correctionPosition: 1006, offsetBefore: 4, offsetAfter: 8 }, undefined]
    const quote = packet('tcp 198.51.100.8:21>203.0.113.17:1025')
    const skb = skbOf(icmpError('203.0.113.17', '198.51.100.8', 3, quote), master, CtInfo.RELATED)
    const before = skb.bytes.slice()
    expect(adjustSequences(skb, master, ORIGINAL)).toBe(true)
    const changed = [...skb.bytes.keys()].filter(i => skb.bytes[i] !== before[i])
    expect(changed.map(i => [i, skb.bytes[i]! - before[i]!])).toEqual([
      [27, 4],
      [37, -4],
    ])
  })
})
