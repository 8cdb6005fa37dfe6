import { describe, expect, it } from 'vitest'
import { analyze } from '../../src/analysis/analyze.ts'
import { emptySets } from '../../src/analysis/empty-sets.ts'
import { hits, WitnessFinder } from '../../src/analysis/witness.ts'
import { createFirewall, step } from '../../src/firewall.ts'
import { rules } from './support.ts'

/** The witness of the last rule of the text, checked again from its own parts. */
function witness(text: string, family: 4 | 6 = 4) {
  const ruleset = rules(text, family)
  const analysis = analyze(ruleset)
  const found = new WitnessFinder(analysis).find(analysis.rules.at(-1)!)
  if (!('arrival' in found)) return found.why
  let state = createFirewall({
    ...found.box,
    sets: emptySets(ruleset),
    ...(!found.openedBefore && { rules: ruleset }),
  })
  for (const before of found.history) state = step(state, before).state
  if (found.openedBefore)
    state = state.reconfigured({
      ...state.config,
      rules: { [family === 4 ? 'ipv4' : 'ipv6']: ruleset },
    })
  if (found.tables === 'all') expect(hits(step(state, found.arrival), found.id, found.hook)).toBe(true)
  const { history, openedBefore, tables, arrival } = found
  return [
    'local' in arrival ? 'local' : arrival.device,
    `${arrival.packet}`.replace(/ (seq|ack|len|ttl|id)=\S+/g, ''),
    ...(history.length > 0 ? [`after ${history.length}`] : []),
    ...(openedBefore ? ['opened before'] : []),
    ...(tables === 'alone' ? ['alone'] : []),
  ].join(' | ')
}

describe('witness packets hit their rule in the engine', () => {
  it.each<[string, string]>([
    ['-A FORWARD -i lan0 -p tcp --dport 22 -j ACCEPT', 'lan0 | tcp 198.51.100.7:40000 > 203.0.113.9:22 S'],
    ['-A INPUT -p udp --sport 53 -j ACCEPT', 'other0 | udp 198.51.100.7:53 > 203.0.113.9:8080'],
    ['-A OUTPUT -o wan0 -p tcp -j ACCEPT', 'local | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S'],
    ['-A INPUT -i lo -j ACCEPT', 'local | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S'],
    [
      '-A FORWARD -p tcp --dport 8080 -j DROP\n-A FORWARD -p tcp -j ACCEPT',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8081 S',
    ],
    ['-A FORWARD -p icmp --icmp-type 8 -j DROP', 'other0 | icmp 198.51.100.7 > 203.0.113.9 echo-request'],
    [
      '-A FORWARD -p tcp --tcp-flags ALL FIN,SYN -j DROP',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 SF badsum',
    ],
    [
      '-A FORWARD -m state --state ESTABLISHED -j ACCEPT',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 A | after 3',
    ],
    [
      '-A FORWARD -p udp -m state --state ESTABLISHED -j ACCEPT',
      'other0 | udp 198.51.100.7:40000 > 203.0.113.9:8080 | after 2',
    ],
    [
      '-P FORWARD DROP\n-A FORWARD -p icmp -m state --state ESTABLISHED -j ACCEPT',
      'other0 | icmp 198.51.100.7 > 203.0.113.9 echo-request | after 2 | opened before',
    ],
    [
      '-A FORWARD -m state --state INVALID -j DROP',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S badsum',
    ],
    [
      '-A FORWARD -m mac --mac-source 00:11:22:33:44:55 -j DROP',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S',
    ],
    ['-A FORWARD -m length --length 1000: -j DROP', 'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S'],
    ['-A FORWARD -m ttl --ttl-lt 5 -j DROP', 'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S'],
    [
      '-t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to 10.0.0.1',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:80 S',
    ],
    [
      '-t raw -A PREROUTING -p udp -j NOTRACK\n-A FORWARD -m state --state UNTRACKED -j ACCEPT',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S | alone',
    ],
    [
      '-A INPUT -p tcp -m recent --name x --set\n-A INPUT -p tcp -m recent --name x --rcheck --hitcount 4 -j DROP',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S | after 3',
    ],
    [
      '-t raw -A PREROUTING -j DROP\n-t filter -A FORWARD -p tcp -j ACCEPT',
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S | alone',
    ],
  ])('%s', (text, expected) => {
    expect(witness(text)).toBe(expected)
  })

  it('in IPv6', () => {
    expect(witness('-A FORWARD -s 2001:db8:5::/48 -p udp --dport 53 -j ACCEPT', 6)).toBe(
      'other0 | udp [2001:db8:5::7]:40000 > [2001:db8:2::9]:53',
    )
  })

  it('in a box whose ipsets are there, and empty', () => {
    expect(witness('-A INPUT -m set ! --match-set good src -j DROP')).toBe(
      'other0 | tcp 198.51.100.7:40000 > 203.0.113.9:8080 S',
    )
    expect(witness('-A INPUT -m set --match-set bad src,dst -j DROP')).toMatch(/^the packet was /)
  })

  it('or it is said what was missing', () => {
    expect(witness('-A FORWARD -m state --state RELATED -p tcp -j ACCEPT')).toBe(
      'its connection must be expected by a helper',
    )
  })
})
