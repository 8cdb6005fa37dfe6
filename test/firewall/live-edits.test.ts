import { describe, expect, it } from 'vitest'
import { createFirewall, type FirewallState, iptables, iptablesSave, step, udp } from '../../src/index.ts'

/**
 * iptables changes a table by reading it whole and handing the kernel a new one. What survives that, and what does not:
 * each line was asked of iptables-legacy 1.8.9 on Linux 6.18.
 */
const BOX = { interfaces: { eth0: ['192.0.2.1/24'] } }
const QUERY = { device: 'eth0', packet: udp({ from: '192.0.2.7:5000', to: '192.0.2.1:53' }) }
const OWN = { local: true as const, packet: udp({ from: '192.0.2.1:53', to: '192.0.2.7:5000' }) }

function exchange(state: FirewallState, queries: number): FirewallState {
  let next = state
  for (let sent = 0; sent < queries; sent++) next = step(step(next, QUERY).state, OWN).state
  return next
}

function counted(state: FirewallState): string[] {
  return iptablesSave(state)
    .split('\n')
    .filter(line => /^:(INPUT|OUTPUT)|^\[\d+:\d+\] -A INPUT/.test(line))
    .map(line => line.replace(/ -p udp.*| -A INPUT.*/, ''))
}

describe('counters after a change of the table', () => {
  const rules = 'iptables -A INPUT -p udp -j ACCEPT\niptables -A INPUT -p udp -j ACCEPT -c 5 6'
  const worn = exchange(createFirewall({ ...BOX, rules }), 2)

  it.each([
    ['-S', [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [2:56]', '[2:56]', '[5:6]']],
    ['-C INPUT -p udp -j ACCEPT', [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [2:56]', '[2:56]', '[5:6]']],
    [
      '-t mangle -N x',
      [
        ':INPUT ACCEPT [0:0]',
        ':OUTPUT ACCEPT [0:0]',
        ':INPUT ACCEPT [0:0]',
        ':OUTPUT ACCEPT [2:56]',
        '[2:56]',
        '[5:6]',
      ],
    ],
    ['-N x', [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', '[2:56]', '[5:6]']],
    ['-Z', [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', '[0:0]', '[0:0]']],
    ['-Z INPUT 1', [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', '[0:0]', '[5:6]']],
    ['-Z FORWARD', [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', '[2:56]', '[5:6]']],
    ['-P OUTPUT DROP -c 3 4', [':INPUT ACCEPT [0:0]', ':OUTPUT DROP [3:4]', '[2:56]', '[5:6]']],
    ['-P OUTPUT DROP', [':INPUT ACCEPT [0:0]', ':OUTPUT DROP [0:0]', '[2:56]', '[5:6]']],
    ['-R INPUT 1 -p udp -j ACCEPT', [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', '[0:0]', '[5:6]']],
    ['-D INPUT 1', [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', '[5:6]']],
    [
      '-I INPUT -c 7 8 -j ACCEPT',
      [':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', '[7:8]', '[2:56]', '[5:6]'],
    ],
  ])('iptables %s', (command, expected) => {
    expect(counted(iptables(worn, `iptables ${command}`))).toEqual(expected)
  })

  it("a policy's given counters are those of one command, not of every later one", () => {
    const given = iptables(worn, 'iptables -P OUTPUT DROP -c 3 4')
    expect(counted(iptables(given, 'iptables -N x'))[1]).toBe(':OUTPUT DROP [0:0]')
    expect(counted(iptables(worn, 'iptables -P OUTPUT DROP -c 3 4\niptables -N x'))[1]).toBe(
      ':OUTPUT DROP [0:0]',
    )
  })
})

describe('what matches remember', () => {
  it.each([
    ['-m quota --quota 28', 'anew'],
    ['-m limit --limit 1/hour --limit-burst 1', 'anew'],
    ['-m statistic --mode nth --every 100 --packet 0', 'anew'],
    [
      '-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-name h',
      'goes on',
    ],
  ])('%s: after a change elsewhere in the table it begins %s', (match, how) => {
    const rules = `iptables -A INPUT ${match} -j ACCEPT`
    const used = exchange(createFirewall({ ...BOX, rules }), 2)
    expect(counted(used)[2]).toBe('[1:28]')
    const changed = exchange(iptables(used, 'iptables -A OUTPUT -p 98'), 2)
    expect(counted(changed)[2]).toBe(how === 'anew' ? '[2:56]' : '[1:28]')
    const another = exchange(iptables(used, 'iptables -t mangle -A OUTPUT -p 98'), 2)
    expect(counted(another).at(-1)).toBe('[1:28]')
  })
})
