import { describe, expect, it } from 'vitest'
import { Connection } from '../../../src/conntrack/connection.ts'
import { Change } from '../../../src/conntrack/events.ts'
import { Tuple } from '../../../src/conntrack/tuple.ts'
import { createFirewall } from '../../../src/firewall.ts'
import type { Skb } from '../../../src/packet/skb.ts'
import { countPacket, type Estimator, ratesAt } from '../../../src/rules/rate-estimator.ts'
import { load } from '../text.ts'
import { Bench, ipv4, ipv6, outcome, passes, rulesTests, testsOf, udp } from './bench.ts'

/** DCCP's generic header: a type, how many bytes belong to the header, and options behind what the type needs. */
function dccp(type: number, headerBytes: number, ...options: number[]): Skb {
  const header = [0, 7, 0, 80, headerBytes / 4, 0, 0, 0, type << 1, 0, 0, 1]
  return ipv4([...header, 0, 0, 0, 0, ...options], { protocol: 33 })
}

/** A routing header of type 4 with segments left, the number of the last segment, and two segments. */
function srh(left: number, last: number, type = 4): Skb {
  const segment = (n: number) => [0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), n]
  return ipv6(43, [59, 4, type, left, last, 0, 0, 7, ...segment(1), ...segment(2)])
}

const PACKETS: Record<string, Skb> = {
  'dccp REQUEST': dccp(0, 20, 1, 41, 3, 65),
  'dccp REQUEST without room for its service': dccp(0, 12),
  'dccp REQUEST cut off in its options': dccp(0, 60, 1, 41, 2, 65),
  'dccp type 13': dccp(13, 24),
  'seven bytes of dccp': ipv4([0, 7, 0, 80, 5, 0, 0], { protocol: 33 }),
  ipcomp: ipv4([6, 0, 1, 0], { protocol: 108 }),
  'three bytes of ipcomp': ipv4([6, 0, 1], { protocol: 108 }),
  'binding update': ipv6(135, [59, 0, 5, 0, 0, 0, 0, 0]),
  'mobility header with TCP behind': ipv6(135, [6, 0, 5, 0, 0, 0, 0, 0]),
  'first of two segments': srh(1, 1),
  'last segment': srh(0, 1),
  'more segments left than there are': srh(2, 1),
  'other routing header': srh(1, 1, 2),
  plain: ipv6(59, []),
}

describe('protocols one seldom meets', () => {
  it.each([
    ['4 -p dccp -m dccp --sport 7 --dport 80', 'dccp REQUEST', true],
    ['4 -p dccp -m dccp ! --dport 80', 'dccp REQUEST', false],
    ['4 -p dccp -m dccp --dccp-types DATA,REQUEST', 'dccp REQUEST', true],
    ['4 -p dccp -m dccp ! --dccp-types REQUEST', 'dccp REQUEST', false],
    ['4 -p dccp -m dccp --dccp-types INVALID', 'dccp type 13', true],
    ['4 -p dccp -m dccp --dccp-option 41', 'dccp REQUEST', true],
    ['4 -p dccp -m dccp --dccp-option 65', 'dccp REQUEST', false],
    ['4 -p dccp -m dccp ! --dccp-option 65', 'dccp REQUEST', true],
    ['4 -p dccp -m dccp --dccp-option 1', 'dccp REQUEST without room for its service', 'hotdrop'],
    ['4 -p dccp -m dccp ! --dccp-option 1', 'dccp REQUEST cut off in its options', 'hotdrop'],
    ['4 -p dccp -m dccp', 'seven bytes of dccp', 'hotdrop'],
    ['4 -p ipcomp -m ipcomp --ipcompspi 256', 'ipcomp', true],
    ['4 -p ipcomp -m ipcomp ! --ipcompspi 0:255', 'ipcomp', true],
    ['4 -p ipcomp -m ipcomp', 'ipcomp', false],
    ['4 -p ipcomp -m ipcomp', 'three bytes of ipcomp', 'hotdrop'],
    ['6 -p mobility-header -m mh --mh-type bu', 'binding update', true],
    ['6 -p mobility-header -m mh ! --mh-type 0:4', 'binding update', true],
    ['6 -p mobility-header -m mh ! --mh-type bu', 'binding update', false],
    ['6 -p mobility-header -m mh', 'mobility header with TCP behind', 'hotdrop'],
    ['6 -m srh --srh-next-hdr 59 --srh-tag 1792', 'first of two segments', true],
    ['6 -m srh --srh-tag 7', 'first of two segments', false],
    ['6 -m srh --srh-hdr-len-eq 4 ! --srh-segs-left-gt 4', 'first of two segments', true],
    ['6 -m srh --srh-segs-left-lt 1', 'first of two segments', false],
    ['6 -m srh --srh-last-entry-gt 0', 'last segment', true],
    ['6 -m srh --srh-lsid 2001:db8::1', 'first of two segments', true],
    ['6 -m srh --srh-nsid 2001:db8::1', 'first of two segments', true],
    ['6 -m srh ! --srh-nsid 2001:db8::/32', 'first of two segments', false],
    ['6 -m srh --srh-psid 2001:db8::2', 'last segment', true],
    ['6 -m srh ! --srh-psid ::/0', 'first of two segments', false],
    ['6 -m srh ! --srh-nsid ::/0', 'last segment', false],
    ['6 -m srh', 'more segments left than there are', false],
    ['6 -m srh', 'other routing header', false],
    ['6 -m srh ! --srh-tag 9', 'plain', false],
  ] as const)('%s on %s: %s', (words, packet, expected) => {
    expect(outcome(testsOf(words.slice(2), Number(words[0]) as 4 | 6), PACKETS[packet]!)).toBe(expected)
  })
})

function tracked(skb: Skb): Connection {
  const connection = new Connection(
    new Tuple(skb.source, skb.destination, 17, 1, 2),
    new Tuple(skb.destination, skb.source, 17, 2, 1),
  )
  skb.connection = connection
  skb.ctInfo = 2
  return connection
}

describe('-m connlabel', () => {
  it('sets a label once, tells of it, and holds from then on', () => {
    const skb = udp(1, 2)
    const connection = tracked(skb)
    expect(passes(testsOf('-m connlabel --label 5'), skb)).toBe(false)
    expect(passes(testsOf('-m connlabel ! --label 5'), skb)).toBe(true)
    expect(passes(testsOf('-m connlabel --label 5 --set'), skb)).toBe(true)
    expect([connection.labels, connection.pendingChanges]).toEqual([1n << 5n, Change.LABEL])
    expect(passes(testsOf('-m connlabel --label 5'), skb)).toBe(true)
    expect(passes(testsOf('-m connlabel --label 6'), skb)).toBe(false)
  })

  it('of a packet without a connection only the inverted one holds', () => {
    expect(passes(testsOf('-m connlabel --label 5 --set'), udp(1, 2))).toBe(false)
    expect(passes(testsOf('-m connlabel ! --label 5 --set'), udp(1, 2))).toBe(true)
  })
})

describe('-m cluster', () => {
  const node = (n: number, skb: Skb): boolean =>
    passes(testsOf(`-m cluster --cluster-total-nodes 3 --cluster-local-node ${n} --cluster-hash-seed 7`), skb)

  it('gives every source address to exactly one node, for both directions', () => {
    for (let host = 1; host < 100; host++) {
      const skb = udp(1, 2, [], { source: `10.6.0.${host}` })
      const connection = tracked(skb)
      const owners = [1, 2, 3].filter(n => node(n, skb))
      expect(owners).toHaveLength(1)
      const back = udp(2, 1, [], { source: '203.0.113.9', destination: `10.6.0.${host}` })
      back.connection = connection
      back.ctInfo = 3
      expect(node(owners[0]!, back)).toBe(true)
    }
  })

  it('never holds without a connection', () => {
    expect([1, 2, 3].some(n => node(n, udp(1, 2)))).toBe(false)
  })
})

it('a firewall with what is not modelled is refused by name', () => {
  const rules = 'iptables -P INPUT DROP\niptables -A INPUT -m ipvs --ipvs -j ACCEPT'
  expect(() => createFirewall({ rules })).toThrow(/<text>:2:\d+: error: match 'ipvs' is not modelled/)
})

describe('what a box with nothing special in it answers', () => {
  it.each([
    ['-m cpu --cpu 0', true],
    ['-m cpu ! --cpu 0', false],
    ['-m realm --realm 0', true],
    ['-m realm --realm 0x1/0x1', false],
    ['-m realm ! --realm 1', true],
    ['-p tcp -m osf --genre Linux', false],
    ['-p tcp -m osf ! --genre Linux', false],
  ] as const)('%s: %s', (words, expected) => {
    expect(passes(testsOf(words), udp(1, 2))).toBe(expected)
  })

  it('-m socket finds none', () => {
    expect(passes(testsOf('-m socket --nowildcard', 4, 'mangle PREROUTING'), udp(1, 2))).toBe(false)
  })

  it.each([
    ['--cgroup 0', true],
    ['! --cgroup 0', false],
    ['--path /', true],
    ['! --path /', false],
  ] as const)('-m cgroup %s of a packet with a socket: %s', (words, expected) => {
    const skb = udp(1, 2)
    skb.socket = { uid: 0, gid: 0 }
    const tests = testsOf(`-m cgroup ${words}`, 4, 'filter OUTPUT')
    expect(passes(tests, skb)).toBe(expected)
    expect(passes(tests, udp(1, 2))).toBe(false)
  })
})

describe('rates', () => {
  const settings = { intervalLog: 2, ewmaLog: 1 }
  /** 256 bytes in the first second, then silence. */
  const first = countPacket(undefined, settings, 256, 0)

  it.each([
    [0, 0, 0],
    [999, 0, 0],
    [1000, 128, 0],
    [2000, 64, 0],
    [3000, 32, 0],
    [60_000, 0, 0],
  ])('at %i ms: %i bytes and %i packets a second', (nowMs, bps, pps) => {
    expect(ratesAt(first, nowMs)).toEqual({ bps, pps })
  })

  it('near a steady rate', () => {
    let estimator: Estimator | undefined
    for (let ms = 0; ms < 20_000; ms += 100) estimator = countPacket(estimator, settings, 100, ms)
    const { bps, pps } = ratesAt(estimator, 20_000)
    expect(bps).toBeGreaterThan(990)
    expect(bps).toBeLessThanOrEqual(1000)
    expect(pps).toBe(10)
  })

  it.each([
    ['--rateest A --rateest-gt --rateest-bps 1000bit', true],
    ['--rateest A --rateest-gt --rateest-bps 1024bit', false],
    ['--rateest A --rateest-eq --rateest-bps 1024bit', true],
    ['--rateest A ! --rateest-eq --rateest-bps 1024bit', false],
    ['--rateest A --rateest-lt --rateest-pps 1', true],
    ['--rateest A --rateest-lt --rateest-pps 1 --rateest-bps 8bit', false],
    ['--rateest1 A --rateest-gt --rateest-bps --rateest2 B', true],
    ['--rateest-delta --rateest A --rateest-bps1 1032bit --rateest-eq --rateest-bps2 8bit', true],
    ['--rateest-delta --rateest A --rateest-bps1 8bit --rateest-eq --rateest-bps2 0bit', true],
  ] as const)('128 bytes a second, -m rateest %s: %s', (words, expected) => {
    const bench = new Bench()
    bench.nowMs = 1000
    bench.memory.set('rateest/A', first)
    const made = ['A', 'B'].map(
      name => `-A INPUT -j RATEEST --rateest-name ${name} --rateest-interval 1s --rateest-ewmalog 2s\n`,
    )
    const [, , tests] = rulesTests(load(`*filter\n${made.join('')}-A FORWARD -m rateest ${words}\nCOMMIT\n`))
    expect(passes(tests!, udp(1, 2), bench)).toBe(expected)
  })
})
