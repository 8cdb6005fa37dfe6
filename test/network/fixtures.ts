import {
  createNetwork,
  type LogEntry,
  type Network,
  type NodeSpec,
  send,
  settle,
  webServer,
} from '../../src/network/index.ts'
import type { Packet } from '../../src/packet/packet.ts'

/** MASQUERADE on wan0; inside may begin anything, outside may only answer. */
const NAT_GATEWAY_RULES = `
*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i lan0 -j ACCEPT
COMMIT
`

/** Three workstations behind a NAT gateway, a web server and an attacker on the internet. */
export function office(overrides: { fw?: Partial<NodeSpec>; web?: Partial<NodeSpec> } = {}): Network {
  return createNetwork({
    nodes: {
      a: { address: '10.6.34.100/24' },
      b: { address: '10.6.34.101/24' },
      fw: {
        interfaces: { lan0: '10.6.34.1/24', wan0: '203.0.113.1/24' },
        rules: NAT_GATEWAY_RULES,
        ...overrides.fw,
      },
      web: { address: '198.51.100.7', services: [webServer()], ...overrides.web },
      attacker: { address: '192.0.2.99' },
    },
    links: { lan: ['a', 'b', 'fw:lan0'], internet: ['fw:wan0', 'web', 'attacker'] },
    dns: { 'example.com': '198.51.100.7' },
  })
}

/** Two hosts on one switch. */
export function pair(server: Partial<NodeSpec> = {}, client: Partial<NodeSpec> = {}): Network {
  return createNetwork({
    nodes: {
      client: { address: '10.0.0.1/24', ...client },
      server: { address: '10.0.0.2/24', services: [webServer({ port: 80 })], ...server },
    },
    links: { lan: ['client', 'server'] },
  })
}

/** One line per hop: who, on which device, what packet, and what became of it. */
export function told(hops: readonly LogEntry[]): string[] {
  return hops.map(hop => {
    const place = `${hop.atMs} ${hop.node}${hop.device === '' ? '' : ` ${hop.device}`}`
    const end = hop.kind === 'loss' ? `lost: ${hop.why}` : hop.outcome.fate.kind
    return `${place}: ${hop.packet} ${end}`
  })
}

/** Every hop of a packet and of what it causes. */
export function sent(network: Network, node: string, packet: Packet): readonly LogEntry[] {
  const first = send(network, node, packet)
  return [...first.hops, ...settle(first.network).hops]
}

/** The nodes that a journey's packet came to, in order. */
export function wayOf(hops: readonly LogEntry[], journey: number): string[] {
  return hops.filter(hop => hop.journey === journey).map(({ node }) => node)
}
