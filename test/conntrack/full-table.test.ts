import { expect, it } from 'vitest'
import {
  advance,
  conntrackList,
  createFirewall,
  type FirewallState,
  parsePackets,
  step,
} from '../../src/index.ts'

const box = createFirewall({
  interfaces: { lan0: ['10.6.0.1/24'], wan0: ['203.0.113.1/24'] },
  sysctls: { 'net.netfilter.nf_conntrack_max': 1 },
})

/** Packets of one connection and its answers, then another client's SYN: is there room for it? */
function roomAfter(script: string): { before: string; fate: string; why?: string } {
  const see = (state: FirewallState, packet: string) => {
    const device = packet.includes('> 203.0.113.9') ? 'lan0' : 'wan0'
    return step(state, { device, packet: parsePackets(packet).packets[0]!.packet })
  }
  const busy = script
    .trim()
    .split('\n')
    .reduce((state, packet) => see(state, packet.trim()).state, box)
  const { fate } = see(advance(busy, 1000), 'tcp 10.6.0.3:4000 > 203.0.113.9:80 S seq=1')
  const [before = ''] = conntrackList(busy)
  return { before, fate: fate.kind, ...(fate.kind === 'discarded' && { why: fate.why }) }
}

const HANDSHAKE = `
tcp 10.6.0.2:4000 > 203.0.113.9:80 S seq=1
tcp 203.0.113.9:80 > 10.6.0.2:4000 SA seq=1 ack=2
tcp 10.6.0.2:4000 > 203.0.113.9:80 A seq=2 ack=2`

// asked of Linux 6.18: a table full of connections in TIME_WAIT takes no new one
it.each([
  [
    'a connection that is not ASSURED makes room',
    HANDSHAKE.split('\n').slice(0, 3).join('\n'),
    'SYN_RECV',
    'forwarded',
  ],
  ['an ASSURED one does not', HANDSHAKE, 'ESTABLISHED', 'discarded'],
  [
    'nor does an ASSURED one that is closing',
    `${HANDSHAKE}
tcp 10.6.0.2:4000 > 203.0.113.9:80 FA seq=2 ack=2
tcp 203.0.113.9:80 > 10.6.0.2:4000 FA seq=2 ack=3
tcp 10.6.0.2:4000 > 203.0.113.9:80 A seq=3 ack=3`,
    'TIME_WAIT',
    'discarded',
  ],
])('a full table: %s', (_, script, state, fate) => {
  const room = roomAfter(script)
  expect(room.before).toContain(` ${state} `)
  expect(room.fate).toBe(fate)
  if (fate === 'discarded') expect(room.why).toBe('the connection table is full (nf_conntrack_max)')
})
