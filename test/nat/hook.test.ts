import { describe, expect, it } from 'vitest'
import { type Connection, CtInfo, Status } from '../../src/conntrack/connection.ts'
import { invertTuple } from '../../src/conntrack/tuple.ts'
import { bind } from '../../src/nat/bind.ts'
import { NAT_ACCEPT, NAT_DROP, natHook } from '../../src/nat/hook.ts'
import type { NatHook } from '../../src/nat/manip.ts'
import { icmpError, ip, packet, skbOf, translated } from './packets.ts'
import { context, established, opened, range } from './support.ts'

const FLOW = 'tcp 10.6.0.2:1025>198.51.100.7:80'
const OUTSIDE = 'tcp 203.0.113.1:1025>198.51.100.7:80'

/** A packet at a hook; `rules` stands for the nat table, and counts how often it was asked. */
function at(
  hook: NatHook,
  connection: Connection | undefined,
  ctInfo: CtInfo,
  rules: (connection: Connection) => number = () => NAT_ACCEPT,
  step = context(),
) {
  const skb = skbOf(packet(connection?.tuple(ctInfo >= 3 ? 1 : 0) ?? FLOW), connection!, ctInfo)
  skb.outDevice = 'wan0'
  let asked = 0
  const walk = () => {
    asked++
    return rules(skb.connection!)
  }
  const verdict = natHook(skb, hook, walk, step)
  return { verdict, asked, bytes: skb.bytes, connection: skb.connection }
}

const snat = (step = context()) => ({
  step,
  rules: (connection: Connection) => {
    bind(connection, range('source', '203.0.113.1'), 'source', step)
    return NAT_ACCEPT
  },
})

describe('the nat table is consulted', () => {
  it.each([
    // hook, what conntrack says, status so far, how often
    ['PREROUTING', CtInfo.NEW, 0, 1],
    ['PREROUTING', CtInfo.NEW, Status.DST_NAT_DONE, 0],
    ['OUTPUT', CtInfo.NEW, 0, 1],
    ['POSTROUTING', CtInfo.NEW, Status.DST_NAT_DONE, 1],
    ['INPUT', CtInfo.NEW, Status.DST_NAT_DONE, 1],
    ['INPUT', CtInfo.NEW, Status.SRC_NAT_DONE, 0],
    ['PREROUTING', CtInfo.RELATED, 0, 1],
    ['PREROUTING', CtInfo.ESTABLISHED, 0, 0],
    ['POSTROUTING', CtInfo.ESTABLISHED_REPLY, 0, 0],
    ['PREROUTING', CtInfo.UNTRACKED, 0, 0],
  ] as const)('in %s by ctinfo %i with status %i: %i times', (hook, ctInfo, status, times) => {
    const connection = opened(FLOW)
    connection.status = status
    expect(at(hook, connection, ctInfo).asked).toBe(times)
  })

  it('never by a packet without a connection', () => {
    const skb = skbOf(packet(FLOW), undefined as unknown as Connection, CtInfo.NEW)
    const rules = () => {
      throw new Error('asked')
    }
    expect(natHook(skb, 'PREROUTING', rules, context())).toBe(NAT_ACCEPT)
  })

  it('by a later fragment of an ICMPv6 error, which is no ICMPv6 to it, and passes as it is', () => {
    const connection = opened('udp 2001:db8:6::1:5000>2001:db8:6::1:53')
    const fragment = ip('2001:db8:6::1', '2001:db8:6::1', 44, [58, 0, 0, 40, 0, 0, 0, 77, 1, 2, 3, 4])
    const skb = skbOf(fragment, connection, CtInfo.RELATED)
    let asked = 0
    const walk = () => {
      asked++
      return NAT_ACCEPT
    }
    expect(natHook(skb, 'INPUT', walk, context())).toBe(NAT_ACCEPT)
    expect(asked).toBe(1)
    expect(skb.bytes).toEqual(fragment)
  })

  it('never by an ICMP error, which is translated from the connection', () => {
    const connection = translated(FLOW, OUTSIDE)
    const skb = skbOf(
      icmpError('198.51.100.7', '203.0.113.1', 3, packet(OUTSIDE)),
      connection,
      CtInfo.RELATED_REPLY,
    )
    const rules = () => {
      throw new Error('asked')
    }
    expect(natHook(skb, 'PREROUTING', rules, context())).toBe(NAT_ACCEPT)
    expect(skb.bytes).toEqual(icmpError('198.51.100.7', '10.6.0.2', 3, packet(FLOW)))
  })
})

describe('the first packet', () => {
  it('is rewritten as its rule says', () => {
    const { step, rules } = snat()
    const { verdict, bytes } = at('POSTROUTING', opened(FLOW, step.owner), CtInfo.NEW, rules, step)
    expect(verdict).toBe(NAT_ACCEPT)
    expect(bytes).toEqual(packet(OUTSIDE))
  })

  it('gets a null binding where no rule matches', () => {
    const { verdict, connection, bytes } = at('POSTROUTING', opened(FLOW), CtInfo.NEW)
    expect(verdict).toBe(NAT_ACCEPT)
    expect(connection!.status).toBe(Status.SRC_NAT_DONE)
    expect(bytes).toEqual(packet(FLOW))
  })

  it('is dropped when the rules drop it', () => {
    expect(at('POSTROUTING', opened(FLOW), CtInfo.NEW, () => NAT_DROP)).toMatchObject({ verdict: NAT_DROP })
  })
})

describe('a masqueraded connection', () => {
  const masqueraded = (device: string) => {
    const step = context()
    const connection = established(step, FLOW, 'tcp 198.51.100.7:80>203.0.113.1:1025')
    connection.masqueradeDevice = device
    return { step, connection }
  }

  it('goes on as long as it leaves by the same device', () => {
    const { step, connection } = masqueraded('wan0')
    const { verdict, bytes } = at('POSTROUTING', connection, CtInfo.ESTABLISHED, undefined, step)
    expect(verdict).toBe(NAT_ACCEPT)
    expect(bytes).toEqual(packet(OUTSIDE))
  })

  it('is killed by a packet that would leave by another', () => {
    const { step, connection } = masqueraded('ppp0')
    expect(at('POSTROUTING', connection, CtInfo.ESTABLISHED, undefined, step).verdict).toBe(NAT_DROP)
    expect(step.sessions.size).toBe(0)
  })

  it('does not mind where its answers leave', () => {
    const { step, connection } = masqueraded('ppp0')
    const { verdict } = at('POSTROUTING', connection, CtInfo.ESTABLISHED_REPLY, undefined, step)
    expect(verdict).toBe(NAT_ACCEPT)
    expect(step.sessions.lookup(invertTuple(connection.original)!, connection.zone)).toBe(-1)
  })
})
