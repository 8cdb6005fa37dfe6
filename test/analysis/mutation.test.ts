import { describe, expect, it } from 'vitest'
import { formatCoverage, mergeCoverage, ruleCoverage } from '../../src/analysis/coverage.ts'
import { mutants, survivingMutants } from '../../src/analysis/mutate.ts'
import { createFirewall, run } from '../../src/firewall.ts'
import { Packet } from '../../src/packet/packet.ts'
import type { Ruleset } from '../../src/rules/model.ts'
import { formatPlace } from '../../src/rules/steps.ts'
import { rules } from './support.ts'

const BOX = {
  interfaces: { lan0: ['10.0.0.1/8'], wan0: ['203.0.113.1/24'] },
  routes: ['default via 203.0.113.254 dev wan0'],
}

const TEXT = `
  -P FORWARD DROP
  -N web
  -A FORWARD -m state --state ESTABLISHED -j ACCEPT
  -A FORWARD -i lan0 -p tcp -j web
  -A FORWARD -i wan0 -j LOG
  -A web -s 10.1.0.0/16 -p tcp --dport 80 -j ACCEPT
  -A web -p tcp --dport 23 -j REJECT`

function send(ruleset: Ruleset, ...packets: string[]) {
  return run(
    createFirewall({ ...BOX, rules: ruleset }),
    packets.map(text => {
      const [device = '', packet = ''] = text.split(/: (.*)/)
      return { device, packet: Packet.parse(packet) }
    }),
  ).outcomes
}

const SYN = 'lan0: tcp 10.1.0.5:40000 > 198.51.100.7:80 S'
const SYN_ACK = 'wan0: tcp 198.51.100.7:80 > 10.1.0.5:40000 SA'
const TELNET = 'lan0: tcp 10.1.0.5:40000 > 198.51.100.7:23 S'
const UNASKED = 'wan0: tcp 198.51.100.7:80 > 10.1.0.5:40001 S'

describe('rule coverage', () => {
  it('counts visits, matches and decisions, an answer of the box itself included', () => {
    const coverage = ruleCoverage(rules(TEXT), send(rules(TEXT), SYN, SYN_ACK, TELNET))
    const rows = coverage.rows
      .filter(({ place }) => place.chain === 'FORWARD' || place.chain === 'web')
      .map(({ place, visited, matched, decided }) => `${formatPlace(place)} ${visited} ${matched} ${decided}`)
    expect(rows).toEqual([
      'filter/FORWARD:1 3 1 1',
      'filter/FORWARD:2 2 2 0',
      'filter/FORWARD:3 0 0 0',
      'filter/FORWARD:policy 0 0 0',
      'filter/web:1 2 1 1',
      'filter/web:2 1 1 1',
    ])
    expect(coverage.neverVisited.map(formatPlace)).toContain('filter/FORWARD:3')
  })

  it('tells what was visited and never matched', () => {
    const coverage = ruleCoverage(rules(TEXT), send(rules(TEXT), UNASKED))
    expect(coverage.neverMatched.map(formatPlace)).toEqual(['filter/FORWARD:1', 'filter/FORWARD:2'])
    expect(formatCoverage(coverage)).toContain('filter/FORWARD:2  never matched')
  })

  it('adds up', () => {
    const one = ruleCoverage(rules(TEXT), send(rules(TEXT), SYN))
    const two = ruleCoverage(rules(TEXT), send(rules(TEXT), UNASKED))
    const both = mergeCoverage([one, two])
    const row = both.rows.find(({ place }) => formatPlace(place) === 'filter/FORWARD:1')
    expect(row).toMatchObject({ visited: 2, matched: 0 })
  })
})

describe('mutants', () => {
  it('each have one mistake', () => {
    const changes = [
      ...mutants(
        rules('-A FORWARD -i lan0 -s 10.0.0.0/8 -m state --state ESTABLISHED -j ACCEPT\n-A FORWARD -j DROP'),
      ),
    ]
    expect(changes.map(({ place, kind, change }) => `${formatPlace(place)} ${kind}: ${change}`)).toEqual([
      'filter/INPUT:policy flip-policy: policy ACCEPT became DROP',
      'filter/FORWARD:1 drop-rule: rule dropped',
      'filter/FORWARD:1 flip-verdict: ACCEPT became DROP',
      'filter/FORWARD:1 swap-neighbours: swapped with rule 2',
      'filter/FORWARD:1 widen-prefix: -s 10.0.0.0/8 widened to 10.0.0.0/7',
      'filter/FORWARD:1 drop-state: -m state dropped',
      'filter/FORWARD:1 widen-state: NEW added to the states',
      'filter/FORWARD:1 drop-interface: -i lan0 dropped',
      'filter/FORWARD:2 drop-rule: rule dropped',
      'filter/FORWARD:2 flip-verdict: DROP became ACCEPT',
      'filter/FORWARD:policy flip-policy: policy ACCEPT became DROP',
      'filter/OUTPUT:policy flip-policy: policy ACCEPT became DROP',
    ])
  })

  /** The expectations of somebody who only tested that things work. */
  const works = (ruleset: Ruleset): boolean => {
    const fates = send(ruleset, SYN, SYN_ACK).map(({ fate }) => fate.kind)
    return fates.join() === 'forwarded,forwarded'
  }

  it('survive tests that only try what works', () => {
    const { survivors } = survivingMutants(rules(TEXT), works, {
      only: ['flip-policy', 'widen-state', 'drop-rule'],
    })
    expect(survivors.map(({ place, kind }) => `${formatPlace(place)} ${kind}`)).toEqual([
      'filter/INPUT:policy flip-policy',
      'filter/FORWARD:1 widen-state',
      'filter/FORWARD:3 drop-rule',
      'filter/FORWARD:policy flip-policy',
      'filter/OUTPUT:policy flip-policy',
      'filter/web:2 drop-rule',
    ])
  })

  it('and fewer of them tests that also try what must not', () => {
    const strict = (ruleset: Ruleset): boolean =>
      works(ruleset) &&
      send(ruleset, UNASKED)[0]!.fate.kind === 'dropped' &&
      send(ruleset, TELNET)[0]!.fate.kind === 'rejected'
    const { survivors } = survivingMutants(rules(TEXT), strict, {
      only: ['flip-policy', 'widen-state', 'drop-rule'],
    })
    expect(survivors.map(({ place, kind }) => `${formatPlace(place)} ${kind}`)).toEqual([
      'filter/INPUT:policy flip-policy',
      'filter/FORWARD:3 drop-rule',
      'filter/OUTPUT:policy flip-policy',
    ])
  })

  it('that nobody can notice are proven and left out', () => {
    const text = '-P FORWARD DROP\n-A FORWARD -i lan0 -j ACCEPT\n-A FORWARD -i wan0 -j DROP'
    const report = survivingMutants(rules(text), () => true, { only: ['drop-rule', 'swap-neighbours'] })
    expect(report).toMatchObject({ total: 3, equivalent: 2 })
    expect(report.survivors.map(({ change, place }) => `${formatPlace(place)} ${change}`)).toEqual([
      'filter/FORWARD:1 rule dropped',
    ])
  })

  it('need expectations that hold to begin with', () => {
    expect(() => survivingMutants(rules(TEXT), () => false)).toThrow('fail on the ruleset itself')
  })
})
