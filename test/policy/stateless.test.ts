import { describe, expect, it } from 'vitest'
import { createFirewall, step } from '../../src/firewall.ts'
import { tcp } from '../../src/packet/constructors.ts'
import { stateless } from '../../src/policy/index.ts'
import { parseRules } from '../../src/rules/parse.ts'

const rulesOf = (text: string): string[] =>
  stateless(parseRules(text, { family: 4 }).ruleset!)
    .rules.split('\n')
    .filter(line => line.startsWith('-A'))

describe('rules without connection tracking', () => {
  it.each([
    [
      'the state beside other conditions is left out',
      'iptables -A OUTPUT -p tcp --sport 80 -m state --state ESTABLISHED -j ACCEPT',
      ['-A OUTPUT -p tcp -m tcp --sport 80 -j ACCEPT'],
    ],
    [
      'NEW is any packet',
      'iptables -A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT',
      ['-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'],
    ],
    ['INVALID is unknown', 'iptables -A INPUT -m conntrack --ctstate INVALID -j DROP', []],
    [
      'answers are mirrors of what may begin',
      'iptables -P OUTPUT DROP\niptables -A INPUT -m state --state ESTABLISHED -j ACCEPT\niptables -A OUTPUT -d 198.51.100.7 -p tcp --dport 443 -j ACCEPT',
      [
        '-A INPUT -s 198.51.100.7/32 -p tcp -m tcp --sport 443 -j ACCEPT',
        '-A OUTPUT -d 198.51.100.7/32 -p tcp -m tcp --dport 443 -j ACCEPT',
      ],
    ],
    [
      'in FORWARD the devices change places',
      'iptables -A FORWARD -m state --state ESTABLISHED -j ACCEPT\niptables -A FORWARD -i lan0 -o wan0 -p udp --dport 53 -j ACCEPT',
      [
        '-A FORWARD -o lan0 -i wan0 -p udp -m udp --sport 53 -j ACCEPT',
        '-A FORWARD -i lan0 -o wan0 -p udp -m udp --dport 53 -j ACCEPT',
      ],
    ],
    ['connmark is gone', 'iptables -A INPUT -m connmark --mark 1 -j ACCEPT', []],
    ['other rules stay', 'iptables -A INPUT -s 10.0.0.0/8 -j DROP', ['-A INPUT -s 10.0.0.0/8 -j DROP']],
  ])('%s', (_, text, rules) => {
    const found = rulesOf(text).filter(
      line => !line.includes('! --tcp-flags') && !/-p (udp|icmp) -j/.test(line),
    )
    expect(found).toEqual(rules)
  })

  it('where anything may begin, whatever is no first packet may come back', () => {
    const rules = (family: 4 | 6, program: string): string[] =>
      stateless(parseRules(`${program} -A INPUT -m state --state ESTABLISHED -j ACCEPT`, { family }).ruleset!)
        .rules.split('\n')
        .filter(line => line.startsWith('-A'))
    const tcpAnswers = '-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT'
    expect(rules(4, 'iptables')).toEqual([
      tcpAnswers,
      '-A INPUT -p udp -j ACCEPT',
      '-A INPUT -p icmp -j ACCEPT',
    ])
    expect(rules(6, 'ip6tables')).toEqual([
      tcpAnswers,
      '-A INPUT -p udp -j ACCEPT',
      '-A INPUT -p ipv6-icmp -j ACCEPT',
    ])
  })

  it('is what gets through: a packet from port 80 needs no connection any more', () => {
    const text = `
iptables -P INPUT DROP
iptables -A INPUT -p tcp --sport 80 -m state --state ESTABLISHED -j ACCEPT`
    const { ruleset } = parseRules(text, { family: 4 })
    const sneaky = tcp({ from: '192.0.2.66:80', to: '192.0.2.1:3306', flags: 'A' })
    const fates = [ruleset!, stateless(ruleset!).ruleset].map(rules => {
      const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, conntrack: 'auto', rules })
      return step(box, { device: 'eth0', packet: sneaky }).fate.kind
    })
    expect(fates).toEqual(['dropped', 'delivered'])
  })
})
