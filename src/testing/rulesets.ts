import fc from 'fast-check'
import { BUILTIN_CHAINS, type Hook, type TableName } from '../rules/model.ts'
import { shrunkBy } from './arbitraries.ts'
import { matchesAt, matchWords } from './match-words.ts'
import { type RuleDraft, type RulesetDraft, type TableDraft, USER_CHAINS } from './ruleset-draft.ts'
import { simplerDrafts } from './simpler-rules.ts'
import type { Site } from './site.ts'
import { targetsAt, targetWords } from './target-words.ts'
import { device, joined, maybeNot, oneOf, prefix, rarely, type WordContext } from './words.ts'

/** What kinds of rules to make. */
export interface RulesetShape {
  readonly tables: readonly TableName[]
  /**
   * Names of matches and targets that may be used; default: all that are modelled but `set` and `SET`, whose rules load
   * only where the sets of `setsText` are.
   */
  readonly extensions?: readonly string[]
  /** Rules that rulesets begin with, e.g. the usual `ESTABLISHED` line. */
  readonly preamble?: readonly { readonly table: TableName; readonly rule: RuleDraft }[]
  /** Every ruleset has the whole preamble; default: a table has all of its part or nothing. */
  readonly always?: boolean
  readonly maxRules?: number
}

/** Most packets are forwarded, and most rulesets are about them. */
const CHAIN_WEIGHTS: { readonly [chain: string]: number } = {
  PREROUTING: 5,
  FORWARD: 5,
  POSTROUTING: 5,
  OUTPUT: 3,
  INPUT: 3,
}

/**
 * Rulesets that iptables accepts: chains, jumps, gotos, NAT, and whatever extensions are asked for. They shrink to the
 * rules that matter. {@link rulesetText} makes text of them.
 *
 * @param site whose addresses and devices the rules are about
 * @param shape which tables and extensions, and at most how many rules a table has (default 8, preamble not counted)
 * @example
 * const drafts = rulesetDraft(GATEWAY, { tables: ['nat', 'filter'], extensions: ['tcp', 'DNAT'], maxRules: 4 })
 * const valid = draft => parseRules(rulesetText(draft), { family: 4 }).diagnostics.length === 0
 * fc.check(fc.property(drafts, valid), { seed: 1 }).failed // false
 * // shrinks to the one rule that matters
 * const { counterexample } = fc.check(
 *   fc.property(drafts, draft => !/FORWARD.* -j DROP/.test(rulesetText(draft))),
 *   { seed: 1, numRuns: 1000 },
 * )
 * counterexample[0].tables.flatMap(({ rules }) => rules) // [{"chain":"FORWARD","words":"-j DROP"}]
 */
export function rulesetDraft(site: Site, shape: RulesetShape): fc.Arbitrary<RulesetDraft> {
  const made: fc.Arbitrary<RulesetDraft> = fc
    .tuple(...shape.tables.map(name => tableDraft(site, name, shape)))
    .map(tables => ({
      tables: tables.filter(
        table => table.rules.length > 0 || Object.values(table.policies).includes('DROP'),
      ),
    }))
  return shrunkBy(made, draft => simplerDrafts(draft, site.family))
}

function tableDraft(site: Site, name: TableName, shape: RulesetShape): fc.Arbitrary<TableDraft> {
  const hooks = BUILTIN_CHAINS[name]
  const chains: (readonly [string, readonly Hook[]])[] = [
    ...hooks.map(hook => [hook, [hook]] as const),
    ...USER_CHAINS[name],
  ]
  const rule = fc.oneof(
    ...chains.map(([chain, reachedFrom]) => ({
      weight: CHAIN_WEIGHTS[chain] ?? 1,
      arbitrary: ruleDraft(site, name, chain, reachedFrom, shape),
    })),
  )
  const policy =
    name === 'nat'
      ? fc.constant('ACCEPT' as const)
      : fc.constantFrom(
          'ACCEPT' as const,
          'ACCEPT' as const,
          'ACCEPT' as const,
          'ACCEPT' as const,
          'DROP' as const,
        )
  const preamble = (shape.preamble ?? []).filter(({ table }) => table === name).map(line => line.rule)
  return fc
    .record({
      policies: fc
        .tuple(...hooks.map(() => policy))
        .map(list => Object.fromEntries(hooks.map((hook, i) => [hook, list[i]!]))),
      rules: fc.array(rule, { maxLength: shape.maxRules ?? 8, size: 'max' }),
      usual:
        preamble.length === 0
          ? fc.constant([])
          : fc.constantFrom<readonly RuleDraft[]>(shape.always ? preamble : [], preamble),
    })
    .map(({ policies, rules, usual }) => ({ name, policies, rules: [...usual, ...rules] }))
}

function ruleDraft(
  site: Site,
  table: TableName,
  chain: string,
  hooks: readonly Hook[],
  shape: RulesetShape,
): fc.Arbitrary<RuleDraft> {
  const protocols: readonly (readonly [number, string])[] =
    site.family === 4
      ? [
          [0, ''],
          [6, '-p tcp'],
          [17, '-p udp'],
          [1, '-p icmp'],
          [132, '-p sctp'],
          [136, '-p udplite'],
          [50, '-p esp'],
          [51, '-p ah'],
          [33, '-p dccp'],
          [108, '-p ipcomp'],
        ]
      : [
          [0, ''],
          [6, '-p tcp'],
          [17, '-p udp'],
          [58, '-p ipv6-icmp'],
          [132, '-p sctp'],
          [50, '-p esp'],
          [51, '-p ah'],
          [33, '-p dccp'],
          [108, '-p ipcomp'],
          [135, '-p mobility-header'],
        ]
  const weights = [8, 6, 4, 3, 1, 1, 1, 1, 1, 1]
  return fc
    .oneof(
      ...protocols.map(([protocol, words], index) => ({
        weight: weights[index]!,
        arbitrary: ruleOf({ site, table, hooks, protocol }, words, chain, shape),
      })),
    )
    .map(words => ({ chain, words }))
}

function ruleOf(at: WordContext, protocol: string, chain: string, shape: RulesetShape): fc.Arbitrary<string> {
  const wanted = (names: readonly string[]): readonly string[] =>
    names.filter(name => shape.extensions?.includes(name) ?? !/^set$/i.test(name))
  const matches = wanted(matchesAt(at))
  const match =
    matches.length === 0 ? fc.constant('') : fc.oneof(...matches.map(name => matchWords(name, at)))
  const negatable = protocol === '' ? '' : protocol
  const decides = target(at, chain, wanted(targetsAt(at)))
  const plain = joined(fc.constant(protocol), decides)
  const careful = joined(
    rarely(maybeNot(prefix(at.site).map(text => `-s ${text}`))),
    rarely(maybeNot(prefix(at.site).map(text => `-d ${text}`))),
    rarely(interfaces(at)),
    at.site.family === 4 && at.protocol !== 0
      ? oneOf(negatable, negatable, negatable)
      : fc.constant(negatable),
    at.site.family === 4 ? oneOf('', '', '', '', '', '', '', '-f', '! -f') : fc.constant(''),
    fc
      .uniqueArray(match, { maxLength: 2, size: 'max', selector: words => words.split(' ')[1] ?? '' })
      .map(list => list.join(' ')),
    decides,
  )
  // or else hardly a packet would get to what rules do
  return fc.oneof({ weight: 3, arbitrary: careful }, { weight: 1, arbitrary: plain })
}

function interfaces({ site, hooks }: WordContext): fc.Arbitrary<string> {
  const incoming = hooks.every(hook => hook !== 'OUTPUT' && hook !== 'POSTROUTING')
  const outgoing = hooks.every(hook => hook !== 'PREROUTING' && hook !== 'INPUT')
  const named = (letter: string): fc.Arbitrary<string> =>
    maybeNot(device(site).map(name => `-${letter} ${name}`))
  if (incoming && outgoing) return fc.oneof(named('i'), named('o'), joined(named('i'), named('o')))
  if (incoming) return named('i')
  return outgoing ? named('o') : fc.constant('')
}

function target(at: WordContext, chain: string, names: readonly string[]): fc.Arbitrary<string> {
  const own = USER_CHAINS[at.table].findIndex(([name]) => name === chain)
  const below = USER_CHAINS[at.table].filter(
    ([, hooks], index) => index > own && at.hooks.every(hook => hooks.includes(hook)),
  )
  const verdicts =
    at.table === 'nat' ? ['-j ACCEPT', '-j RETURN'] : ['-j ACCEPT', '-j ACCEPT', '-j DROP', '-j RETURN']
  return fc.oneof(
    { weight: at.table === 'nat' ? 1 : 5, arbitrary: oneOf(...verdicts) },
    { weight: 1, arbitrary: fc.constant('') },
    ...(below.length === 0
      ? []
      : [
          {
            weight: 3,
            arbitrary: oneOf(...below.flatMap(([name]) => [`-j ${name}`, `-j ${name}`, `-g ${name}`])),
          },
        ]),
    ...names.map(name => targetWords(name, at)),
  )
}
