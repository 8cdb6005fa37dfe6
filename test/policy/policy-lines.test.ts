import { describe, expect, it } from 'vitest'
import { Address } from '../../src/address.ts'
import { createFirewall, step } from '../../src/firewall.ts'
import { tcp } from '../../src/packet/constructors.ts'
import { type PolicyOptions, policyLineOf, policyToRules } from '../../src/policy/index.ts'

const HOSPITAL = `
# OUTBOUND: Allow internal hosts to initiate connections to internet
ALLOW src=10.6.0.0/16 dst=ANY port=443 proto=TCP state=NEW,ESTABLISHED
ALLOW src=10.6.0.0/16 dst=ANY port=80 proto=TCP state=NEW,ESTABLISHED
# INBOUND: Only allow ESTABLISHED (responses to our requests)
ALLOW src=ANY dst=10.6.0.0/16 state=ESTABLISHED,RELATED
# Block everything else
DENY src=ANY dst=ANY
`

const options: PolicyOptions = {
  resolveHost: (name, family) =>
    name === 'pacs' && family === 4 ? [Address.parse('10.6.23.50'), Address.parse('10.6.23.51')] : [],
  zones: { DMZ: ['dmz0'], inside: ['lan0', 'lan1'] },
}

/** The rules without their comments. */
const compiled = (text: string, more: PolicyOptions = {}): string[] =>
  policyToRules(text, { ...options, ...more })
    .rules.split('\n')
    .filter(line => line.startsWith('-A'))
    .map(line => line.replace(/ -m comment --comment "[^"]*"/, ''))

describe('policy lines become rules', () => {
  it.each([
    ['ALLOW', ['-A FORWARD -j ACCEPT']],
    ['deny src=any dst=any', ['-A FORWARD -j DROP']],
    ['REJECT src=10.0.0.0/8', ['-A FORWARD -s 10.0.0.0/8 -j REJECT']],
    ['ALLOW src=10.6.34.100', ['-A FORWARD -s 10.6.34.100/32 -j ACCEPT']],
    ['ALLOW proto=TCP port=443', ['-A FORWARD -p tcp -m tcp --dport 443 -j ACCEPT']],
    ['ALLOW proto=UDP port=domain', ['-A FORWARD -p udp -m udp --dport 53 -j ACCEPT']],
    ['ALLOW proto=TCP port=8000-8080', ['-A FORWARD -p tcp -m tcp --dport 8000:8080 -j ACCEPT']],
    ['ALLOW proto=TCP port=80,443', ['-A FORWARD -p tcp -m multiport --dports 80,443 -j ACCEPT']],
    ['ALLOW proto=TCP sport=80', ['-A FORWARD -p tcp -m tcp --sport 80 -j ACCEPT']],
    ['ALLOW proto=ICMP', ['-A FORWARD -p icmp -j ACCEPT']],
    [
      'ALLOW dst=DMZ port=443',
      [
        '-A FORWARD -o dmz0 -p tcp -m tcp --dport 443 -j ACCEPT',
        '-A FORWARD -o dmz0 -p udp -m udp --dport 443 -j ACCEPT',
      ],
    ],
    ['DENY src=inside', ['-A FORWARD -i lan0 -j DROP', '-A FORWARD -i lan1 -j DROP']],
    ['ALLOW dst=pacs', ['-A FORWARD -d 10.6.23.50/32 -j ACCEPT', '-A FORWARD -d 10.6.23.51/32 -j ACCEPT']],
    ['ALLOW dst=SELF proto=TCP port=ssh', ['-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT']],
    ['ALLOW src=SELF', ['-A OUTPUT -j ACCEPT']],
    ['ALLOW state=established,RELATED', ['-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT']],
    ['DENY log', ['-A FORWARD -j LOG --log-prefix "policy line 1 DENY: "', '-A FORWARD -j DROP']],
    ['ALLOW # everything', ['-A FORWARD -j ACCEPT']],
    ['ALLOW src=2001:db8::/32', []],
  ])('%s', (line, rules) => {
    expect(compiled(line)).toEqual(rules)
    expect(policyToRules(line, options).ruleset).toBeDefined()
  })

  it('the rules of the hospital', () => {
    const { rules, lineOfRule, ruleset } = policyToRules(HOSPITAL)
    expect(rules).toMatchInlineSnapshot(`
      "*filter
      :INPUT ACCEPT [0:0]
      :FORWARD DROP [0:0]
      :OUTPUT ACCEPT [0:0]
      -A FORWARD -s 10.6.0.0/16 -p tcp -m tcp --dport 443 -m conntrack --ctstate NEW,ESTABLISHED -m comment --comment "policy line 3" -j ACCEPT
      -A FORWARD -s 10.6.0.0/16 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -m comment --comment "policy line 4" -j ACCEPT
      -A FORWARD -d 10.6.0.0/16 -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment "policy line 6" -j ACCEPT
      -A FORWARD -m comment --comment "policy line 8" -j DROP
      COMMIT
      "
    `)
    expect([1, 2, 3, 4].map(rule => lineOfRule({ table: 'filter', chain: 'FORWARD', rule }))).toEqual([
      3, 4, 6, 8,
    ])
    expect(ruleset!.tables.filter!.chains.FORWARD!.rules.map(policyLineOf)).toEqual([
      'policy line 3',
      'policy line 4',
      'policy line 6',
      'policy line 8',
    ])
  })

  it('a list longer than multiport holds takes several rules, and so do both sides', () => {
    const ports = Array.from({ length: 16 }, (_, index) => index + 1).join(',')
    expect(compiled(`ALLOW proto=TCP port=${ports} src=pacs`)).toHaveLength(4)
  })

  it('a host protects itself: lines go to INPUT and OUTPUT', () => {
    expect(compiled('DENY', { chains: ['INPUT', 'OUTPUT'] })).toEqual([
      '-A INPUT -j DROP',
      '-A OUTPUT -j DROP',
    ])
  })

  it('DEFAULT sets the policy', () => {
    expect(policyToRules('DEFAULT ALLOW\nDENY proto=ICMP').rules).toContain(':FORWARD ACCEPT')
    expect(policyToRules('ALLOW proto=ICMP').rules).toContain(':FORWARD DROP')
  })

  it('IPv6 lines are rules of ip6tables', () => {
    expect(compiled('ALLOW src=2001:db8::/32 proto=ICMP', { family: 6 })).toEqual([
      '-A FORWARD -s 2001:db8::/32 -p ipv6-icmp -j ACCEPT',
    ])
  })

  it('the trace names the line', () => {
    const firewall = createFirewall({
      interfaces: { lan0: ['10.6.0.1/16'], wan0: ['203.0.113.1/24'] },
      routes: ['default via 203.0.113.254 dev wan0'],
      rules: policyToRules(HOSPITAL).ruleset!,
    })
    const attack = tcp({ from: '203.0.113.99:48721', to: '10.6.23.50:443', flags: 'S' })
    const { fate } = step(firewall, { device: 'wan0', packet: attack })
    expect(fate).toMatchObject({ kind: 'dropped', at: { chain: 'FORWARD', rule: 4 } })
  })
})

describe('what is wrong with policy lines', () => {
  it.each([
    ['ALOW src=ANY', 1, "unknown action 'ALOW'", "did you mean 'ALLOW'?"],
    ['ALLOW scr=ANY', 7, "unknown word 'scr'", "did you mean 'src'?"],
    ['ALLOW src=10.6.0.0/33', 11, "not an address: '10.6.0.0/33'", undefined],
    ['ALLOW src=10.0.0.1,10.0.0.256', 20, "not an address: '10.0.0.256'", undefined],
    ['ALLOW src=DNZ', 11, "unknown name 'DNZ'", "did you mean 'DMZ'?"],
    ['ALLOW port=80,70000', 15, "not a port: '70000'", undefined],
    ['ALLOW port=90-80', 12, 'the range 90-80 is empty', 'write 80-90'],
    ['ALLOW proto=TPC', 13, "unknown protocol 'TPC'", undefined],
    ['ALLOW proto=ICMP port=8', 23, 'icmp has no ports', 'leave port= out, or say proto=TCP'],
    ['ALLOW state=NEW,ESTABLISED', 17, "unknown state 'ESTABLISED'", "did you mean 'ESTABLISHED'?"],
    ['ALLOW src=ANY src=ANY', 15, 'src is given twice', undefined],
    ['ALLOW src=', 7, 'src needs a value', 'src=…'],
    ['ALLOW src=SELF dst=SELF', 20, 'the firewall does not filter what it says to itself', undefined],
    ['DEFAULT MAYBE', 9, 'DEFAULT needs an action', undefined],
  ])('%s', (line, column, message, hint) => {
    const { diagnostics, ruleset } = policyToRules(line, options)
    expect(ruleset).toBeUndefined()
    expect(diagnostics.map(({ line, column, message, hint }) => ({ line, column, message, hint }))).toEqual([
      { line: 1, column, message, hint },
    ])
  })

  it('everything is told at once', () => {
    const { diagnostics } = policyToRules('ALOW\n\nDENY port=x proto=y\nALLOW to=ANY')
    expect(diagnostics.map(({ line, column }) => `${line}:${column}`)).toEqual(['1:1', '3:11', '3:19', '4:7'])
  })
})
