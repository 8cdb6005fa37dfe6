/** A router like the one that the kernel's figures were taken on, and packets through it. */
import { createFirewall, run, tcp, udp } from './engine.mjs'

/** As the engine and as the kernel's tools take it. */
export const ROUTER = {
  interfaces: { lan0: ['10.0.0.1/8'], wan0: ['203.0.113.1/24'] },
  routes: ['default via 203.0.113.254 dev wan0'],
  commands: [
    'ip address add 10.0.0.1/8 dev lan0',
    'ip address add 203.0.113.1/24 dev wan0',
    'ip link set lan0 up',
    'ip link set wan0 up',
    'ip route add default via 203.0.113.254 dev wan0',
  ],
}

export function router(count) {
  const { interfaces, routes } = ROUTER
  const sysctls = { 'net.netfilter.nf_conntrack_max': 0 }
  return createFirewall({ interfaces, routes, sysctls, rules: rulesText(count) })
}

/** `count` rules in FORWARD, of which only the last one lets packets through; the router masquerades. */
export function rulesText(count) {
  const rules = Array.from({ length: count - 1 }, (_, i) => nonMatching(i))
  return `*filter\n:FORWARD ACCEPT\n${rules.join('\n')}\n-A FORWARD -i lan0 -j ACCEPT\nCOMMIT\n*nat\n-A POSTROUTING -o wan0 -j MASQUERADE\nCOMMIT\n`
}

/** A rule as real ones are: addresses, protocols and ports, none of which the measured packets show. */
function nonMatching(i) {
  const host = `172.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
  switch (i % 3) {
    case 0:
      return `-A FORWARD -s ${host} -p tcp -m tcp --dport ${1 + (i % 60000)} -j ACCEPT`
    case 1:
      return `-A FORWARD -d ${host} -p udp -j DROP`
    default:
      return `-A FORWARD -i wan0 -s ${host}/32 -m conntrack --ctstate NEW -j DROP`
  }
}

/** So many flows go to each destination, from different source ports: masquerading leaves them their ports. */
const PER_DESTINATION = 60000

/** The bytes of packets of many UDP flows, made by patching one: what a device would put into memory. */
export class Flows {
  constructor(payload = 18) {
    this.template = udp({ from: '10.0.0.2:1024', to: '198.51.100.7:53', data: payload, checksum: 0 }).bytes
    this.answer = udp({ from: '198.51.100.7:53', to: '203.0.113.1:1024', data: payload, checksum: 0 }).bytes
  }

  /** The `index`th flow's packet from the client. */
  request(index) {
    const bytes = this.template.slice()
    const port = 1024 + (index % PER_DESTINATION)
    bytes[15] = 2 + (index % 200)
    bytes[19] = 1 + Math.floor(index / PER_DESTINATION)
    bytes[20] = port >>> 8
    bytes[21] = port
    fixHeader(bytes)
    return { device: 'lan0', packet: bytes }
  }

  /** The answer to what left for it. */
  answerTo(emitted) {
    const { bytes: sent } = emitted.packet
    const bytes = this.answer.slice()
    bytes.set(sent.subarray(16, 20), 12)
    bytes.set(sent.subarray(20, 22), 22)
    fixHeader(bytes)
    return { device: 'wan0', packet: bytes }
  }
}

function fixHeader(bytes) {
  bytes[10] = 0
  bytes[11] = 0
  let sum = 0
  for (let i = 0; i < 20; i += 2) sum += (bytes[i] << 8) | bytes[i + 1]
  sum = (sum & 0xffff) + (sum >>> 16)
  sum = ~((sum & 0xffff) + (sum >>> 16))
  bytes[10] = sum >>> 8
  bytes[11] = sum
}

/** A state with `count` connections; `flows.request(0 … count − 1)` belong to them. */
export function withSessions(state, flows, count) {
  let next = state
  for (let from = 0; from < count; from += 4096) {
    const arrivals = []
    for (let i = from; i < Math.min(count, from + 4096); i++) arrivals.push(flows.request(i))
    next = run(next, arrivals).state
  }
  return next
}

/** One TCP connection, established, and a segment of it. */
export function establishedTcp(state) {
  const client = { from: '10.0.0.2:40000', to: '198.51.100.7:80' }
  const server = { from: '198.51.100.7:80', to: '203.0.113.1:40000' }
  const handshake = [
    { device: 'lan0', packet: tcp({ ...client, flags: 'S', seq: 1000 }) },
    { device: 'wan0', packet: tcp({ ...server, flags: 'SA', seq: 5000, ack: 1001 }) },
    { device: 'lan0', packet: tcp({ ...client, flags: 'A', seq: 1001, ack: 5001 }) },
  ]
  return {
    state: run(state, handshake).state,
    forward: { device: 'lan0', packet: tcp({ ...client, flags: 'A', seq: 1001, ack: 5001 }).bytes },
    back: { device: 'wan0', packet: tcp({ ...server, flags: 'A', seq: 5001, ack: 1001 }).bytes },
  }
}

/** The same firewall, whose chains try one rule after the other. */
export function withoutIndex(state) {
  for (const chain of state.compiled.ipv4.rules.tables.filter.chains.values())
    chain.index = { select: () => false }
  return state
}
