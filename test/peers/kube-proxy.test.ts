import { describe, expect, it } from 'vitest'
import {
  advance,
  createFirewall,
  type Family,
  type FirewallState,
  formatTrace,
  type Packet,
  sctp,
  step,
  tcp,
  udp,
} from '../../src/index.ts'
import { FIRST, NODE, NODE2, POD, SECOND, suites } from './kube-proxy-flows.ts'
import { kubeProxyRules, type Service } from './kube-proxy-rules.ts'

/**
 * kube-proxy has a tracer of its own: pkg/proxy/iptables/proxier_test.go (Kubernetes) follows a packet through the rules
 * that it wrote and tells where it would go and whether it would be masqueraded. The same services and packets here, the
 * rules written as kube-proxy does, the packets truly translated. `TestX` names the function that a table comes from.
 */
function node(services: readonly Service[], family: Family = 4): FirewallState {
  if (family === 6)
    return createFirewall({
      interfaces: { eth0: ['2001:db8::1/64', '2001:db8:1::2/64'], cni0: ['fd00:10::1/32'] },
      routes: ['default via 2001:db8::ff dev eth0'],
      rules: { ipv6: kubeProxyRules(services, 'fd00:10::/32', '2001:db8::1') },
    })
  return createFirewall({
    interfaces: { eth0: [`${NODE}/24`], eth1: [`${NODE2}/24`], cni0: ['10.0.0.1/8'] },
    routes: ['default via 192.168.0.254 dev eth0'],
    sysctls: { 'net.ipv4.conf.all.route_localnet': 1 },
    rules: kubeProxyRules(services, '10.0.0.0/8', NODE),
  })
}

/** Every place where the packet may go, whatever the random rules say, and what becomes of its source. */
function follow(
  state: FirewallState,
  from: string,
  to: string,
  protocol: Service['protocol'] = 'tcp',
): string {
  const outcomes: string[] = []
  for (let taken = 0; taken < 3; taken++) {
    let asked = 0
    const outcome = step(state, arrival(from, packet(from, to, protocol)), {
      random: () => (asked++ === taken ? 0 : 0.999999),
    })
    outcomes.push(describeOutcome(outcome, from, to))
  }
  const last = (text: string): string => text.split(' ').at(-1)!
  const places = new Set(outcomes.map(text => text.split(' ')[0]!))
  const sources = new Set(outcomes.map(last))
  return places.has(last(outcomes[0]!))
    ? [...places].join(', ')
    : `${[...places].sort().join(', ')} ${[...sources].join(', ')}`
}

function arrival(from: string, sent: Packet): Parameters<typeof step>[1] {
  const isOwn = from === NODE || from.startsWith('127.') || from === '2001:db8::1'
  if (isOwn || from === '1.2.3.4' || from === '5.6.7.8') return { local: true, packet: sent }
  return { device: from.startsWith('10.') || from.startsWith('fd00') ? 'cni0' : 'eth0', packet: sent }
}

function packet(from: string, to: string, protocol: Service['protocol']): Packet {
  const source = from.includes(':') ? `[${from}]:40000` : `${from}:40000`
  if (protocol === 'udp') return udp({ from: source, to })
  if (protocol === 'tcp') return tcp({ from: source, to, flags: 'S' })
  const value = Uint8Array.from([0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1])
  return sctp({ from: source, to, tag: 0, chunks: [{ type: 1, flags: 0, value }] })
}

function describeOutcome(outcome: ReturnType<typeof step>, from: string, to: string): string {
  const { fate } = outcome
  if (fate.kind === 'dropped') return 'DROP'
  if (fate.kind === 'rejected') return 'REJECT'
  if (fate.kind === 'discarded') return `discarded: ${fate.why}`
  const left = outcome.emitted[0]?.packet ?? outcome.delivered[0]!.packet
  const [, source = '', destination = ''] = /^\S+ (\S+) > (\S+)/.exec(String(left))!
  if (destination === to) return fate.kind === 'delivered' ? 'INPUT' : 'untouched'
  const host = from.includes(':') ? `[${from}]:` : `${from}:`
  return `${destination} ${source.startsWith(host) ? 'as-is' : 'masqueraded'}`
}

describe.each(suites)('kube-proxy: %s', (_, services, flows) => {
  it.each(flows)('%s', (_name, from, to, outcome) => {
    expect(follow(node(services), from, to)).toBe(outcome)
  })
})

describe('kube-proxy: one port, three protocols (TestClusterIPGeneral)', () => {
  const at = (protocol: 'tcp' | 'udp' | 'sctp', port: number): Service => ({
    name: protocol.toUpperCase(),
    clusterIp: '172.30.0.42',
    port: 53,
    protocol,
    endpoints: [{ address: '10.180.0.1', port }],
  })
  it.each([
    ['tcp', '172.30.0.42:53', '10.180.0.1:5353 as-is'],
    ['udp', '172.30.0.42:53', '10.180.0.1:53 as-is'],
    ['sctp', '172.30.0.42:53', '10.180.0.1:54 as-is'],
    ['udp', '172.30.0.42:80', 'untouched'],
  ] as const)('%s to %s: %s', (protocol, to, outcome) => {
    const state = node([at('tcp', 5353), at('udp', 53), at('sctp', 54)])
    expect(follow(state, '10.180.0.2', to, protocol)).toBe(outcome)
  })
})

describe('kube-proxy: IPv6 node ports (TestNodePorts)', () => {
  const service: Service = {
    name: 'SIX',
    clusterIp: 'fd00:172:30::41',
    port: 80,
    nodePort: 3001,
    endpoints: [
      { address: 'fd00:10:180::1', port: 80 },
      { address: 'fd00:10:180::2:1', port: 80 },
    ],
  }
  const both = '[fd00:10:180::1]:80, [fd00:10:180::2:1]:80'
  it.each([
    ['pod to cluster IP', 'fd00:10::2', '[fd00:172:30::41]:80', `${both} as-is`],
    ['outside to node port', '2600:5200::1', '[2001:db8::1]:3001', `${both} masqueraded`],
    ['the node to its own', '2001:db8::1', '[2001:db8::1]:3001', `${both} masqueraded`],
    ["the node's other address", '2600:5200::1', '[2001:db8:1::2]:3001', `${both} masqueraded`],
  ])('%s', (_, from, to, outcome) => {
    expect(follow(node([service], 6), from, to)).toBe(outcome)
  })
})

describe('kube-proxy: session affinity (TestOverallIPTablesRules)', () => {
  const sticky: Service = {
    name: 'STICKY',
    clusterIp: '172.30.0.45',
    port: 80,
    affinitySeconds: 10800,
    endpoints: [FIRST, SECOND],
  }
  const connect = (state: FirewallState, port: number, random: () => number) =>
    step(
      state,
      { device: 'cni0', packet: tcp({ from: `${POD}:${port}`, to: '172.30.0.45:80', flags: 'S' }) },
      { random },
    )
  const destination = (outcome: ReturnType<typeof step>) =>
    /> (\S+)/.exec(String(outcome.emitted[0]?.packet))?.[1]

  it('a client comes back to its endpoint for three hours, whatever the dice say', () => {
    const first = connect(node([sticky]), 1000, () => 0.999999)
    expect(destination(first)).toBe('10.180.2.1:80')
    const within = connect(advance(first.state, 10_700_000), 1001, () => 0)
    expect(destination(within)).toBe('10.180.2.1:80')
    const after = connect(advance(within.state, 10_900_000), 1002, () => 0)
    expect(destination(after)).toBe('10.180.0.1:80')
  })

  it('the trace names the chains on the way', () => {
    const outcome = connect(node([sticky]), 1000, () => 0)
    expect(formatTrace(outcome, { width: 'narrow' })).toMatch(
      /nat\/KUBE-SVC-STICKY:\d+ +match .*KUBE-SEP-STICKY-1\n +nat\/KUBE-SEP-STICKY-1:2 +match .*DNAT/,
    )
  })
})
