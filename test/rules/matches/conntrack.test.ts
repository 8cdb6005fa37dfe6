import { describe, expect, it } from 'vitest'
import { Connection, CtInfo, Status } from '../../../src/conntrack/connection.ts'
import { Tuple } from '../../../src/conntrack/tuple.ts'
import type { Skb } from '../../../src/packet/skb.ts'
import { Bench, complaint, passes, testsOf, udp } from './bench.ts'

/** 10.6.0.2:1000 → 203.0.113.9:53, behind the box's 203.0.113.1:4000. */
function tracked(ctInfo: CtInfo, status: number = Status.CONFIRMED): Skb {
  const skb = udp(1000, 53)
  const outside = udp(4000, 53, [], { source: '203.0.113.1' })
  skb.connection = new Connection(
    new Tuple(skb.source, skb.destination, 17, 1000, 53),
    new Tuple(skb.destination, outside.source, 17, 53, 4000),
  )
  skb.connection.status = status
  skb.connection.expiresAtMs = 30_999
  skb.ctInfo = ctInfo
  return skb
}

const invalid = (): Skb => udp(1000, 53)
const untracked = (): Skb => {
  const skb = udp(1000, 53)
  skb.ctInfo = CtInfo.UNTRACKED
  return skb
}

describe('--ctstate', () => {
  const packets: Record<string, Skb> = {
    NEW: tracked(CtInfo.NEW),
    ESTABLISHED: tracked(CtInfo.ESTABLISHED_REPLY),
    RELATED: tracked(CtInfo.RELATED_REPLY),
    INVALID: invalid(),
    UNTRACKED: untracked(),
    SNAT: tracked(CtInfo.ESTABLISHED, Status.SRC_NAT),
    DNAT: tracked(CtInfo.ESTABLISHED_REPLY, Status.DST_NAT),
  }

  it.each(Object.keys(packets))('%s', state => {
    const tests = testsOf(`-m conntrack --ctstate ${state}`)
    const inverted = testsOf(`-m conntrack ! --ctstate ${state}`)
    for (const [name, skb] of Object.entries(packets)) {
      const natted = state === 'ESTABLISHED' && (name === 'SNAT' || name === 'DNAT')
      expect([name, passes(tests, skb)]).toEqual([name, name === state || natted])
      expect([name, passes(inverted, skb)]).toEqual([name, !(name === state || natted)])
    }
  })

  it('-m state is the same', () => {
    expect(passes(testsOf('-m state --state RELATED,ESTABLISHED'), packets.ESTABLISHED!)).toBe(true)
    expect(passes(testsOf('-m state ! --state INVALID'), packets.INVALID!)).toBe(false)
  })
})

describe('a packet without a connection', () => {
  it.each([
    ['--ctstate INVALID --ctproto 6', true],
    ['--ctstate INVALID --ctdir REPLY', true],
    ['! --ctstate NEW --ctstatus ASSURED', true],
    ['--ctstate NEW --ctproto 17', false],
    ['--ctproto 17', false],
    ['! --ctproto 17', false],
    ['! --ctstatus ASSURED', false],
  ])('%s: %s', (words, expected) => {
    expect(passes(testsOf(`-m conntrack ${words}`), invalid())).toBe(expected)
  })
})

describe('criteria', () => {
  it.each([
    ['--ctdir ORIGINAL', true],
    ['--ctdir REPLY', false],
    ['--ctorigsrc 10.6.99.99/16', true],
    ['! --ctorigsrc 10.6.0.2', false],
    ['--ctrepldst 203.0.113.1', true],
    ['--ctreplsrc 203.0.113.9 --ctorigdst 203.0.113.9', true],
    ['--ctorigsrcport 1000 --ctorigdstport 50:60', true],
    ['--ctrepldstport 1000', false],
    ['! --ctrepldstport 1000', true],
    ['--ctproto udp', true],
    ['--ctstatus CONFIRMED,ASSURED', true],
    ['--ctstatus NONE', false],
    ['! --ctstatus NONE', true],
    ['--ctexpire 30', true],
    ['--ctexpire 31:', false],
  ])('%s: %s', (words, expected) => {
    expect(passes(testsOf(`-m conntrack ${words}`), tracked(CtInfo.ESTABLISHED))).toBe(expected)
  })

  it('the first packet sees no time left: its entry is not confirmed', () => {
    expect(passes(testsOf('-m conntrack --ctexpire 0'), tracked(CtInfo.NEW, 0))).toBe(true)
  })

  it('says which option failed, and what it saw', () => {
    const tests = testsOf('-m conntrack --ctstate ESTABLISHED --ctorigdstport 80')
    expect(complaint(tests, tracked(CtInfo.ESTABLISHED))).toBe('--ctorigdstport 80: ctorigdstport 53')
    expect(complaint(tests, tracked(CtInfo.NEW))).toBe('--ctstate ESTABLISHED: ctstate NEW')
  })
})

describe('connmark', () => {
  it.each([
    ['--mark 0x10/0xf0', true],
    ['! --mark 0x12', false],
    ['--mark 0x11/0x1', false],
  ])('%s: %s', (words, expected) => {
    const skb = tracked(CtInfo.NEW)
    skb.connection!.mark = 0x12
    expect(passes(testsOf(`-m connmark ${words}`), skb)).toBe(expected)
    expect(passes(testsOf(`-m connmark ${words}`), invalid())).toBe(false)
  })
})

describe('helper', () => {
  it('looks at the connection that expected this one', () => {
    const bench = new Bench()
    const master = tracked(CtInfo.ESTABLISHED).connection!
    master.helper = 'ftp'
    bench.connections = [master]
    const skb = tracked(CtInfo.RELATED)
    skb.connection!.masterOriginal = master.original
    expect(passes(testsOf('-m helper --helper ftp'), skb, bench)).toBe(true)
    expect(passes(testsOf('-m helper --helper ftp-2121'), skb, bench)).toBe(true)
    expect(passes(testsOf('-m helper --helper ""'), skb, bench)).toBe(true)
    expect(passes(testsOf('-m helper --helper tftp'), skb, bench)).toBe(false)
    expect(passes(testsOf('-m helper ! --helper ftp'), tracked(CtInfo.NEW), bench)).toBe(true)
  })
})
