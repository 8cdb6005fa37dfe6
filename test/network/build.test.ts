import { describe, expect, it } from 'vitest'
import { DiagnosticError } from '../../src/diagnostic.ts'
import {
  createNetwork,
  firewallOf,
  type NetworkDiagnostic,
  type NetworkSpec,
  nc,
  ping,
  webServer,
} from '../../src/network/index.ts'

function problemsOf(spec: NetworkSpec): string[] {
  try {
    createNetwork(spec)
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error
    return (error.diagnostics as NetworkDiagnostic[]).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    )
  }
  return []
}

const one = { address: '10.0.0.1/24' }
const two = { address: '10.0.0.2/24' }

describe('mistakes', () => {
  it.each<[string, NetworkSpec, string]>([
    ['unknown host', { nodes: { one }, links: { lan: ['one', 'tow'] } }, "links.lan.1: no node 'tow'"],
    [
      'impossible address',
      { nodes: { one: { address: '10.0.0.300/24' } }, links: { lan: ['one'] } },
      'nodes.one.address: not an address: "10.0.0.300/24"',
    ],
    [
      'impossible length',
      { nodes: { one: { address: '10.0.0.3/33' } }, links: { lan: ['one'] } },
      'nodes.one.address: not an address: "10.0.0.3/33"',
    ],
    ['no address', { nodes: { one: {} } }, 'nodes.one: one has no address'],
    [
      'one address twice',
      { nodes: { one, two: one }, links: { lan: ['one', 'two'] } },
      "nodes.two.address: 10.0.0.1 is one's address already",
    ],
    ['on no link', { nodes: { one } }, 'nodes.one: device eth0 of one is on no link'],
    [
      'on two links',
      { nodes: { one }, links: { a: ['one'], b: ['one'] } },
      "links.b.0: device eth0 of one is on link 'a' already",
    ],
    ['no such device', { nodes: { one }, links: { a: ['one:eth7'] } }, "links.a.0: one has no device 'eth7'"],
    [
      'which device?',
      {
        nodes: { r: { interfaces: { a: '10.0.0.1/24', b: '10.1.0.1/24' } } },
        links: { x: ['r'], y: ['r:a'], z: ['r:b'] },
      },
      'links.x.0: which device of r?',
    ],
    [
      'gateway elsewhere',
      { nodes: { one: { ...one, gateway: '10.9.9.9' } }, links: { lan: ['one'] } },
      'nodes.one.gateway: 10.9.9.9 is on no network of one',
    ],
    [
      'a cable with one end',
      { nodes: { one }, links: { a: { kind: 'point-to-point', members: ['one'] } } },
      'links.a: a point-to-point link has two ends, not 1',
    ],
    ['hosts table', { nodes: { one }, links: { a: ['one'] }, dns: { x: 'y' } }, 'dns.x: not an address: "y"'],
    [
      'bad rule',
      { nodes: { one: { ...one, rules: 'iptables -A INPUT -j' } }, links: { a: ['one'] } },
      'nodes.one.rules: ',
    ],
    [
      'port in use',
      { nodes: { one: { ...one, services: [webServer(), webServer()] } }, links: { a: ['one'] } },
      'nodes.one.services.1: one: port 80 is in use already (EADDRINUSE)',
    ],
  ])('%s', (_, spec, expected) => {
    expect(problemsOf(spec).join('\n')).toContain(expected)
  })

  it('are all told at once', () => {
    const problems = problemsOf({
      nodes: { one: { address: 'x' }, two: { ...two, rules: 'iptables -A NOWHERE -j ACCEPT --bogus' } },
      links: { lan: ['one', 'two', 'three'] },
      dns: { 'example.com': 'nope' },
    })
    expect(problems.length).toBeGreaterThanOrEqual(4)
  })
})

describe('defaults', () => {
  it('the default route goes to the only router on the link', () => {
    const network = createNetwork({
      nodes: {
        one,
        two: { address: '10.1.0.2/24' },
        r: { interfaces: { a: '10.0.0.254/24', b: '10.1.0.254/24' } },
      },
      links: { left: ['one', 'r:a'], right: ['two', 'r:b'] },
    })
    expect(firewallOf(network, 'one').config.routes).toEqual(['default via 10.0.0.254'])
    expect(ping(network, 'one', 'two').result.outcome).toBe('answered')
  })

  it('with two routers there is no default route: a host does not guess', () => {
    const router = (address: string) => ({ interfaces: { a: address, b: '10.9.0.1/24' } })
    const network = createNetwork({
      nodes: {
        one,
        r: router('10.0.0.253/24'),
        s: { ...router('10.0.0.254/24'), interfaces: { a: '10.0.0.254/24', b: '10.8.0.1/24' } },
      },
      links: { left: ['one', 'r:a', 's:a'], x: ['r:b'], y: ['s:b'] },
    })
    expect(firewallOf(network, 'one').config.routes).toEqual([])
  })

  it('a host does not forward, a router does', () => {
    const network = createNetwork({
      nodes: { one, two, r: { interfaces: { a: '10.0.0.254/24', b: '10.1.0.254/24' } } },
      links: { left: ['one', 'two', 'r:a'], right: ['r:b'] },
    })
    expect(firewallOf(network, 'one').config.sysctls).toMatchObject({ 'net.ipv4.ip_forward': 0 })
    expect(firewallOf(network, 'r').config.sysctls).toEqual({})
  })

  it('a node can be reached by its name and by the hosts table, also in rules', () => {
    const network = createNetwork({
      nodes: {
        one,
        two: { ...two, services: [webServer()], rules: 'iptables -A INPUT -s client.example -j DROP' },
      },
      links: { lan: ['one', 'two'] },
      dns: { 'www.example': '10.0.0.2', 'client.example': '10.0.0.1' },
    })
    expect(nc(network, 'one', 'www.example:80', { timeoutMs: 1000 }).result.outcome).toBe('filtered')
    expect(nc(network, 'two', 'two:80').result.outcome).toBe('open')
  })
})

describe('an internet', () => {
  const host = (address: string) => ({ address, services: [webServer()] })
  const network = createNetwork({
    nodes: {
      x: host('198.51.100.1'),
      y: { ...host('203.0.113.9/24'), gateway: '203.0.113.254' },
      z: host('203.0.113.10/24'),
      lost: host('10.0.0.5/24'),
    },
    links: { internet: ['x', 'y', 'z', 'lost'] },
  })

  it.each([
    ['x', 'y', 'open'],
    ['y', 'x', 'open'],
    ['y', 'z', 'open'],
    ['x', '203.0.113.77', 'unreachable'],
    ['x', 'lost', 'unreachable'],
  ])('%s to %s: %s', (from, to, expected) => {
    expect(nc(network, from, `${to}:80`, { timeoutMs: 1000 }).result.outcome).toBe(expected)
  })

  it('answers as the gateway that its members name', () => {
    expect(ping(network, 'y', '203.0.113.254').result.outcome).toBe('answered')
  })
})
