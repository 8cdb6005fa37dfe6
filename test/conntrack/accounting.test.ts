import { expect, it } from 'vitest'
import { conntrackList, createFirewall, edit, iptables, step, udp } from '../../src/index.ts'

const COUNTS =
  'iptables -A FORWARD -m connbytes --connbytes 2: --connbytes-dir both --connbytes-mode packets -j DROP'

const box = (rules: string, sysctls = {}) =>
  createFirewall({
    interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
    routes: ['default dev wan0'],
    conntrack: 'on',
    sysctls,
    rules,
  })
const query = (port: number) =>
  ({ device: 'lan0', packet: udp({ from: `10.6.0.2:${port}`, to: '198.51.100.7:53' }) }) as const

const counters = (state: ReturnType<typeof box>) =>
  conntrackList(state).map(line => [...line.matchAll(/packets=(\d+)/g)].map(([, n]) => Number(n)))

it.each([
  // nf_conntrack_acct, rules, the packets counted in both directions
  [1, '', [[2, 0]]],
  [0, '', [[]]],
  // a rule that looks at counters switches counting on: the second packet is dropped, but counted
  [0, COUNTS, [[2, 0]]],
])('nf_conntrack_acct=%i and %j: %j', (acct, rules, expected) => {
  const first = step(box(rules, { 'net.netfilter.nf_conntrack_acct': acct }), query(5000))
  expect(counters(step(first.state, query(5000)).state)).toEqual(expected)
})

it('a connection stays as it began: counted or not', () => {
  const off = { 'net.netfilter.nf_conntrack_acct': 0 }
  const begun = step(box('', off), query(5000)).state
  const counting = iptables(begun, COUNTS)
  // what is not counted never matches
  for (const again of [1, 2, 3]) expect(step(counting, query(5000)).fate.kind, `${again}`).toBe('forwarded')
  expect(counters(step(counting, query(5001)).state)).toEqual([[], [1, 0]])

  const counted = step(box(''), query(5000)).state
  const { state: stopped } = edit(counted, config => {
    config.sysctls['net.netfilter.nf_conntrack_acct'] = 0
  })
  expect(counters(step(step(stopped, query(5000)).state, query(5001)).state)).toEqual([[2, 0], []])
})
