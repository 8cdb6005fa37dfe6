import fc from 'fast-check'
import { expect, it } from 'vitest'
import { advance, step } from '../../src/firewall.ts'
import type { FirewallState } from '../../src/state.ts'
import type { History } from '../../src/testing/conversations.ts'
import { play } from '../../src/testing/play.ts'
import type { RuleDraft, RulesetDraft } from '../../src/testing/ruleset-draft.ts'
import { decision, drafts, firewallOf, histories, runs, STATEFUL } from './support.ts'

/** The same packets at the same times, to two firewalls: the same packets pass, with the same bytes. */
function decideAlike(one: FirewallState, two: FirewallState, told: History): void {
  let second = two
  for (const played of play(one, told)) {
    if (played.kind === 'wait') {
      second = advance(second, played.ms)
      continue
    }
    const answer = step(second, played.arrival)
    expect(decision(answer), `${played.arrival.packet}`).toEqual(decision(played.outcome))
    second = answer.state
  }
}

function rewritten(draft: RulesetDraft, rewrite: (rule: RuleDraft) => readonly RuleDraft[]): RulesetDraft {
  return { tables: draft.tables.map(table => ({ ...table, rules: table.rules.flatMap(rewrite) })) }
}

const rulesets = drafts(['mangle', 'filter'], STATEFUL)

/** A rule with `-m tcp` drops a packet whose TCP header is cut off, whatever its target is. */
const readable: fc.Arbitrary<History> = histories.map(told => ({
  ...told,
  happenings: told.happenings.map(happening => {
    if (happening.kind !== 'next' && happening.kind !== 'say') return happening
    const { cut: _, ...twist } = happening.twist
    return { ...happening, twist }
  }),
}))

it('taking the LOG rules away changes no decision about packets whose headers can be read', () => {
  fc.assert(
    fc.property(rulesets, readable, (draft, told) => {
      const silent = rewritten(draft, rule => (/-j LOG/.test(rule.words) ? [] : [rule]))
      decideAlike(firewallOf(draft, { conntrack: 'on' }), firewallOf(silent, { conntrack: 'on' }), told)
    }),
    runs(40),
  )
})

it('a DROP in place of a REJECT changes no decision', () => {
  fc.assert(
    fc.property(rulesets, histories, (draft, told) => {
      const dropping = rewritten(draft, rule => [
        { ...rule, words: rule.words.replace(/-j REJECT.*/, '-j DROP') },
      ])
      decideAlike(firewallOf(draft), firewallOf(dropping), told)
    }),
    runs(40),
  )
})

/** Conditions of callers and of callees ask about different things, so that one rule can ask both. */
const OUTER = ['', '-i lan0', '! -i lan0', '-o wan0', '-i wan0 -o lan0']
const MIDDLE = ['', '-s 10.6.0.0/24', '! -s 10.6.0.2', '-d 198.51.100.0/24']
const INNER = [
  '',
  '-p tcp -m tcp --dport 80',
  '-p udp',
  '-m conntrack --ctstate NEW',
  '! -p icmp',
  '-m length --length 40',
]
const ENDS = ['-j ACCEPT', '-j DROP', '-j REJECT', '']

type Line = readonly [condition: string, target: string]
const lines = (conditions: readonly string[], targets: readonly string[]): fc.Arbitrary<readonly Line[]> =>
  fc.array(fc.tuple(fc.constantFrom(...conditions), fc.constantFrom(...targets)), { maxLength: 5 })

const nested = fc.record({
  FORWARD: lines(OUTER, [...ENDS, '-j a', '-j a', '-j b']),
  a: lines(MIDDLE, [...ENDS, '-j b', '-j b']),
  b: lines(INNER, ENDS),
})
type Nested = Record<'FORWARD' | 'a' | 'b', readonly Line[]>

function unfolded(chains: Nested, name: keyof Nested): readonly Line[] {
  return chains[name].flatMap(([condition, target]) => {
    const called = /^-j ([ab])$/.exec(target)?.[1] as 'a' | 'b' | undefined
    if (called === undefined) return [[condition, target] as const]
    return unfolded(chains, called).map(([more, end]) => [`${condition} ${more}`, end] as const)
  })
}

const textOf = (chain: string, rules: readonly Line[]): string =>
  rules.map(([condition, target]) => `-A ${chain} ${condition} ${target}\n`).join('')

it('putting user chains in where they are called changes no decision', () => {
  fc.assert(
    fc.property(nested, histories, (chains, told) => {
      const folded = `*filter\n:a - [0:0]\n:b - [0:0]\n${textOf('FORWARD', chains.FORWARD)}${textOf('a', chains.a)}${textOf('b', chains.b)}COMMIT\n`
      const flat = `*filter\n${textOf('FORWARD', unfolded(chains, 'FORWARD'))}COMMIT\n`
      decideAlike(firewallOf(folded), firewallOf(flat), told)
    }),
    runs(60),
  )
})
