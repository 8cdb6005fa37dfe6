import { expect, it } from 'vitest'
import { createFirewall, step, udp } from '../../src/index.ts'

const QUERY = { device: 'lan0', packet: udp({ from: '10.6.0.2:5000', to: '198.51.100.7:53' }) } as const

const box = (rules: string) =>
  createFirewall({
    interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
    routes: ['default dev wan0'],
    rules,
  })

it.each([
  // nobody listens: lost, or let by with --queue-bypass
  ['--queue-num 1', undefined, 'dropped'],
  ['--queue-num 1 --queue-bypass', undefined, 'forwarded'],
  // somebody does
  ['--queue-num 1', 'ACCEPT', 'forwarded'],
  ['--queue-num 1 --queue-bypass', 'DROP', 'dropped'],
] as const)('-j NFQUEUE %s with a listener that says %s: %s', (words, answer, fate) => {
  // what lies behind in the same table is passed over
  const state = box(
    `iptables -t mangle -A FORWARD -j NFQUEUE ${words}; iptables -t mangle -A FORWARD -j DROP`,
  )
  expect(step(state, QUERY, answer && { queueVerdict: () => answer }).fate.kind).toBe(fate)
})

it('in nat, a queued packet opens no translation, not even the one that changes nothing', () => {
  const words = (target: string) =>
    `iptables -t nat -A POSTROUTING -j ${target}; iptables -A FORWARD -m state --state NEW`
  const statuses = ['ACCEPT', 'NFQUEUE --queue-bypass'].map(target => {
    const [connection] = step(box(words(target)), QUERY).state.sessions
    return connection!.status & SRC_NAT_DONE
  })
  expect(statuses).toEqual([SRC_NAT_DONE, 0])
})

/** IPS_SRC_NAT_DONE */
const SRC_NAT_DONE = 0x80
