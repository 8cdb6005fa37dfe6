import { describe, expect, it } from 'vitest'
import {
  connect,
  createNetwork,
  curl,
  iptablesOn,
  listener,
  type Network,
  nodeOf,
  ping,
  push,
  send,
  settle,
  traceroute,
  webServer,
} from '../../src/network/index.ts'
import { udp } from '../../src/packet/constructors.ts'

/** client — r1 — r2 — server; `narrow` is the MTU of the link in the middle. */
function twoRouters({ narrow = 1500, loop = false } = {}): Network {
  const between = (address: string) => ({ addresses: [address], mtu: narrow })
  return createNetwork({
    nodes: {
      client: { address: ['10.1.0.2/24', '2001:db8:1::2/64'] },
      r1: {
        interfaces: {
          eth0: ['10.1.0.1/24', '2001:db8:1::1/64'],
          eth1: { ...between('10.9.0.1/30'), addresses: ['10.9.0.1/30', '2001:db8:9::1/64'] },
        },
        routes: ['default via 10.9.0.2', 'default via 2001:db8:9::2'],
      },
      r2: {
        interfaces: {
          eth0: { ...between('10.9.0.2/30'), addresses: ['10.9.0.2/30', '2001:db8:9::2/64'] },
          eth1: ['10.2.0.1/24', '2001:db8:2::1/64'],
        },
        routes: [
          '10.1.0.0/24 via 10.9.0.1',
          '2001:db8:1::/64 via 2001:db8:9::1',
          ...(loop ? ['10.77.0.0/16 via 10.9.0.1'] : []),
        ],
      },
      server: {
        address: ['10.2.0.2/24', '2001:db8:2::2/64'],
        services: [webServer(), listener({ port: 81 })],
      },
    },
    links: {
      left: ['client', 'r1:eth0'],
      middle: { kind: 'point-to-point', members: ['r1:eth1', 'r2:eth0'], delayMs: 10 },
      right: ['r2:eth1', 'server'],
    },
  })
}

describe('ping', () => {
  it.each([
    ['10.2.0.2', 62],
    ['2001:db8:2::2', 62],
    ['10.9.0.2', 63],
    ['127.0.0.1', 64],
  ])('%s answers', (host, ttl) => {
    const { result } = ping(twoRouters(), 'client', host)
    expect(result).toMatchObject({ outcome: 'answered', answers: [{ ttl }] })
  })

  it('takes the time of the links, there and back', () => {
    expect(ping(twoRouters(), 'client', 'server').result.answers[0]?.rttMs).toBe(24)
  })

  it.each([
    ['192.0.2.1', 'network-unreachable', '10.9.0.2'],
    ['10.2.0.9', 'host-unreachable', '10.9.0.2'],
    ['2001:db8:ff::1', 'network-unreachable', '2001:db8:9::2'],
  ])('%s: a router says %s', (host, error, router) => {
    const { result } = ping(twoRouters(), 'client', host, { timeoutMs: 5000 })
    expect(result.outcome).toBe('unreachable')
    expect(result.answers[0]).toMatchObject({ error })
    expect(result.answers[0]?.by?.from.toString()).toBe(router)
  })

  it('behind a firewall that drops it: nothing', () => {
    const network = iptablesOn(twoRouters(), 'r2', 'iptables -A FORWARD -p icmp -j DROP')
    expect(ping(network, 'client', '10.2.0.2', { count: 3 }).result).toMatchObject({
      outcome: 'unanswered',
      sent: 3,
    })
  })
})

describe('traceroute', () => {
  it.each(['udp', 'icmp'] as const)('finds both routers by %s', method => {
    expect(traceroute(twoRouters(), 'client', '10.2.0.2', { method }).result).toMatchObject({
      outcome: 'reached',
      text: 'traceroute to 10.2.0.2\n 1  10.1.0.1  2 ms\n 2  10.9.0.2  22 ms\n 3  10.2.0.2  24 ms',
    })
  })

  it('in IPv6', () => {
    const { result } = traceroute(twoRouters(), 'client', '2001:db8:2::2')
    expect(result.hops.map(({ from }) => `${from}`)).toEqual([
      '2001:db8:1::1',
      '2001:db8:9::2',
      '2001:db8:2::2',
    ])
  })

  it('shows a star for a router that keeps quiet', () => {
    const network = iptablesOn(twoRouters(), 'r1', 'iptables -A OUTPUT -p icmp -j DROP')
    const { result } = traceroute(network, 'client', '10.2.0.2')
    expect(result.hops.map(({ from }) => from?.toString() ?? '*')).toEqual(['*', '10.9.0.2', '10.2.0.2'])
  })

  it('shows where it is forbidden', () => {
    const reject = 'iptables -A FORWARD -p udp -j REJECT --reject-with icmp-admin-prohibited'
    const { result } = traceroute(iptablesOn(twoRouters(), 'r2', reject), 'client', '10.2.0.2')
    expect(result).toMatchObject({ outcome: 'blocked' })
    expect(result.hops.at(-1)).toMatchObject({ note: '!X' })
  })
})

it('a loop ends when the TTL does, and the sender is told', () => {
  const packet = udp({ from: '10.1.0.2:4000', to: '10.77.0.1:53', ttl: 10 })
  const { hops } = settle(send(twoRouters({ loop: true }), 'client', packet).network)
  const forwarded = hops.filter(
    hop => hop.kind === 'hop' && hop.outcome.fate.kind === 'forwarded' && hop.packet.decoded.kind === 'udp',
  )
  expect(forwarded).toHaveLength(9)
  const last = hops.at(-1)!
  expect(last).toMatchObject({ node: 'client' })
  expect(last.packet.toString()).toContain('ttl-zero-during-transit')
})

describe('a narrow link', () => {
  const text = 'x'.repeat(4000)
  it.each(['10.2.0.2:81', '[2001:db8:2::2]:81'])(
    '%s: the router says so and segments get smaller',
    target => {
      const opened = connect(twoRouters({ narrow: 1280 }), 'client', target)
      if (opened.result.outcome !== 'open') throw new Error(opened.result.text)
      const { network, result, hops } = push(opened.network, opened.result.connection, text)
      expect(result.outcome).toBe('delivered')
      expect(hops.some(({ packet }) => /fragmentation-needed|packet-too-big/.test(packet.toString()))).toBe(
        true,
      )
      const { state } = nodeOf(network, 'server').host.processes[1]!
      expect((state as { received: { text: string }[] }).received.map(piece => piece.text).join('')).toBe(
        text,
      )
    },
  )

  it('is a black hole when the ICMP error is dropped', () => {
    const network = iptablesOn(twoRouters({ narrow: 1280 }), 'r1', 'iptables -A OUTPUT -p icmp -j DROP')
    const opened = connect(network, 'client', '10.2.0.2:81')
    if (opened.result.outcome !== 'open') throw new Error(opened.result.text)
    expect(push(opened.network, opened.result.connection, text).result.outcome).toBe('unacknowledged')
    const clamped = iptablesOn(
      network,
      'r1',
      'iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
    )
    const mended = connect(clamped, 'client', '10.2.0.2:81')
    if (mended.result.outcome !== 'open') throw new Error(mended.result.text)
    expect(push(mended.network, mended.result.connection, text).result.outcome).toBe('delivered')
  })
})

it('curl works in IPv6', () => {
  expect(curl(twoRouters(), 'client', 'http://[2001:db8:2::2]/').result.outcome).toBe('answered')
})
