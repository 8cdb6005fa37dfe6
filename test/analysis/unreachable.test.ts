import { describe, expect, it } from 'vitest'
import { analyze } from '../../src/analysis/analyze.ts'
import { redundantRules } from '../../src/analysis/redundant.ts'
import { rules, unreachable } from './support.ts'

describe('unreachable rules, and which rules cover them', () => {
  it.each<[string, string, string[]]>([
    [
      'a prefix in a prefix',
      '-A FORWARD -s 10.0.0.0/8 -j DROP\n-A FORWARD -s 10.1.0.0/16 -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    ['the other way round', '-A FORWARD -s 10.1.0.0/16 -j ACCEPT\n-A FORWARD -s 10.0.0.0/8 -j DROP', []],
    [
      'two halves',
      '-A FORWARD -s 0.0.0.0/1 -j DROP\n-A FORWARD -s 128.0.0.0/1 -j DROP\n-A FORWARD -s 10.0.0.0/8 -j ACCEPT\n-A FORWARD -p tcp -j ACCEPT',
      ['FORWARD:3 <- FORWARD:1', 'FORWARD:4 <- FORWARD:1 FORWARD:2'],
    ],
    [
      'no superfluous proof',
      '-A FORWARD -p udp -j DROP\n-A FORWARD -p tcp --dport 1:99 -j DROP\n-A FORWARD -p tcp --dport 90:200 -j DROP\n-A FORWARD -p tcp --dport 80:150 -j ACCEPT',
      ['FORWARD:4 <- FORWARD:2 FORWARD:3'],
    ],
    ['LOG takes nothing', '-A FORWARD -j LOG\n-A FORWARD -p tcp -j DROP', []],
    [
      'later fragments have no ports',
      '-A FORWARD -p tcp --dport 0:65535 -j DROP\n-A FORWARD -p tcp -j ACCEPT',
      [],
    ],
    [
      'but with them nothing is left',
      '-A FORWARD -p udp -m udp -j DROP\n-A FORWARD -p udp -f -j DROP\n-A FORWARD -p udp --dport 53 -j ACCEPT',
      ['FORWARD:3 <- FORWARD:1'],
    ],
    [
      'a mask that is no prefix',
      '-A FORWARD -s 10.0.0.1/255.0.0.255 -j DROP\n-A FORWARD -s 10.7.7.1 -j ACCEPT\n-A FORWARD -s 10.7.7.2 -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'negation',
      '-A FORWARD ! -s 10.0.0.0/8 -j DROP\n-A FORWARD -s 192.168.0.0/16 -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'interfaces with wildcards',
      '-A FORWARD -i eth+ -j DROP\n-A FORWARD -i eth0 -j ACCEPT\n-A FORWARD -i et+ -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'multiport and ranges',
      '-A FORWARD -p tcp -m multiport --dports 20:30,80 -j DROP\n-A FORWARD -p tcp --dport 22 -j ACCEPT\n-A FORWARD -p tcp --dport 30:31 -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'TCP flags',
      '-A FORWARD -p tcp --tcp-flags SYN,ACK SYN -j DROP\n-A FORWARD -p tcp --syn -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'ICMP types',
      '-A FORWARD -p icmp --icmp-type 3 -j DROP\n-A FORWARD -p icmp --icmp-type 3/4 -j ACCEPT\n-A FORWARD -p icmp --icmp-type 8 -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'states',
      '-A FORWARD -m state --state NEW,ESTABLISHED -j ACCEPT\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j DROP\n-A FORWARD -m state --state RELATED -j DROP',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'all the states there are',
      '-A FORWARD -m state --state NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED -j ACCEPT\n-A FORWARD -p tcp -j DROP',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'address ranges',
      '-A FORWARD -m iprange --src-range 10.0.0.5-10.0.0.20 -j DROP\n-A FORWARD -s 10.0.0.8/29 -j ACCEPT\n-A FORWARD -s 10.0.0.0/29 -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'nothing is sure about a limit',
      '-A FORWARD -m limit --limit 1/s -j ACCEPT\n-A FORWARD -m limit --limit 1/s -j ACCEPT',
      [],
    ],
    [
      'but what it would pass may be gone',
      '-A FORWARD -p tcp -j DROP\n-A FORWARD -p tcp -m limit --limit 1/s -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'a stable condition answers the same twice',
      '-A FORWARD -m addrtype --dst-type LOCAL -j DROP\n-A FORWARD -p tcp -m addrtype --dst-type LOCAL -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'a random one does not',
      '-A FORWARD -m statistic --mode nth --every 2 --packet 0 -j DROP\n-A FORWARD -m statistic --mode nth --every 2 --packet 0 -j ACCEPT',
      [],
    ],
    [
      'marks that the table changes are unknown',
      '-t mangle -A FORWARD -m mark --mark 1 -j ACCEPT\n-t mangle -A FORWARD -j MARK --set-mark 1\n-t mangle -A FORWARD -m mark --mark 1 -j DROP',
      [],
    ],
    [
      'marks that it does not change are not',
      '-A FORWARD -m mark --mark 0/1 -j ACCEPT\n-A FORWARD -m mark --mark 2 -j DROP\n-A FORWARD -m mark --mark 3 -j DROP',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'the nat table sees first packets only',
      '-t nat -A PREROUTING -m state --state ESTABLISHED -j ACCEPT',
      ['PREROUTING:1 impossible'],
    ],
    [
      'conditions that exclude each other',
      '-A FORWARD -i lan0 ! -i lan0 -j DROP'.replace(
        '! -i lan0',
        '-s 10.0.0.1 -m iprange --src-range 10.0.0.2-10.0.0.3',
      ),
      ['FORWARD:1 impossible'],
    ],
  ])('%s', (_, text, expected) => {
    expect(unreachable(rules(text))).toEqual(expected)
  })

  it.each<[string, string, string[]]>([
    [
      'a chain that decides everything',
      '-N c\n-A c -p tcp -j ACCEPT\n-A c -j DROP\n-A FORWARD -i lan0 -j c\n-A FORWARD -i lan0 -p udp -j ACCEPT',
      ['FORWARD:2 <- c:2'],
    ],
    [
      'a chain that returns',
      '-N c\n-A c -p tcp -j RETURN\n-A c -j DROP\n-A FORWARD -j c\n-A FORWARD -p udp -j ACCEPT\n-A FORWARD -p tcp -j ACCEPT',
      ['FORWARD:2 <- c:2'],
    ],
    [
      'RETURN in a built-in chain is the end',
      '-A FORWARD -p tcp -j RETURN\n-A FORWARD -p tcp --dport 22 -j ACCEPT',
      ['FORWARD:2 <- FORWARD:1'],
    ],
    [
      'the caller has decided already',
      '-N c\n-A c -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -j c',
      ['c:1 <- FORWARD:1'],
    ],
    [
      'but not every caller',
      '-N c\n-A c -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -j c\n-A INPUT -j c',
      [],
    ],
    [
      'goto does not come back',
      '-N c\n-A c -p tcp -j DROP\n-A FORWARD -p tcp -g c\n-A FORWARD -p udp -g c\n-A FORWARD -p udp -j ACCEPT',
      ['FORWARD:3 <- FORWARD:2'],
    ],
    [
      'goto returns to the last jump',
      '-N a\n-N b\n-A a -p tcp -g b\n-A a -p tcp --dport 22 -j DROP\n-A FORWARD -j a\n-A FORWARD -p tcp --dport 22 -j ACCEPT',
      ['a:2 <- a:1'],
    ],
    ['nobody calls it', '-N c\n-A c -j DROP', ['c:1 uncalled']],
    [
      'a chain that excludes its caller',
      '-N c\n-A c -p udp -j DROP\n-A FORWARD -p tcp -j c',
      ['c:1 impossible'],
    ],
  ])('with chains: %s', (_, text, expected) => {
    expect(unreachable(rules(text))).toEqual(expected)
  })

  it('in IPv6', () => {
    const text =
      '-A INPUT -s 2001:db8::/32 -j DROP\n-A INPUT -s 2001:db8:1::/48 -p tcp -j ACCEPT\n-A INPUT -p icmpv6 -j DROP\n-A INPUT -p icmpv6 --icmpv6-type 128 -j ACCEPT'
    expect(unreachable(rules(text, 6))).toEqual(['INPUT:2 <- INPUT:1', 'INPUT:4 <- INPUT:3'])
  })

  it('of 6,000 rules in under 5 seconds of processor time', () => {
    const lines = Array.from(
      { length: 6000 },
      (_, i) =>
        `-A FORWARD -s 10.${i % 250}.${(i * 7) % 250}.0/24 -d 172.16.${(i * 13) % 250}.${i % 99} -p tcp --dport ${(i * 31) % 65000} -j ${i % 3 ? 'ACCEPT' : 'DROP'}`,
    )
    const ruleset = rules(`-P FORWARD DROP\n${lines.join('\n')}`)
    const started = process.cpuUsage()
    expect(analyze(ruleset).rules.filter(({ status }) => status === 'undecided')).toEqual([])
    const { user, system } = process.cpuUsage(started)
    expect((user + system) / 1e6).toBeLessThan(5)
  })
})

describe('redundant rules, and what would decide instead', () => {
  it.each<[string, string, string[]]>([
    [
      'a later, wider rule',
      '-A FORWARD -p tcp --dport 22 -j ACCEPT\n-A FORWARD -p tcp -j ACCEPT\n-P FORWARD DROP',
      ['FORWARD:1 = FORWARD:2'],
    ],
    ['the policy', '-P FORWARD DROP\n-A FORWARD -s 10.0.0.0/8 -j DROP', ['FORWARD:1 = FORWARD:policy']],
    [
      'another rule between them',
      '-P FORWARD DROP\n-A FORWARD -s 10.0.0.1 -j DROP\n-A FORWARD -s 10.0.0.0/8 -j ACCEPT',
      [],
    ],
    ['a LOG between them', '-P FORWARD DROP\n-A FORWARD -s 10.0.0.0/8 -j DROP\n-A FORWARD -j LOG', []],
    [
      'a limit between them',
      '-P FORWARD DROP\n-A FORWARD -s 10.0.0.0/8 -j DROP\n-A FORWARD -m limit --limit 1/s -j DROP',
      [],
    ],
    ['REJECT is not DROP', '-P FORWARD DROP\n-A FORWARD -j REJECT', []],
    [
      'what was caught before does not count',
      '-P FORWARD DROP\n-A FORWARD -s 10.0.0.1 -j ACCEPT\n-A FORWARD -s 10.0.0.0/8 -j DROP\n-A FORWARD -s 10.0.0.1 -p tcp -j ACCEPT',
      ['FORWARD:2 = FORWARD:policy'],
    ],
    [
      'through a chain that returns',
      '-P FORWARD DROP\n-N c\n-A c -p udp -j ACCEPT\n-A FORWARD -p tcp -j DROP\n-A FORWARD -j c',
      ['FORWARD:1 = FORWARD:policy'],
    ],
  ])('%s', (_, text, expected) => {
    const found = redundantRules(analyze(rules(text))).map(
      ({ id, insteadOf }) =>
        `${id.chain}:${id.number} = ${insteadOf.map(place => `${place.id.chain}:${place.id.number}`).join(' ')}`,
    )
    expect(found).toEqual(expected)
  })
})
