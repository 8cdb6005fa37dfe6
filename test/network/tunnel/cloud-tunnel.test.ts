import { describe, expect, it } from 'vitest'
import {
  createNetwork,
  curl,
  flushConntrack,
  iptablesOn,
  type Network,
  nodeOf,
  ss,
  type TunnelClientState,
  tick,
  tunnelAgent,
  tunnelEdge,
  webServer,
} from '../../../src/network/index.ts'

/** A server with a private address behind NAT, which an agent joins to an edge on the internet. */
function site(): Network {
  const network = createNetwork({
    nodes: {
      jenkins: {
        address: '10.0.5.123/24',
        services: [
          webServer({ port: 8080, address: '127.0.0.1', pages: { '/': 'jenkins' } }),
          tunnelAgent({
            to: 'edge',
            hostname: 'jenkins.example',
            service: 'localhost:8080',
            alive: { intervalMs: 10_000, countMax: 2 },
            reconnectMs: 5000,
          }),
        ],
      },
      gateway: {
        interfaces: { lan0: '10.0.5.1/24', wan0: '185.123.45.67' },
        rules: `
          iptables -P INPUT DROP
          iptables -P FORWARD DROP
          iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
          iptables -A FORWARD -i lan0 -p tcp --syn -j ACCEPT
          iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE`,
      },
      edge: { address: '104.16.1.1', services: [tunnelEdge()] },
      visitor: { address: '198.51.100.7' },
    },
    links: { lan: ['jenkins', 'gateway:lan0'], internet: ['gateway:wan0', 'edge', 'visitor'] },
    dns: { 'jenkins.example': '104.16.1.1', 'other.example': '104.16.1.1' },
  })
  return tick(network, 1000).network
}

const visit = (network: Network, url = 'https://jenkins.example/') =>
  curl(network, 'visitor', url, { timeoutMs: 20_000 })
const agentOf = (network: Network) => nodeOf(network, 'jenkins').host.processes[1]!.state as TunnelClientState

describe('a cloud tunnel', () => {
  it('brings visitors to a server without public address or open port', () => {
    const { result, hops } = visit(site())
    expect(result).toMatchObject({ outcome: 'answered', text: 'jenkins' })
    // Nothing that comes to the gateway begins a connection there.
    expect(hops.some(({ node, packet }) => node === 'gateway' && / S /.test(String(packet)))).toBe(false)
    expect(hops.some(({ node }) => node === 'gateway')).toBe(true)
  })

  it('the server listens on loopback only', () => {
    expect(ss(site(), 'jenkins', 'tlnp').split('\n').slice(1)).toEqual([
      expect.stringContaining('127.0.0.1:8080'),
    ])
  })

  it.each([
    ['a name that nobody has registered', 'https://other.example/', 530],
    ['a page that is not there', 'https://jenkins.example/nothing', 404],
  ])('%s: %s %i', (_, url, status) => {
    expect(visit(site(), url).result).toMatchObject({ response: { status } })
  })

  it('a service that is down behind the agent: 502', () => {
    const network = iptablesOn(site(), 'jenkins', 'iptables -A INPUT -i lo -p tcp --dport 8080 -j REJECT')
    expect(visit(network).result).toMatchObject({ response: { status: 502 } })
  })
})

describe('the tunnel dies, and comes back', () => {
  it('when the gateway forgets it: the agent connects again, with a new port', () => {
    const flushed = flushConntrack(site(), 'gateway')
    const { network, hops } = tick(flushed, 60_000)
    expect(agentOf(network).attempts).toBe(2)
    const syns = hops.filter(({ node, packet }) => node === 'edge' && / S /.test(String(packet)))
    expect(syns.map(({ packet }) => String(packet).split(' S ')[0])).toEqual([
      'tcp 185.123.45.67:40001 > 104.16.1.1:7844',
    ])
    expect(visit(network).result.outcome).toBe('answered')
  })

  it('while egress is blocked there is no tunnel; visitors are told by the edge', () => {
    const blocked = iptablesOn(site(), 'gateway', 'iptables -I FORWARD -p tcp --dport 7844 -j DROP')
    const down = tick(blocked, 120_000).network
    expect(agentOf(down).channels).toBeUndefined()
    expect(visit(down).result).toMatchObject({ response: { status: 530 } })
    const mended = tick(iptablesOn(down, 'gateway', 'iptables -D FORWARD 1'), 120_000).network
    expect(visit(mended).result).toMatchObject({ response: { status: 200 } })
  })
})
