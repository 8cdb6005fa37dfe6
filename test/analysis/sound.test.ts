/** The analysis against the engine, on random rulesets and random packets. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { analyze } from '../../src/analysis/analyze.ts'
import { diffRulesets } from '../../src/analysis/diff.ts'
import { redundantRules } from '../../src/analysis/redundant.ts'
import { hits, WitnessFinder } from '../../src/analysis/witness.ts'
import { createFirewall, step } from '../../src/firewall.ts'
import type { Arrival } from '../../src/outcome.ts'
import { tcp, udp } from '../../src/packet/constructors.ts'
import type { Ruleset } from '../../src/rules/model.ts'
import { rules } from './support.ts'

const pick = <T>(...values: T[]) => fc.constantFrom(...values)

const condition = fc
  .tuple(
    pick('', '-i lan0', '-i lan+', '! -i lan0', '-o wan0'),
    pick('', '-s 10.0.0.0/8', '-s 10.1.0.0/16', '! -s 10.1.0.0/16', '-s 10.0.0.1/255.0.0.255'),
    pick(
      '',
      '-p tcp',
      '-p udp',
      '-p tcp --dport 80',
      '-p tcp --dport 1:80',
      '-p udp ! --dport 53',
      '-p tcp --syn',
      '-p tcp -m multiport --ports 80,443',
    ),
    pick(
      '',
      '',
      '-m state --state NEW',
      '-m state ! --state INVALID',
      '-m length --length 40:60',
      '-m mark --mark 0',
      '-m limit --limit 1/s',
    ),
  )
  .map(parts => parts.filter(part => part !== '').join(' '))

const target = pick('-j ACCEPT', '-j DROP', '-j RETURN', '-j a', '-j b', '-g b', '-j LOG', '')
const inner = pick('-j ACCEPT', '-j DROP', '-j RETURN', '-j b', '-g b')
const last = pick('-j ACCEPT', '-j DROP', '-j RETURN')
const lines = (chain: string, to: fc.Arbitrary<string>) =>
  fc.array(
    fc.tuple(condition, to).map(([what, where]) => `-A ${chain} ${what} ${where}`),
    { maxLength: 5 },
  )

const ruleset = fc
  .tuple(pick('ACCEPT', 'DROP'), lines('FORWARD', target), lines('a', inner), lines('b', last))
  .map(([policy, ...chains]) => ['-N a', '-N b', `-P FORWARD ${policy}`, ...chains.flat()].join('\n'))

const arrival: fc.Arbitrary<Arrival> = fc
  .record({
    device: pick('lan0', 'lan1', 'wan0'),
    from: pick('10.0.0.1', '10.1.0.1', '10.1.2.3', '10.9.9.9', '192.0.2.1'),
    port: pick(53, 79, 80, 81, 443),
    kind: pick('S', 'A', 'SF', 'udp'),
    data: pick(0, 20, 40),
  })
  .map(({ device, from, port, kind, data }) => {
    const ends = { from: `${from}:4000`, to: `203.0.113.${port === 53 ? 9 : 8}:${port}`, data }
    return { device, packet: kind === 'udp' ? udp(ends) : tcp({ ...ends, flags: kind }) }
  })

function firewall(of: Ruleset) {
  return createFirewall({
    interfaces: { lan0: [], lan1: [], wan0: [] },
    routes: ['203.0.113.8/32 dev wan0', '203.0.113.9/32 dev lan1', 'default dev lan0'],
    rules: of,
  })
}

it('a rule that is called unreachable is never matched, and a redundant one never missed', () => {
  fc.assert(
    fc.property(ruleset, fc.array(arrival, { minLength: 1, maxLength: 10 }), (text, arrivals) => {
      const given = rules(text)
      const analysis = analyze(given)
      expect(analysis.rules.every(({ status }) => status !== 'undecided')).toBe(true)
      const dead = analysis.rules.filter(({ status }) => status === 'unreachable')
      let state = firewall(given)
      for (const packet of arrivals) {
        const outcome = step(state, packet)
        for (const { id } of dead) expect(hits(outcome, id, 'FORWARD')).toBe(false)
        state = outcome.state
      }
      for (const { id } of redundantRules(analysis)) {
        const chain = given.tables.filter!.chains[id.chain]!
        const without = chain.rules.filter((_, index) => index + 1 !== id.number)
        const chains = { ...given.tables.filter!.chains, [id.chain]: { ...chain, rules: without } }
        const other: Ruleset = { ...given, tables: { filter: { name: 'filter', chains } } }
        let [a, b] = [firewall(given), firewall(other)]
        for (const packet of arrivals) {
          const [x, y] = [step(a, packet), step(b, packet)]
          expect(y.fate.kind).toBe(x.fate.kind)
          ;[a, b] = [x.state, y.state]
        }
      }
    }),
    { numRuns: 150 },
  )
})

it('a rule that is called reachable has a witness, unless a limit is in the way', () => {
  fc.assert(
    fc.property(ruleset, text => {
      const analysis = analyze(rules(text))
      const finder = new WitnessFinder(analysis)
      for (const report of analysis.rules)
        if (report.status === 'reachable' && !text.includes('limit'))
          expect(finder.find(report), `${text}\n${JSON.stringify(report.id)}`).toHaveProperty('arrival')
    }),
    { numRuns: 60, seed: 1 },
  )
})

it('packets that two rulesets treat differently lie in a difference', () => {
  fc.assert(
    fc.property(ruleset, ruleset, arrival, (one, two, packet) => {
      const [a, b] = [rules(one), rules(two)]
      const { differences } = diffRulesets(a, b)
      if (differences.some(({ first }) => !first.startsWith('with'))) return
      expect(step(firewall(b), packet).fate.kind).toBe(step(firewall(a), packet).fate.kind)
    }),
    { numRuns: 100 },
  )
})
