import { describe, expect, it } from 'vitest'
import { DiagnosticError } from '../../src/diagnostic.ts'
import { createFirewall, step } from '../../src/firewall.ts'
import { tcp } from '../../src/packet/constructors.ts'
import { type ZonePolicy, zoneOf, zonesToRules } from '../../src/policy/index.ts'
import { formatPlace } from '../../src/rules/steps.ts'

const POLICY: ZonePolicy = {
  zones: {
    inside: { devices: ['lan0', 'lan1'] },
    dmz: { devices: ['dmz0'], within: 'DENY' },
    outside: { devices: ['wan0'], masquerade: true, forward: [{ port: 443, to: '10.9.0.5:443' }] },
  },
  pairs: [
    { from: 'inside', to: 'outside', policy: 'ALLOW proto=TCP port=80,443' },
    { from: 'inside', to: 'self', policy: 'ALLOW proto=TCP port=22' },
    { from: 'outside', to: 'dmz', policy: '# the portal\nALLOW dst=10.9.0.5 proto=TCP port=443' },
  ],
}

const firewall = createFirewall({
  interfaces: {
    lan0: ['10.6.0.1/16'],
    lan1: ['10.7.0.1/16'],
    dmz0: ['10.9.0.1/24'],
    wan0: ['203.0.113.1/24'],
  },
  routes: ['default via 203.0.113.254 dev wan0'],
  rules: zonesToRules(POLICY).ruleset,
})

const syn = (device: string, from: string, to: string) =>
  step(firewall, { device, packet: tcp({ from: `${from}:40000`, to, flags: 'S' }) })

describe('zones', () => {
  it('are chains, one a pair', () => {
    expect(zonesToRules(POLICY).rules).toMatchInlineSnapshot(`
      "*nat
      -A PREROUTING -i wan0 -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 443 -j DNAT --to-destination 10.9.0.5:443
      -A POSTROUTING -o wan0 -j MASQUERADE
      COMMIT
      *filter
      :INPUT DROP [0:0]
      :FORWARD DROP [0:0]
      :OUTPUT ACCEPT [0:0]
      :inside_outside - [0:0]
      :inside_self - [0:0]
      :outside_dmz - [0:0]
      :inside_inside - [0:0]
      -A INPUT -i lo -j ACCEPT
      -A OUTPUT -o lo -j ACCEPT
      -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment "zone session lookup" -j ACCEPT
      -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment "zone session lookup" -j ACCEPT
      -A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment "zone session lookup" -j ACCEPT
      -A INPUT -m conntrack --ctstate INVALID -j DROP
      -A FORWARD -m conntrack --ctstate INVALID -j DROP
      -A FORWARD -i lan0 -o wan0 -g inside_outside
      -A FORWARD -i lan1 -o wan0 -g inside_outside
      -A INPUT -i lan0 -g inside_self
      -A INPUT -i lan1 -g inside_self
      -A FORWARD -i wan0 -o dmz0 -g outside_dmz
      -A FORWARD -i lan0 -o lan0 -g inside_inside
      -A FORWARD -i lan0 -o lan1 -g inside_inside
      -A FORWARD -i lan1 -o lan0 -g inside_inside
      -A FORWARD -i lan1 -o lan1 -g inside_inside
      -A inside_outside -p tcp -m multiport --dports 80,443 -m comment --comment "zone inside->outside line 1" -j ACCEPT
      -A inside_outside -m comment --comment "zone inside->outside default" -j DROP
      -A inside_self -p tcp -m tcp --dport 22 -m comment --comment "zone inside->self line 1" -j ACCEPT
      -A inside_self -m comment --comment "zone inside->self default" -j DROP
      -A outside_dmz -d 10.9.0.5/32 -p tcp -m tcp --dport 443 -m comment --comment "zone outside->dmz line 2" -j ACCEPT
      -A outside_dmz -m comment --comment "zone outside->dmz default" -j DROP
      -A inside_inside -m comment --comment "zone within inside" -j ACCEPT
      COMMIT
      "
    `)
  })

  it.each([
    ['inside to outside, allowed', 'lan0', '10.6.34.100', '198.51.100.7:443', 'forwarded'],
    ['inside to outside, another port', 'lan0', '10.6.34.100', '198.51.100.7:25', 'filter/inside_outside:2'],
    ['outside to dmz, forwarded port', 'wan0', '198.51.100.9', '203.0.113.1:443', 'forwarded'],
    ['outside to dmz, another port', 'wan0', '198.51.100.9', '10.9.0.5:22', 'filter/outside_dmz:2'],
    ['outside to inside: no pair', 'wan0', '198.51.100.9', '10.6.34.100:443', 'filter/FORWARD:policy'],
    ['dmz to inside: no pair', 'dmz0', '10.9.0.5', '10.6.34.100:5432', 'filter/FORWARD:policy'],
    ['within a zone', 'lan0', '10.6.34.100', '10.7.0.9:445', 'forwarded'],
    ['inside to the firewall', 'lan0', '10.6.34.100', '10.6.0.1:22', 'delivered'],
    ['inside to the firewall, another port', 'lan0', '10.6.34.100', '10.6.0.1:80', 'filter/inside_self:2'],
    ['outside to the firewall: no pair', 'wan0', '198.51.100.9', '203.0.113.1:22', 'filter/INPUT:policy'],
  ])('%s', (_, device, from, to, expected) => {
    const { fate } = syn(device, from, to)
    expect(fate.kind === 'dropped' ? formatPlace(fate.at) : fate.kind).toBe(expected)
  })

  it('the session lookup comes before any policy: the reply asks no pair', () => {
    const opened = syn('lan0', '10.6.34.100', '198.51.100.7:443')
    const reply = tcp({ from: '198.51.100.7:443', to: '203.0.113.1:40000', flags: 'SA', ack: 1 })
    const back = step(opened.state, { device: 'wan0', packet: reply })
    expect(back.fate.kind).toBe('forwarded')
    const asked = back.trace[0]!.steps.filter(each => each.kind === 'rule' && each.table === 'filter')
    expect(asked).toHaveLength(1)
  })

  it('a zone firewall may speak for itself unless a pair from self says otherwise', () => {
    expect(zonesToRules(POLICY).rules).toContain(':OUTPUT ACCEPT')
    const pairs = [{ from: 'self', to: 'outside', policy: 'ALLOW proto=UDP port=53' }]
    const { rules } = zonesToRules({ ...POLICY, pairs })
    expect(rules).toContain(':OUTPUT DROP')
    expect(rules).toContain('-A OUTPUT -o wan0 -g self_outside')
  })

  it('zoneOf', () => {
    expect(['lan1', 'wan0', '', 'tun0'].map(device => zoneOf(POLICY, device))).toEqual([
      'inside',
      'outside',
      'self',
      undefined,
    ])
  })

  it('everything wrong is told at once, with paths', () => {
    const wrong: ZonePolicy = {
      zones: { inside: { devices: ['lan0'] }, outside: { devices: ['lan0'] } },
      pairs: [
        { from: 'insid', to: 'outside', policy: 'ALLOW' },
        { from: 'inside', to: 'outside', policy: 'ALLOW\nDNEY' },
      ],
    }
    const told = (): string[] => {
      try {
        zonesToRules(wrong)
      } catch (error) {
        if (error instanceof DiagnosticError)
          return error.diagnostics.map(
            each => `${(each as { path?: string[] }).path?.join('.')} ${each.message}`,
          )
      }
      return []
    }
    expect(told()).toEqual([
      "zones.outside.devices.0 device lan0 is in zone 'inside' already",
      "pairs.0.from no zone 'insid'",
      "pairs.1.policy unknown action 'DNEY'",
    ])
  })
})
