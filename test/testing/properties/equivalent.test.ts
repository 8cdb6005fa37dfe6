/** Twenty pairs of rulesets: rewritten as people rewrite them, half of them not quite right. */
import { describe, expect, it } from 'vitest'
import { equivalent } from '../../../src/testing/properties/index.ts'
import { BOX } from './gateway.ts'

const filter = (lines: string): string => `*filter\n${lines.trim().replace(/^\s+/gm, '')}\nCOMMIT\n`
const nat = (lines: string): string => `*nat\n${lines.trim().replace(/^\s+/gm, '')}\nCOMMIT\n`

type Pair = readonly [what: string, before: string, after: string]

const SAME: readonly Pair[] = [
  [
    'rules that cannot both match change places',
    filter('-A FORWARD -p tcp --dport 22 -j ACCEPT\n-A FORWARD -p udp --dport 53 -j DROP'),
    filter('-A FORWARD -p udp --dport 53 -j DROP\n-A FORWARD -p tcp --dport 22 -j ACCEPT'),
  ],
  [
    'overlapping rules that do the same change places',
    filter('-P FORWARD DROP\n-A FORWARD -s 10.6.0.0/16 -j ACCEPT\n-A FORWARD -p udp -j ACCEPT'),
    filter('-P FORWARD DROP\n-A FORWARD -p udp -j ACCEPT\n-A FORWARD -s 10.6.0.0/16 -j ACCEPT'),
  ],
  [
    'two halves of a network become one rule',
    filter('-A FORWARD -s 10.6.0.0/17 -j DROP\n-A FORWARD -s 10.6.128.0/17 -j DROP'),
    filter('-A FORWARD -s 10.6.0.0/16 -j DROP'),
  ],
  [
    'ports become a multiport rule',
    filter(
      '-A INPUT -p tcp --dport 80 -j DROP\n-A INPUT -p tcp --dport 81 -j DROP\n-A INPUT -p tcp --dport 443 -j DROP',
    ),
    filter('-A INPUT -p tcp -m multiport --dports 80:81,443 -j DROP'),
  ],
  [
    'a chain of its own',
    filter(
      '-A FORWARD -i guest0 -d 10.6.0.0/16 -j DROP\n-A FORWARD -i guest0 -p tcp -j ACCEPT\n-A FORWARD -j DROP',
    ),
    filter(`
      :guests - [0:0]
      -A FORWARD -i guest0 -j guests
      -A FORWARD -j DROP
      -A guests -d 10.6.0.0/16 -j DROP
      -A guests -p tcp -j ACCEPT`),
  ],
  [
    'RETURN instead of a negated match',
    filter('-A FORWARD ! -s 10.6.0.0/16 -p tcp -j DROP'),
    filter(':c - [0:0]\n-A FORWARD -j c\n-A c -s 10.6.0.0/16 -j RETURN\n-A c -p tcp -j DROP'),
  ],
  [
    'the policy instead of a last rule',
    filter('-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -j DROP'),
    filter('-P INPUT DROP\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT'),
  ],
  [
    'a rule in the shadow of another one is taken away',
    filter('-A FORWARD -p tcp -j ACCEPT\n-A FORWARD -p tcp --dport 22 -j DROP\n-A FORWARD -p icmp -j DROP'),
    filter('-A FORWARD -p tcp -j ACCEPT\n-A FORWARD -p icmp -j DROP'),
  ],
  [
    '-m state becomes -m conntrack',
    filter('-P FORWARD DROP\n-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT'),
    filter('-P FORWARD DROP\n-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'),
  ],
  [
    'SNAT rules for disjoint networks change places',
    nat(`
      -A POSTROUTING -s 10.6.0.0/16 -o wan0 -j SNAT --to-source 203.0.113.1
      -A POSTROUTING -s 10.7.0.0/16 -o wan0 -j SNAT --to-source 203.0.113.2`),
    nat(`
      -A POSTROUTING -s 10.7.0.0/16 -o wan0 -j SNAT --to-source 203.0.113.2
      -A POSTROUTING -s 10.6.0.0/16 -o wan0 -j SNAT --to-source 203.0.113.1`),
  ],
]

const DIFFERENT: readonly (readonly [...Pair, packets: readonly string[]])[] = [
  [
    'rules that overlap change places',
    filter('-A FORWARD -s 10.6.0.2 -j DROP\n-A FORWARD -s 10.6.0.0/16 -j ACCEPT\n-A FORWARD -j DROP'),
    filter('-A FORWARD -s 10.6.0.0/16 -j ACCEPT\n-A FORWARD -s 10.6.0.2 -j DROP\n-A FORWARD -j DROP'),
    ['lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000'],
  ],
  [
    'a network one bit too wide',
    filter('-A FORWARD -s 10.6.0.0/17 -j DROP\n-A FORWARD -s 10.6.128.0/18 -j DROP'),
    filter('-A FORWARD -s 10.6.0.0/16 -j DROP'),
    ['lan0: tcp 10.6.192.0:40000 > 198.51.100.7:80 S seq=1000'],
  ],
  [
    'a port range one port too long',
    filter('-A INPUT -p tcp --dport 8000:8079 -j DROP'),
    filter('-A INPUT -p tcp --dport 8000:8080 -j DROP'),
    ['lan0: tcp 10.6.0.2:40000 > 10.6.0.1:8080 S seq=1000'],
  ],
  [
    'a goto where a jump was',
    filter(':c - [0:0]\n-A FORWARD -p udp -j c\n-A FORWARD -j DROP\n-A c -s 10.6.0.0/16 -j ACCEPT'),
    filter(':c - [0:0]\n-A FORWARD -p udp -g c\n-A FORWARD -j DROP\n-A c -s 10.6.0.0/16 -j ACCEPT'),
    ['guest0: udp 10.7.0.2:40000 > 198.51.100.7:80'],
  ],
  [
    'RELATED is forgotten',
    filter(
      '-P FORWARD DROP\n-A FORWARD -i lan0 -j ACCEPT\n-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    ),
    filter(
      '-P FORWARD DROP\n-A FORWARD -i lan0 -j ACCEPT\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    ),
    [
      'lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000',
      'wan0: icmp 198.51.100.7 > 10.6.0.2 port-unreachable { tcp 10.6.0.2:40000 > 198.51.100.7:80 S seq=1000 ttl=63 }',
    ],
  ],
  [
    '--syn is not --ctstate NEW',
    filter('-P FORWARD DROP\n-A FORWARD -i lan0 -p tcp -m conntrack --ctstate NEW -j ACCEPT'),
    filter('-P FORWARD DROP\n-A FORWARD -i lan0 -p tcp --syn -j ACCEPT'),
    ['lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 A seq=1000 ack=0'],
  ],
  [
    'the negation moved',
    filter('-A FORWARD ! -i lan0 -d 10.6.0.0/16 -p tcp -j DROP'),
    filter('-A FORWARD -i lan0 ! -d 10.6.0.0/16 -p tcp -j DROP'),
    ['guest0: tcp 10.7.0.2:40000 > 10.6.0.2:80 S seq=1000'],
  ],
  [
    'a DROP became a REJECT',
    filter('-A INPUT -p tcp --dport 113 -j DROP'),
    filter('-A INPUT -p tcp --dport 113 -j REJECT --reject-with tcp-reset'),
    ['lan0: tcp 10.6.0.2:40000 > 10.6.0.1:113 S seq=1000'],
  ],
  [
    'MASQUERADE before the exception',
    nat('-A POSTROUTING -d 172.16.0.0/12 -j ACCEPT\n-A POSTROUTING -o wan0 -j MASQUERADE'),
    nat('-A POSTROUTING -o wan0 -j MASQUERADE\n-A POSTROUTING -d 172.16.0.0/12 -j ACCEPT'),
    ['lan0: tcp 10.6.0.2:40000 > 172.16.0.1:80 S seq=1000'],
  ],
  [
    'a limit counts what another rule took before',
    filter('-A INPUT -p icmp -m limit --limit 1/min --limit-burst 1 -j ACCEPT\n-A INPUT -p icmp -j DROP'),
    filter('-A INPUT -p icmp -m limit --limit 1/min --limit-burst 2 -j ACCEPT\n-A INPUT -p icmp -j DROP'),
    [
      'lan0: icmp 10.6.0.2 > 10.6.0.1 echo-request id=1 seq=1',
      'lan0: icmp 10.6.0.2 > 10.6.0.1 echo-request id=1 seq=1',
    ],
  ],
]

describe('proven to do the same in every state', () => {
  it.each(SAME)('%s', (_, before, after) => {
    expect(equivalent(before, after, BOX)).toMatchObject({ verdict: 'equivalent', by: 'proof' })
  })
})

describe('refuted by packets', () => {
  it.each(DIFFERENT)('%s', (_, before, after, packets) => {
    const { verdict, counterexample } = equivalent(before, after, { ...BOX, seed: 1 })
    expect(verdict).toBe('different')
    expect(counterexample?.packets).toEqual(packets)
  })
})
