import { describe, expect, it } from 'vitest'
import {
  Connection,
  CtInfo,
  ORIGINAL,
  REPLY,
  Status,
  TcpTracking,
} from '../../../src/conntrack/connection.ts'
import { TcpState } from '../../../src/conntrack/tcp-table.ts'
import { Tuple } from '../../../src/conntrack/tuple.ts'
import type { Skb } from '../../../src/packet/skb.ts'
import type { Test } from '../../../src/rules/extension.ts'
import { load } from '../text.ts'
import { Bench, ipv4, ipv6, outcome, passes, rulesTests, testsOf, udp } from './bench.ts'

/** `y` and `n` for so many packets in a row. */
function run(tests: readonly Test[], bench: Bench, packets: number, skb: Skb = udp(1000, 53)): string {
  return Array.from({ length: packets }, () => (passes(tests, skb, bench) ? 'y' : 'n')).join('')
}

describe('limit', () => {
  it('starts full and pays only when it is reached', () => {
    const bench = new Bench()
    const tests = testsOf('-m limit --limit 1/sec --limit-burst 3')
    expect(run(tests, bench, 5)).toBe('yyynn')
    bench.wait(1)
    expect(run(tests, bench, 2)).toBe('yn')
    bench.wait(60)
    expect(run(tests, bench, 4)).toBe('yyyn')
  })

  it('counts in jiffies of 4 ms', () => {
    const bench = new Bench()
    const tests = testsOf('-m limit --limit 1/sec --limit-burst 1')
    expect(run(tests, bench, 2)).toBe('yn')
    bench.nowMs = 999
    expect(run(tests, bench, 1)).toBe('n')
    bench.nowMs = 1000
    expect(run(tests, bench, 1)).toBe('y')
  })
})

describe('hashlimit', () => {
  const from = (source: string): Skb => udp(1000, 53, [], { source })

  it('has a bucket for every group', () => {
    const bench = new Bench()
    const tests = testsOf(
      '-m hashlimit --hashlimit-upto 1/min --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-name a',
    )
    expect(run(tests, bench, 3, from('10.6.0.2'))).toBe('yyn')
    expect(run(tests, bench, 3, from('10.6.0.3'))).toBe('yyn')
  })

  it('masks the addresses', () => {
    const bench = new Bench()
    const tests = testsOf(
      '-m hashlimit --hashlimit-above 1/min --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-srcmask 24 --hashlimit-name a',
    )
    expect(run(tests, bench, 2, from('10.6.0.2'))).toBe('nn')
    expect(run(tests, bench, 1, from('10.6.0.3'))).toBe('y')
  })

  it('shares a table by name, with the rate of the first rule', () => {
    const bench = new Bench()
    const rule = (rate: string, sense: string) =>
      `-A FORWARD -m hashlimit --hashlimit-${sense} ${rate} --hashlimit-burst 1 --hashlimit-name a\n`
    const [first = [], second = []] = rulesTests(
      load(`*filter\n${rule('1/min', 'upto')}${rule('100/s', 'above')}COMMIT\n`),
    )
    expect(passes(first, udp(1, 2), bench)).toBe(true)
    expect(passes(second, udp(1, 2), bench)).toBe(true)
  })

  it('forgets an idle group at the sweep after it expired', () => {
    const bench = new Bench()
    const tests = testsOf(
      '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-htable-expire 500 --hashlimit-name a',
    )
    expect(run(tests, bench, 2)).toBe('yn')
    bench.nowMs = 600
    expect(run(tests, bench, 1)).toBe('n')
    bench.nowMs = 2500
    expect(run(tests, bench, 1)).toBe('y')
  })

  it('drops a packet that ends before its ports', () => {
    const tests = testsOf('-m hashlimit --hashlimit-upto 1/s --hashlimit-mode dstport --hashlimit-name a')
    expect(outcome(tests, ipv4([0, 1, 0], { protocol: 17 }))).toBe('hotdrop')
    expect(outcome(tests, ipv4([], { protocol: 253 }))).toBe(true)
    const tests6 = testsOf('-m hashlimit --hashlimit-upto 1/s --hashlimit-mode dstport --hashlimit-name a', 6)
    expect(outcome(tests6, ipv6(59, []))).toBe('hotdrop')
    expect(outcome(tests6, ipv6(44, [17, 0, 0, 8, 0, 0, 0, 7, 1, 2, 3, 4]))).toBe(true)
  })

  it('pays for bytes in pieces of 16', () => {
    const bench = new Bench()
    const tests = testsOf('-m hashlimit --hashlimit-upto 1kb/s --hashlimit-name a')
    // 65 × 16 bytes a second; a packet of 500 bytes costs 32 of them
    expect(run(tests, bench, 4, ipv4(new Array(480).fill(0)))).toBe('yynn')
  })

  it('compares rates with --hashlimit-rate-match', () => {
    const bench = new Bench()
    const tests = testsOf(
      '-m hashlimit --hashlimit-upto 2/s --hashlimit-burst 1 --hashlimit-rate-match --hashlimit-name a',
    )
    expect(run(tests, bench, 4)).toBe('yyyn')
    bench.wait(1)
    expect(run(tests, bench, 1)).toBe('n')
    bench.wait(1)
    expect(run(tests, bench, 1)).toBe('y')
  })
})

describe('recent', () => {
  const lists = (lines: string): readonly (readonly Test[])[] =>
    rulesTests(load(`*filter\n${lines.trim().replace(/^\s*/gm, '-A FORWARD -m recent ')}\nCOMMIT\n`))
  const from = (last: number): Skb => udp(1, 2, [], { source: `10.6.0.${last}` })

  it('sets, checks and removes', () => {
    const bench = new Bench()
    const [set = [], check = [], not = [], remove = []] = lists('--set\n--rcheck\n! --rcheck\n--remove')
    expect(passes(check, from(2), bench)).toBe(false)
    expect(passes(not, from(2), bench)).toBe(true)
    expect(passes(set, from(2), bench)).toBe(true)
    expect(passes(check, from(2), bench)).toBe(true)
    expect(passes(check, from(3), bench)).toBe(false)
    expect(passes(remove, from(2), bench)).toBe(true)
    expect(passes(remove, from(2), bench)).toBe(false)
  })

  it('--update keeps an entry alive, --rcheck does not', () => {
    for (const [action, result] of [
      ['--update', true],
      ['--rcheck', false],
    ] as const) {
      const bench = new Bench()
      const [set = [], look = []] = lists(`--set\n${action} --seconds 10`)
      passes(set, from(2), bench)
      bench.wait(8)
      expect(passes(look, from(2), bench)).toBe(true)
      bench.wait(8)
      expect(passes(look, from(2), bench)).toBe(result)
    }
  })

  it('counts hits within the time', () => {
    const bench = new Bench()
    const [set = [], check = []] = lists('--set\n--rcheck --seconds 10 --hitcount 3')
    passes(set, from(2), bench)
    bench.wait(6)
    passes(set, from(2), bench)
    expect(passes(check, from(2), bench)).toBe(false)
    passes(set, from(2), bench)
    expect(passes(check, from(2), bench)).toBe(true)
    bench.wait(5)
    expect(passes(check, from(2), bench)).toBe(false)
  })

  it('forgets the entry that was not touched for longest when the list is full', () => {
    const bench = new Bench()
    const [set = [], check = []] = lists('--set\n--rcheck')
    for (let last = 1; last <= 100; last++) passes(set, from(last), bench)
    passes(set, from(1), bench)
    passes(set, from(101), bench)
    expect(passes(check, from(1), bench)).toBe(true)
    expect(passes(check, from(2), bench)).toBe(false)
  })

  it('--rttl wants the TTL of the packet that made the entry', () => {
    const bench = new Bench()
    const [set = [], check = []] = lists('--set\n--rcheck --rttl')
    passes(set, udp(1, 2, [], { ttl: 64 }), bench)
    expect(passes(check, udp(1, 2, [], { ttl: 63 }), bench)).toBe(false)
    expect(passes(check, udp(1, 2, [], { ttl: 64 }), bench)).toBe(true)
  })

  it('all rules of a list use the mask of the first', () => {
    const bench = new Bench()
    const [set = [], check = []] = lists('--set --mask 255.255.255.0\n--rcheck')
    passes(set, from(2), bench)
    expect(passes(check, from(3), bench)).toBe(true)
  })
})

describe('connlimit', () => {
  const open = (bench: Bench, sport: number, source = '10.6.0.2'): Skb => {
    const skb = udp(sport, 53, [], { source })
    const { destination } = skb
    const connection = new Connection(
      new Tuple(skb.source, destination, 17, sport, 53),
      new Tuple(destination, skb.source, 17, 53, sport),
    )
    bench.connections.push(connection)
    skb.connection = connection
    skb.ctInfo = CtInfo.NEW
    return skb
  }

  it('counts a connection once, and the present one too', () => {
    const bench = new Bench()
    const tests = testsOf('-m connlimit --connlimit-above 1')
    const first = open(bench, 1000)
    for (let i = 0; i < 3; i++) {
      expect(passes(tests, first, bench)).toBe(false)
      bench.nowMs += 4
    }
    expect(passes(tests, open(bench, 1001), bench)).toBe(true)
    expect(passes(tests, open(bench, 1000, '10.6.0.3'), bench)).toBe(false)
  })

  it('counts a first packet twice that it sees twice within a jiffy, but no later one', () => {
    const bench = new Bench()
    const first = open(bench, 1000)
    expect(run(testsOf('-m connlimit --connlimit-upto 1'), bench, 2, first)).toBe('yn')
    first.connection!.status = Status.CONFIRMED
    const other = new Bench()
    other.connections = bench.connections
    expect(run(testsOf('-m connlimit --connlimit-upto 1'), other, 2, first)).toBe('yy')
  })

  it('groups by prefix', () => {
    const bench = new Bench()
    const tests = testsOf('-m connlimit --connlimit-upto 1 --connlimit-mask 24')
    expect(passes(tests, open(bench, 1000, '10.6.0.2'), bench)).toBe(true)
    expect(passes(tests, open(bench, 1000, '10.6.0.3'), bench)).toBe(false)
  })

  it('forgets connections that conntrack has forgotten or closed', () => {
    const bench = new Bench()
    const tests = testsOf('-m connlimit --connlimit-above 1')
    passes(tests, open(bench, 1000), bench)
    bench.connections = []
    bench.nowMs += 4
    expect(passes(tests, open(bench, 1001), bench)).toBe(false)
    const closed = new TcpTracking()
    closed.state = TcpState.TIME_WAIT
    bench.connections[0]!.protocolState = closed
    bench.nowMs += 4
    expect(passes(tests, open(bench, 1002), bench)).toBe(false)
  })
})

describe('counting matches', () => {
  it.each([
    ['--every 3 --packet 0', 'ynnyn'],
    ['--every 3 --packet 1', 'nynny'],
    ['! --every 2 --packet 0', 'nynyn'],
  ])('statistic nth %s', (words, expected) => {
    expect(run(testsOf(`-m statistic --mode nth ${words}`), new Bench(), 5)).toBe(expected)
  })

  it('statistic random asks the caller', () => {
    const bench = new Bench()
    const tests = testsOf('-m statistic --mode random --probability 0.5')
    expect(() => passes(tests, udp(1, 2), bench)).toThrow('source of random numbers')
    bench.random = () => 2 ** 30 - 1
    expect(passes(tests, udp(1, 2), bench)).toBe(true)
    bench.random = () => 2 ** 30
    expect(passes(tests, udp(1, 2), bench)).toBe(false)
  })

  it('quota: what does not fit uses up the rest', () => {
    const bench = new Bench()
    const tests = testsOf('-m quota --quota 70')
    const small = ipv4([])
    expect(run(tests, bench, 1, small)).toBe('y')
    expect(run(tests, bench, 1, ipv4(new Array(60).fill(0)))).toBe('n')
    expect(run(tests, bench, 1, small)).toBe('n')
  })

  it.each([
    ['2:3', 'packets', 'original', true],
    ['4', 'packets', 'original', false],
    ['! 4', 'packets', 'original', true],
    ['5', 'packets', 'both', true],
    ['100:100', 'avgpkt', 'original', true],
    ['700', 'bytes', 'both', true],
  ])('connbytes %s %s %s is %s', (bounds, mode, direction, expected) => {
    const skb = udp(1, 2)
    skb.connection = new Connection(
      new Tuple(skb.source, skb.destination, 17, 1, 2),
      new Tuple(skb.destination, skb.source, 17, 2, 1),
    )
    skb.connection.isAccounted = true
    skb.connection.count(ORIGINAL, 3, 301)
    skb.connection.count(REPLY, 2, 400)
    skb.connection.status = Status.CONFIRMED
    const option = bounds.startsWith('!') ? `! --connbytes ${bounds.slice(2)}` : `--connbytes ${bounds}`
    const tests = testsOf(`-m connbytes ${option} --connbytes-mode ${mode} --connbytes-dir ${direction}`)
    expect(passes(tests, skb)).toBe(expected)
    expect(passes(tests, udp(1, 2))).toBe(false)
    skb.connection.isAccounted = false
    expect(passes(tests, skb)).toBe(false)
  })
})
