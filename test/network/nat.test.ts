import { describe, expect, it } from 'vitest'
import {
  close,
  connect,
  conntrackOf,
  createNetwork,
  curl,
  flushConntrack,
  formatSessions,
  inject,
  iptablesOn,
  listener,
  type Network,
  natTableOf,
  nc,
  ping,
  push,
  received,
  sessions,
  tick,
  webServer,
} from '../../src/network/index.ts'
import { tcp, udp } from '../../src/packet/constructors.ts'
import { ipv4Of } from './addresses.ts'
import { office, sent, told, wayOf } from './fixtures.ts'

const chat = { services: [listener({ port: 8080, name: 'chat' })] }

function opened(network: Network, from = 'a', target = 'web:8080', options = {}) {
  const ran = connect(network, from, target, options)
  if (ran.result.outcome !== 'open') throw new Error(ran.result.text)
  return { network: ran.network, connection: ran.result.connection }
}

describe('a NAT gateway', () => {
  it('translates on the way out and back', () => {
    const hops = sent(office(), 'a', udp({ from: '10.6.34.100:4000', to: '198.51.100.7:53' }))
    expect(told(hops)).toMatchInlineSnapshot(`
      [
        "0 a: udp 10.6.34.100:4000 > 198.51.100.7:53 sent",
        "1 fw lan0: udp 10.6.34.100:4000 > 198.51.100.7:53 forwarded",
        "6 internet to-fw: udp 203.0.113.1:4000 > 198.51.100.7:53 ttl=63 forwarded",
        "11 web eth0: udp 203.0.113.1:4000 > 198.51.100.7:53 ttl=62 delivered",
        "11 web: icmp 198.51.100.7 > 203.0.113.1 port-unreachable { udp 203.0.113.1:4000 > 198.51.100.7:53 ttl=62 } sent",
        "16 internet to-web: icmp 198.51.100.7 > 203.0.113.1 port-unreachable { udp 203.0.113.1:4000 > 198.51.100.7:53 ttl=62 } forwarded",
        "21 fw wan0: icmp 198.51.100.7 > 203.0.113.1 port-unreachable { udp 203.0.113.1:4000 > 198.51.100.7:53 ttl=62 } ttl=63 forwarded",
        "22 a eth0: icmp 198.51.100.7 > 10.6.34.100 port-unreachable { udp 10.6.34.100:4000 > 198.51.100.7:53 ttl=62 } ttl=62 delivered",
      ]
    `)
  })

  it('gives each of several clients an entry of its own', () => {
    let network = office({ web: chat })
    for (const node of ['a', 'b'] as const)
      network = opened(network, node, 'web:8080', { localPort: 50000 }).network
    expect(natTableOf(network, 'fw')).toMatchInlineSnapshot(`
      "protocol  kind  inside             outside            remote             state        timeout
      tcp       SNAT  10.6.34.100:50000  203.0.113.1:50000  198.51.100.7:8080  ESTABLISHED  432000
      tcp       SNAT  10.6.34.101:50000  203.0.113.1:57910  198.51.100.7:8080  ESTABLISHED  432000"
    `)
    expect(formatSessions(sessions(network, 'fw'))).toMatchInlineSnapshot(`
      "proto  original                               reply                                  in    out   initiated by  state        age  timeout
      tcp    10.6.34.100:50000 > 198.51.100.7:8080  198.51.100.7:8080 > 203.0.113.1:50000  lan0  wan0  internal      ESTABLISHED  0s   432000s
      tcp    10.6.34.101:50000 > 198.51.100.7:8080  198.51.100.7:8080 > 203.0.113.1:57910  lan0  wan0  internal      ESTABLISHED  0s   432000s"
    `)
    expect(conntrackOf(network, 'fw').split('\n')).toHaveLength(2)
  })

  it('drops what comes in without an entry, or keeps it to itself', () => {
    const fw = iptablesOn(office(), 'fw', 'iptables -P INPUT DROP')
    expect(nc(fw, 'attacker', '203.0.113.1:8080', { timeoutMs: 3000 }).result.outcome).toBe('filtered')
  })

  it('lets in what is forwarded to a port inside', () => {
    const inside = createNetwork({
      nodes: {
        server: { address: '192.168.1.100/24', services: [webServer()] },
        router: {
          interfaces: { lan0: '192.168.1.1/24', wan0: '203.0.113.4/24' },
          rules:
            'iptables -t nat -A PREROUTING -i wan0 -p tcp --dport 80 -j DNAT --to-destination 192.168.1.100:80',
        },
        visitor: { address: '198.51.100.9' },
      },
      links: { lan: ['server', 'router:lan0'], internet: ['router:wan0', 'visitor'] },
    })
    const { network, result } = curl(inside, 'visitor', 'http://203.0.113.4/')
    expect(result.outcome).toBe('answered')
    expect(sessions(network, 'router')).toMatchObject([
      {
        initiator: 'external',
        direction: 'inbound',
        translated: 'DNAT',
        inDevice: 'wan0',
        outDevice: 'lan0',
      },
    ])
  })

  it('passes pings, and the errors about them', () => {
    expect(ping(office(), 'a', 'web').result.outcome).toBe('answered')
    const { result } = ping(office(), 'a', '192.0.2.1')
    expect(result.answers[0]).toMatchObject({ error: 'network-unreachable' })
  })
})

describe('push through a stateful firewall', () => {
  const start = () => opened(office({ web: chat }))

  it('what the server says unasked passes, since it belongs to the session', () => {
    const { network, connection } = start()
    const first = push(network, connection, 'one', { from: 'server' })
    const second = push(tick(first.network, 60_000).network, connection, 'two', { from: 'server' })
    expect(second.result.outcome).toBe('delivered')
    expect(received(second.network, connection)).toBe('onetwo')
  })

  it('an unsolicited packet of the same server from another port does not', () => {
    const { network } = start()
    const stray = tcp({
      from: '198.51.100.7:9999',
      to: '203.0.113.1:40000',
      flags: 'PA',
      seq: 1,
      ack: 1,
      data: 'x',
    })
    const hops = sent(network, 'web', stray)
    expect(hops.some(({ node }) => node === 'a')).toBe(false)
  })

  it('nor does one that guesses the address inside', () => {
    const stray = tcp({ from: '192.0.2.99:443', to: '10.6.34.100:40000', flags: 'S' })
    const { hops } = inject(start().network, 'fw', 'wan0', stray)
    expect(hops[0]).toMatchObject({
      outcome: { fate: { kind: 'dropped', at: { chain: 'FORWARD', rule: 'policy' } } },
    })
  })

  const idle = (keepAlive: boolean): string => {
    const short = { fw: { sysctls: { 'net.netfilter.nf_conntrack_tcp_timeout_established': 60 } }, web: chat }
    const options = keepAlive ? { keepAlive: { idleMs: 30_000, intervalMs: 5000, probes: 3 } } : {}
    const ready = opened(iptablesOn(office(short), 'fw', 'iptables -P INPUT DROP'), 'a', 'web:8080', options)
    const later = tick(ready.network, 120_000).network
    return push(later, ready.connection, 'news', { from: 'server' }).result.outcome
  }

  it('idle for longer than the timeout, it no longer passes; keep-alives help', () => {
    expect(idle(false)).toBe('unacknowledged')
    expect(idle(true)).toBe('delivered')
  })

  it('nor after conntrack -F, until the client speaks again', () => {
    const { network, connection } = start()
    const flushed = flushConntrack(iptablesOn(network, 'fw', 'iptables -P INPUT DROP'), 'fw')
    expect(push(flushed, connection, 'news', { from: 'server' }).result.outcome).toBe('unacknowledged')
    const spoken = push(flushed, connection, 'still there?')
    expect(push(spoken.network, connection, 'news', { from: 'server' }).result.outcome).toBe('delivered')
  })

  it('the entry follows the connection to its end', () => {
    const { network, connection } = start()
    const { state, initiator, direction } = sessions(network, 'fw')[0]!
    expect({ state, initiator, direction }).toEqual({
      state: 'ESTABLISHED',
      initiator: 'internal',
      direction: 'outbound',
    })
    const closed = close(network, connection).network
    expect(sessions(closed, 'fw')[0]).toMatchObject({ state: 'TIME_WAIT', timeoutMs: expect.any(Number) })
    expect(sessions(tick(closed, 121_000).network, 'fw')).toEqual([])
  })
})

describe('the log', () => {
  it('follows one packet through every hop, whatever NAT makes of it', () => {
    const hops = sent(office(), 'a', udp({ from: '10.6.34.100:4000', to: '198.51.100.7:53' }))
    expect(wayOf(hops, hops[0]!.journey)).toEqual(['a', 'fw', 'internet', 'web'])
    const answer = hops.find(({ node, device }) => node === 'web' && device === '')!
    expect(wayOf(hops, answer.journey)).toEqual(['web', 'internet', 'fw', 'a'])
    expect(hops[answer.cause]).toMatchObject({ node: 'web', device: 'eth0' })
  })

  it('keeps addresses before and after NAT', () => {
    const hops = sent(office(), 'a', udp({ from: '10.6.34.100:4000', to: '198.51.100.7:53' }))
    const hop = hops.find(({ node }) => node === 'fw')!
    if (hop.kind !== 'hop') throw new Error('lost')
    expect(ipv4Of(hop.packet)).toBe('10.6.34.100 > 198.51.100.7')
    expect(ipv4Of(hop.outcome.emitted[0]!.packet)).toBe('203.0.113.1 > 198.51.100.7')
    expect(hop.outcome.trace.length).toBeGreaterThan(0)
  })
})
