import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exceedsMtu4 } from '../../src/ip/forward.ts'
import {
  cutForOutput,
  EMPTY_FRAGMENT_QUEUE,
  expireFragments,
  type FragmentQueue,
  fragmentIpv4,
  fragmentIpv6,
  pullFragments,
  type Reassembly,
  reassemble,
  takeWhole,
} from '../../src/packet/fragments.ts'
import { Packet } from '../../src/packet/packet.ts'
import { Skb } from '../../src/packet/skb.ts'

/** Feeds lines; a line `@SECONDS` lets time pass. */
function feed(lines: readonly string[]): { last: Reassembly; statuses: string[]; queue: FragmentQueue } {
  let queue = EMPTY_FRAGMENT_QUEUE
  let nowMs = 0
  let last: Reassembly = { status: 'not-a-fragment', queue }
  const statuses: string[] = []
  for (const line of lines) {
    if (line.startsWith('@')) {
      nowMs += Number(line.slice(1)) * 1000
      continue
    }
    const { bytes, family } = Packet.parse(line)
    last = reassemble(queue, bytes, family, nowMs, 'prerouting', 'lan0')
    queue = last.queue
    statuses.push(last.status === 'dropped' ? last.reason : last.status)
  }
  return { last, statuses, queue }
}

const V4 = 'proto udp 10.0.0.1 > 10.0.0.2'
const V6 = 'proto udp 2001:db8::1 > 2001:db8::2'

/** Fragments as lines, and what becomes of each. */
const SCRIPTS: readonly (readonly [what: string, lines: readonly string[], statuses: readonly string[]])[] = [
  ['a whole packet', [`${V4} len=8`], ['not-a-fragment']],
  ['two in order', [`${V4} len=8 frag=0+`, `${V4} len=5 frag=8`], ['queued', 'whole']],
  ['two in disorder', [`${V4} len=5 frag=8`, `${V4} len=8 frag=0+`], ['queued', 'whole']],
  ['other ids apart', [`${V4} len=8 frag=0+ id=2`, `${V4} len=5 frag=8 id=3`], ['queued', 'queued']],
  [
    'a duplicate',
    [`${V4} len=8 frag=0+`, `${V4} len=8 frag=0+`, `${V4} len=5 frag=8`],
    ['queued', 'duplicate', 'whole'],
  ],
  [
    'a part of a run again',
    [`${V4} len=8 frag=0+`, `${V4} len=8 frag=8+`, `${V4} len=16 frag=0+`, `${V4} len=5 frag=16`],
    ['queued', 'queued', 'duplicate', 'whole'],
  ],
  [
    'an overlap',
    [`${V4} len=16 frag=0+`, `${V4} len=16 frag=8+`, `${V4} len=5 frag=24`],
    ['queued', 'overlap', 'queued'],
  ],
  ['two different ends', [`${V4} len=8 frag=16`, `${V4} len=8 frag=8`], ['queued', 'inconsistent length']],
  ['data behind the end', [`${V4} len=8 frag=8`, `${V4} len=8 frag=16+`], ['queued', 'inconsistent length']],
  ['nothing in it', [`${V4} frag=8`], ['empty']],
  ['a crooked length is cut to 8s', [`${V4} len=13 frag=0+`, `${V4} len=5 frag=8`], ['queued', 'whole']],
  ['mixed ECN', [`${V4} len=8 frag=0+ tos=2`, `${V4} len=5 frag=8`], ['queued', 'mixed ECN']],
  ['too much', [`${V4} len=65480 frag=0+ nodf`, `${V4} len=100 frag=65480`], ['queued', 'oversize']],
  ['30 seconds', [`${V4} len=8 frag=0+`, '@30', `${V4} len=5 frag=8`], ['queued', 'queued']],
  ['29 seconds', [`${V4} len=8 frag=0+`, '@29.9', `${V4} len=5 frag=8`], ['queued', 'whole']],
  ['IPv6: two', [`${V6} len=8 frag=0+ fragid=5`, `${V6} len=5 frag=8 fragid=5`], ['queued', 'whole']],
  ['IPv6: an atomic one', [`${V6} len=8 frag=0 fragid=5`], ['whole']],
  [
    'IPv6: a duplicate',
    [`${V6} len=8 frag=0+`, `${V6} len=8 frag=0+`, `${V6} len=5 frag=8`],
    ['queued', 'queued', 'whole'],
  ],
  [
    'IPv6: an overlap',
    [`${V6} len=16 frag=0+`, `${V6} len=16 frag=8+`, `${V6} len=5 frag=24`],
    ['queued', 'overlap', 'queued'],
  ],
  [
    'IPv6: two different ends cost only the second',
    [`${V6} len=8 frag=16`, `${V6} len=8 frag=8`, `${V6} len=16 frag=0+`],
    ['queued', 'inconsistent length', 'whole'],
  ],
  [
    'IPv6: a crooked length passes',
    [`${V6} len=13 frag=0+`, `${V6} len=5 frag=8`],
    ['not-a-fragment', 'queued'],
  ],
  ['IPv6: a first one without its UDP header passes', [`${V6} len=7 frag=0+`], ['not-a-fragment']],
  [
    'IPv6: mixed ECN',
    [`${V6} len=8 frag=0+ tos=2`, `${V6} len=5 frag=8`, `${V6} len=5 frag=8`],
    ['queued', 'queued', 'queued'],
  ],
  ['IPv6: 59 seconds', [`${V6} len=8 frag=0+`, '@59.9', `${V6} len=5 frag=8`], ['queued', 'whole']],
  ['IPv6: 60 seconds', [`${V6} len=8 frag=0+`, '@60', `${V6} len=5 frag=8`], ['queued', 'queued']],
]

describe('reassembly', () => {
  it.each(SCRIPTS.map(([what, lines, statuses]) => ({ what, lines, statuses })))(
    '$what',
    ({ lines, statuses }) => {
      expect(feed(lines).statuses).toEqual(statuses)
    },
  )

  it('takes the first header, the ECN of all and the DF of the largest', () => {
    const { last } = feed([`${V4} len=5 frag=8 ttl=3 tos=3`, `${V4} data="12345678" frag=0+ df ttl=9 tos=2`])
    expect(last.status === 'whole' && new Packet(last.bytes).toString()).toBe(
      'udp 10.0.0.1:12594 > 10.0.0.2:13108 ulen=13622 len=5 sum=0x3738 ttl=9 tos=0x3',
    )
    expect(last).toMatchObject({ fragmentMaxSize: 28, fragmentSizes: [28, 5], largestHadDf: true })
  })

  it('begins anew after 64 fragments of other datagrams', () => {
    const others = Array.from({ length: 64 }, (_, i) => `${V4} len=8 frag=0+ id=${i + 2}`)
    const near = feed([`${V4} len=8 frag=0+`, ...others.slice(1), `${V4} len=5 frag=8`])
    const far = feed([`${V4} len=8 frag=0+`, ...others, `${V4} len=5 frag=8`])
    expect([near.statuses.at(-1), far.statuses.at(-1)]).toEqual(['whole', 'queued'])
  })

  it('reports what expired', () => {
    const { queue } = feed([`${V4} len=8 frag=0+`, `${V4} len=8 frag=8+ id=2`])
    expect(expireFragments(queue, 29_999)).toEqual({ queue, expired: [] })
    const { queue: after, expired } = expireFragments(queue, 30_000)
    expect(after.pending).toEqual([])
    // of the same instant the latest first, as seen on Linux 6.18
    expect(expired.map(({ first, device }) => [first?.length, device])).toEqual([
      [undefined, 'lan0'],
      [28, 'lan0'],
    ])
  })
})

function cut(text: string, mtu: number): string[] {
  const { bytes, family } = Packet.parse(text)
  const packets = family === 4 ? fragmentIpv4(bytes, mtu) : fragmentIpv6(bytes, mtu, 9)
  return typeof packets === 'string' ? [packets] : packets.map(packet => new Packet(packet).toString())
}

describe('cutting', () => {
  it('keeps the id, and only the options that are to be copied', () => {
    // 0x83 (loose source route) is copied, 0x07 (record route) is not
    expect(cut('proto 253 1.2.3.4 > 5.6.7.8 len=40 id=7 nodf ipopts=0x8303040107030401', 52)).toEqual([
      'proto 253 1.2.3.4 > 5.6.7.8 len=24 id=7 frag=0+ ipopts=0x8303040107030401',
      'proto 253 1.2.3.4 > 5.6.7.8 len=16 id=7 frag=24 ipopts=0x8303040101010101',
    ])
  })

  it('goes on where a fragment was cut', () => {
    expect(cut('proto 253 1.2.3.4 > 5.6.7.8 len=40 frag=80+', 44)).toEqual([
      'proto 253 1.2.3.4 > 5.6.7.8 len=24 frag=80+',
      'proto 253 1.2.3.4 > 5.6.7.8 len=16 frag=104+',
    ])
  })

  it('puts the fragment header behind what every fragment needs', () => {
    const hop = 'hopopts=0x00050200000100'
    expect(cut(`proto 253 ::1 > ::2 len=1300 ${hop}`, 1280)).toEqual([
      `proto 253 ::1 > ::2 len=1224 ${hop} frag=0+ fragid=0x9`,
      `proto 253 ::1 > ::2 len=76 ${hop} frag=1224 fragid=0x9`,
    ])
  })

  it('gives fragments as they came, unless somebody wrote across them', () => {
    const skb = wholeSkb([`${V4} len=8 frag=0+`, `${V4} len=16 frag=8+`, `${V4} len=8 frag=24`])
    expect(outputLengths(skb)).toEqual([28, 36, 28])
    pullFragments(skb, 28)
    expect(outputLengths(skb)).toEqual([28, 36, 28])
    pullFragments(skb, 40)
    expect(skb.fragmentSizes).toEqual([40, 4, 8])
    expect(outputLengths(skb)).toEqual([36, 36])
  })

  // The next three as seen on Linux 6.18.
  it('sets DF only where the fragments are not those that came', () => {
    const lines = [`${V4} len=8 frag=0+ df`, `${V4} len=16 frag=8+ df`, `${V4} len=8 frag=24 df`]
    const skb = wholeSkb(lines)
    expect(outputTexts(skb)).not.toContainEqual(expect.stringMatching(/ df/))
    pullFragments(skb, 40)
    expect(outputTexts(skb)).toEqual([
      'udp 10.0.0.1:0 > 10.0.0.2:0 ulen=0 len=8 sum=0x0 frag=0+ df',
      'proto udp 10.0.0.1 > 10.0.0.2 len=16 frag=16 df',
    ])
  })

  it.each([
    ['blanks options that are not to be copied', false, '0x01010101'],
    ['repeats all options in what this machine sends', true, '0x1e040000'],
  ])('%s', (_, isLocal, later) => {
    const skb = wholeSkb([`${V4} len=8 frag=0+ ipopts=0x1e040000`, `${V4} len=8 frag=8 ipopts=0x1e040000`])
    skb.isLocal = isLocal
    expect(outputTexts(skb)[1]).toBe(`${V4} len=8 frag=8 ipopts=${later}`)
  })

  it('is refused where DF stands in the way', () => {
    const { bytes } = Packet.parse('udp 1.2.3.4:1 > 5.6.7.8:2 len=1600')
    const skb = new Skb(4, bytes)
    expect(exceedsMtu4(skb, 1500)).toBe(true)
    expect(cutForOutput(skb, 1500, 0)).toEqual({ kind: 'too-big', mtu: 1500 })
    const whole = wholeSkb([`${V4} len=1200 frag=0+ df`, `${V4} len=900 frag=1200`])
    expect([exceedsMtu4(whole, 1500), exceedsMtu4(whole, 1000)]).toEqual([false, true])
  })

  it('and putting together undo each other', () => {
    const length = fc.integer({ min: 9, max: 3000 })
    const mtu = fc.integer({ min: 76, max: 1500 })
    fc.assert(
      fc.property(length, mtu, fc.boolean(), fc.infiniteStream(fc.nat()), (size, limit, v6, order) => {
        const text = v6 ? `udp [::1]:1 > [::2]:2 len=${size}` : `udp 1.1.1.1:1 > 2.2.2.2:2 len=${size} nodf`
        const { bytes, family } = Packet.parse(text)
        const cuts = v6 ? (fragmentIpv6(bytes, limit, 1) as Uint8Array[]) : fragmentIpv4(bytes, limit)
        fc.pre(cuts.length > 1)
        const shuffled = cuts.map(packet => [order.next().value, packet] as const).sort((a, b) => a[0] - b[0])
        let queue = EMPTY_FRAGMENT_QUEUE
        const results = shuffled.map(([, packet]) => {
          const result = reassemble(queue, packet, family, 0, 'prerouting')
          queue = result.queue
          return result
        })
        const last = results.at(-1)!
        expect(last.status === 'whole' && new Packet(last.bytes).toString()).toBe(text)
        expect(queue).toEqual(EMPTY_FRAGMENT_QUEUE)
      }),
    )
  })
})

function wholeSkb(lines: readonly string[]): Skb {
  const { last } = feed(lines)
  if (last.status !== 'whole') throw new Error(`not whole: ${last.status}`)
  const skb = new Skb(4, last.bytes)
  takeWhole(skb, last)
  return skb
}

function output(skb: Skb): Packet[] {
  const result = cutForOutput(skb, 1500, 0)
  return result.kind === 'fragments' ? result.packets.map(packet => new Packet(packet)) : []
}

function outputLengths(skb: Skb): number[] {
  return output(skb).map(({ bytes }) => bytes.length)
}

function outputTexts(skb: Skb): string[] {
  return output(skb).map(String)
}
