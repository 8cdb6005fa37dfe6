import { describe, expect, it } from 'vitest'
import {
  type Arrival,
  advance,
  conntrackList,
  createFirewall,
  DiagnosticError,
  edit,
  iptables,
  iptablesSave,
  readCounters,
  run,
  step,
  tcp,
  traceLines,
  udp,
} from '../../src/index.ts'

const RULES = `*nat
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -j ACCEPT
COMMIT
`
const gateway = createFirewall({
  interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
  routes: ['default via 203.0.113.254 dev wan0'],
  rules: RULES,
})
const query: Arrival = { device: 'lan0', packet: udp({ from: '10.6.0.2:4000', to: '8.8.8.8:53', data: 'a' }) }
const answer: Arrival = {
  device: 'wan0',
  packet: udp({ from: '8.8.8.8:53', to: '203.0.113.1:4000', data: 'b' }),
}
const stranger: Arrival = {
  device: 'wan0',
  packet: udp({ from: '8.8.4.4:53', to: '10.6.0.2:4000', data: 'c' }),
}

describe('a state is a value', () => {
  it('stays as it was when a packet is stepped through it', () => {
    const before = iptablesSave(gateway)
    step(gateway, query)
    expect(iptablesSave(gateway)).toBe(before)
    expect(conntrackList(gateway)).toEqual([])
  })

  it('forks by being kept: two futures of one past do not see each other', () => {
    const { state } = step(gateway, query)
    const waited = advance(state, 31_000)
    expect(step(state, answer).fate).toEqual({ kind: 'forwarded', device: 'lan0' })
    expect(step(waited, answer).fate.kind).not.toBe('forwarded')
    expect(step(state, answer).fate.kind).toBe('forwarded')
  })
})

describe('run', () => {
  const arrivals = [query, answer, stranger, query]

  it('does what as many steps do', () => {
    let state = gateway
    const stepped = arrivals.map(arrival => {
      const outcome = step(state, arrival)
      state = outcome.state
      return outcome
    })
    const ran = run(gateway, arrivals)
    expect(ran.outcomes.map(({ fate }) => fate)).toEqual(stepped.map(({ fate }) => fate))
    expect(ran.outcomes.map(({ emitted }) => emitted.map(({ packet }) => packet.toHex()))).toEqual(
      stepped.map(({ emitted }) => emitted.map(({ packet }) => packet.toHex())),
    )
    expect(iptablesSave(ran.state)).toBe(iptablesSave(state))
    expect(conntrackList(ran.state)).toEqual(conntrackList(state))
  })

  it('still has the trace of each arrival', () => {
    const { outcomes } = run(gateway, arrivals)
    expect(traceLines(outcomes[1]!)).toEqual(traceLines(step(step(gateway, query).state, answer)))
  })
})

describe('a rule change while the firewall runs', () => {
  it('leaves connections alone, and the counters of rules it did not touch', () => {
    const { state } = step(gateway, query)
    const changed = iptables(state, 'iptables -I FORWARD -p tcp -j DROP')
    expect(conntrackList(changed)).toEqual(conntrackList(state))
    const { rules } = readCounters(changed, 4, 'filter', 'FORWARD')!
    expect(rules.map(({ packets }) => packets)).toEqual([0, 0, 1])
    expect(step(changed, answer).fate.kind).toBe('forwarded')
  })

  it('through edit has patches both ways', () => {
    const { state, patches, inversePatches } = edit(gateway, config => {
      config.rules.ipv4!.tables.filter!.chains.FORWARD!.policy = 'ACCEPT'
    })
    expect(step(state, stranger).fate.kind).toBe('forwarded')
    expect(patches).toEqual([
      {
        op: 'replace',
        path: ['rules', 'ipv4', 'tables', 'filter', 'chains', 'FORWARD', 'policy'],
        value: 'ACCEPT',
      },
    ])
    expect(inversePatches[0]).toMatchObject({ value: 'DROP' })
  })

  it('is refused whole when a command is wrong', () => {
    const commands =
      'iptables -A FORWARD -j ACCEPT\niptables -A FORWARD --dport 80 -j ACCEPT\niptables -A NOSUCH -j DROP'
    expect(() => iptables(gateway, commands)).toThrow(DiagnosticError)
    try {
      iptables(gateway, commands)
    } catch (error) {
      expect((error as DiagnosticError).diagnostics.map(({ line }) => line)).toEqual([2, 3])
    }
  })
})

describe('misuse throws with the fix in the message', () => {
  it.each([
    [
      'a device that is not there',
      () => step(gateway, { ...query, device: 'eth9' }),
      /no device 'eth9'.*lan0, wan0/,
    ],
    ['time running backwards', () => advance(gateway, -1), /forwards/],
    ['an unknown sysctl', () => createFirewall({ sysctls: { 'net.nope': 1 } }), /net\.nope.*not modelled/],
    ['ports out of range', () => tcp({ from: '10.0.0.1:70000', to: '10.0.0.2:1', flags: 'S' }), /70000/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message)
  })
})
