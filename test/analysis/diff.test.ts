import { describe, expect, it } from 'vitest'
import { diffRulesets, equivalentRulesets } from '../../src/analysis/diff.ts'
import { formatRegion } from '../../src/analysis/regions.ts'
import { serviceMatrix } from '../../src/analysis/service-matrix.ts'
import { rules } from './support.ts'

function differences(a: string, b: string): string[] {
  return diffRulesets(rules(a), rules(b)).differences.map(
    ({ first, second, region, witness }) =>
      `${formatRegion(region)}: ${first} -> ${second}${witness === undefined ? ' (not shown)' : ''}`,
  )
}

describe('the packets that two rulesets treat differently', () => {
  it.each<[string, string, string, string[]]>([
    [
      'one port more',
      '-A INPUT -p tcp --dport 22 -j DROP',
      '-A INPUT -p tcp --dport 22:23 -j DROP',
      ['protocol tcp, packet whole, dport 23: ACCEPT -> DROP'],
    ],
    [
      'what no ipset protects from is shown with an empty one',
      '-A INPUT -m set ! --match-set good src -j DROP',
      '-A INPUT -m set ! --match-set good src -j ACCEPT',
      ['any packet when -m set ! --match-set good src: DROP -> ACCEPT'],
    ],
    [
      'half a prefix',
      '-A INPUT -s 10.0.0.0/8 -j DROP',
      '-A INPUT -s 10.0.0.0/9 -j DROP',
      ['from 10.128.0.0/9: DROP -> ACCEPT'],
    ],
    [
      'another answer',
      '-A INPUT -i lan0 -j DROP',
      '-A INPUT -i lan0 -j REJECT',
      ['in lan0: DROP -> REJECT --reject-with icmp-port-unreachable'],
    ],
    ['a log line', '-A INPUT -i lan0 -j LOG', '-P INPUT ACCEPT', ['in lan0: with LOG -> without LOG']],
    [
      'a state',
      '-P FORWARD DROP\n-A FORWARD -m state --state ESTABLISHED -j ACCEPT',
      '-P FORWARD DROP\n-A FORWARD -m state --state ESTABLISHED,RELATED -j ACCEPT',
      ['state RELATED: DROP -> ACCEPT'],
    ],
    [
      'a translation',
      '-t nat -A POSTROUTING -o wan0 -j MASQUERADE',
      '-t nat -A POSTROUTING -o wan0 ! -d 10.0.0.0/8 -j MASQUERADE',
      ['out wan0, to 10.0.0.0/8: MASQUERADE -> ACCEPT'],
    ],
    [
      'a set that only one asks about',
      '-P INPUT ACCEPT',
      '-A INPUT -m addrtype --dst-type MULTICAST -j DROP',
      ['any packet when -m addrtype --dst-type MULTICAST: ACCEPT -> DROP (not shown)'],
    ],
  ])('%s', (_, a, b, expected) => {
    expect(differences(a, b)).toEqual(expected)
  })
})

const CHAIN = '-P FORWARD DROP\n-A FORWARD -m state --state ESTABLISHED,RELATED -j ACCEPT\n'

describe('equivalence over all histories', () => {
  it.each<[string, string, string, 'equivalent' | 'different']>([
    [
      'reordered',
      `-A INPUT -p tcp --dport 22 -j DROP\n-A INPUT -p udp -j DROP`,
      '-A INPUT -p udp -j DROP\n-A INPUT -p tcp --dport 22 -j DROP',
      'equivalent',
    ],
    [
      'reordered across an overlap',
      '-A INPUT -s 10.0.0.1 -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -j DROP',
      '-A INPUT -s 10.0.0.0/8 -j DROP\n-A INPUT -s 10.0.0.1 -j ACCEPT',
      'different',
    ],
    [
      'two prefixes merged',
      '-A INPUT -s 10.0.0.0/9 -j DROP\n-A INPUT -s 10.128.0.0/9 -j DROP',
      '-A INPUT -s 10.0.0.0/8 -j DROP',
      'equivalent',
    ],
    [
      'two prefixes merged that are no neighbours',
      '-A INPUT -s 10.0.0.0/9 -j DROP\n-A INPUT -s 11.0.0.0/9 -j DROP',
      '-A INPUT -s 10.0.0.0/7 -j DROP',
      'different',
    ],
    [
      'ports merged',
      '-A INPUT -p tcp --dport 80 -j DROP\n-A INPUT -p tcp --dport 443 -j DROP',
      '-A INPUT -p tcp -m multiport --dports 80,443 -j DROP',
      'equivalent',
    ],
    [
      'ports merged, of one protocol too few',
      '-A INPUT -p tcp --dport 53 -j DROP\n-A INPUT -p udp --dport 53 -j DROP',
      '-A INPUT -p udp -m multiport --dports 53 -j DROP',
      'different',
    ],
    [
      'refactored into a chain',
      `${CHAIN}-A FORWARD -i lan0 -p tcp --dport 22 -j ACCEPT\n-A FORWARD -i lan0 -p udp -j ACCEPT`,
      `${CHAIN}-N lan\n-A FORWARD -i lan0 -j lan\n-A lan -p tcp --dport 22 -j ACCEPT\n-A lan -p udp -j ACCEPT`,
      'equivalent',
    ],
    [
      'refactored into a chain that forgets the device',
      `${CHAIN}-A FORWARD -i lan0 -p tcp --dport 22 -j ACCEPT`,
      `${CHAIN}-N lan\n-A FORWARD -j lan\n-A lan -p tcp --dport 22 -j ACCEPT`,
      'different',
    ],
    [
      'goto instead of jump at the end',
      '-N c\n-A c -p tcp -j DROP\n-A INPUT -j c',
      '-N c\n-A c -p tcp -j DROP\n-A INPUT -g c',
      'equivalent',
    ],
    [
      'goto instead of jump before the end',
      '-N c\n-A c -p tcp -j DROP\n-A INPUT -i lan0 -j c\n-A INPUT -p udp -j DROP',
      '-N c\n-A c -p tcp -j DROP\n-A INPUT -i lan0 -g c\n-A INPUT -p udp -j DROP',
      'different',
    ],
    [
      'RETURN instead of a negation',
      '-N c\n-A c -s 10.0.0.1 -j RETURN\n-A c -j DROP\n-A INPUT -j c',
      '-A INPUT ! -s 10.0.0.1 -j DROP',
      'equivalent',
    ],
    [
      'RETURN that skips more than meant',
      '-N c\n-A c -s 10.0.0.1 -j RETURN\n-A c -p tcp -j DROP\n-A c -p udp -j DROP\n-A INPUT -j c',
      '-A INPUT -p tcp ! -s 10.0.0.1 -j DROP\n-A INPUT -p udp -j DROP',
      'different',
    ],
    [
      'policy instead of a last rule',
      '-P INPUT DROP\n-A INPUT -i lan0 -j ACCEPT',
      '-A INPUT -i lan0 -j ACCEPT\n-A INPUT -j DROP',
      'equivalent',
    ],
    [
      'policy instead of a last rule, the wrong chain',
      '-P INPUT DROP\n-A INPUT -i lan0 -j ACCEPT',
      '-P FORWARD DROP\n-A INPUT -i lan0 -j ACCEPT',
      'different',
    ],
    [
      '--state and --ctstate',
      '-A INPUT -m state --state INVALID -j DROP',
      '-A INPUT -m conntrack --ctstate INVALID -j DROP',
      'equivalent',
    ],
    [
      'NEW is not "not ESTABLISHED"',
      '-A INPUT -p tcp -m state --state NEW -j DROP',
      '-A INPUT -p tcp -m state ! --state ESTABLISHED -j DROP',
      'different',
    ],
    [
      '--syn written out',
      '-A INPUT -p tcp --syn -j DROP',
      '-A INPUT -p tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP',
      'equivalent',
    ],
    [
      '--syn is not SYN',
      '-A INPUT -p tcp --syn -j DROP',
      '-A INPUT -p tcp --tcp-flags SYN SYN -j DROP',
      'different',
    ],
    [
      'a dead rule removed',
      '-A INPUT -s 10.0.0.0/8 -j DROP\n-A INPUT -s 10.1.0.0/16 -j ACCEPT',
      '-A INPUT -s 10.0.0.0/8 -j DROP',
      'equivalent',
    ],
    [
      'a rule removed that only looks dead',
      '-A INPUT -p tcp --dport 0:65535 -j DROP\n-A INPUT -p tcp -j DROP',
      '-A INPUT -p tcp --dport 0:65535 -j DROP',
      'different',
    ],
    [
      'the same limit',
      '-A INPUT -m limit --limit 1/s -j ACCEPT\n-P INPUT DROP',
      '-P INPUT DROP\n-A INPUT -m limit --limit 1/s -j ACCEPT',
      'equivalent',
    ],
  ])('%s', (_, a, b, expected) => {
    const { verdict } = equivalentRulesets(rules(a), rules(b))
    // what conntrack puts together cannot be sent in pieces
    const fragments = a.includes('0:65535')
    expect(verdict).toBe(fragments ? 'undecided' : expected)
  })

  it('does not claim it where the order of what remembers differs', () => {
    const a = '-A INPUT -p tcp -m limit --limit 1/s -j LOG\n-A INPUT -p tcp -m recent --name x --set'
    const b = '-A INPUT -p tcp -m recent --name x --set\n-A INPUT -p tcp -m limit --limit 1/s -j LOG'
    expect(equivalentRulesets(rules(a), rules(b)).verdict).toBe('undecided')
  })
})

it('the service matrix says which new connections pass', () => {
  const text = `-P INPUT DROP\n${CHAIN}
    -A FORWARD -i lan0 -o wan0 -p tcp -m multiport --dports 80,443 -j ACCEPT
    -A FORWARD -i lan0 -o wan0 -p udp --dport 53 -m limit --limit 9/s -j ACCEPT
    -A INPUT -i lan0 -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT`
  const cells = serviceMatrix(rules(text)).cells
  const open = cells.flatMap(({ from, to, open, depends }) => [
    ...open.map(region => `${from} -> ${to}: ${formatRegion(region)}`),
    ...depends.map(region => `${from} -> ${to}: perhaps ${formatRegion(region)}`),
  ])
  expect(open).toEqual([
    'lan0 -> box: protocol tcp, from 10.0.0.0/8, dport 22',
    'lan0 -> wan0: protocol tcp, dport 80,443',
    'lan0 -> wan0: perhaps protocol udp, dport 53',
  ])
})

it('services that SYNPROXY opens to are not counted, and it says so', () => {
  const matrix = serviceMatrix(
    rules('-P INPUT DROP\n-P FORWARD DROP\n-A INPUT -p tcp --dport 80 -j SYNPROXY'),
  )
  expect(matrix.cells.flatMap(({ open, depends }) => [...open, ...depends])).toEqual([])
  expect(matrix.undecided).toEqual([
    'filter/INPUT: SYNPROXY opens to servers what it has answered for, which is not counted',
  ])
})
