import { maskOf, Prefix } from '../address.ts'
import { StateBit } from '../rules/matches/states.ts'
import type { AddressMatch, Chain, Match, Rule, Ruleset, TableName } from '../rules/model.ts'
import type { RulePlace } from '../rules/steps.ts'
import { equivalentRulesets } from './diff.ts'

/** A ruleset with one mistake in it. */
export interface Mutant {
  readonly ruleset: Ruleset
  /** Where the mistake is. */
  readonly place: RulePlace
  readonly kind: MutationKind
  /** In words: `rule dropped`, `-s 10.0.0.0/8 widened to 10.0.0.0/7`. */
  readonly change: string
}

/** The mistakes that mutants stand for. */
export type MutationKind =
  | 'drop-rule'
  | 'flip-verdict'
  | 'flip-policy'
  | 'swap-neighbours'
  | 'widen-prefix'
  | 'drop-state'
  | 'widen-state'
  | 'drop-interface'

/** One changed rule list, and what was changed about it. */
interface Edit {
  readonly rules: readonly Rule[]
  readonly kind: MutationKind
  readonly change: string
}

type Mutation = (rules: readonly Rule[], index: number) => Iterable<Edit>

/**
 * Every ruleset that differs from this one by one of the mistakes that people make. What is not touched stays the same
 * object, so that making a thousand of them is cheap.
 *
 * @param only default: all kinds
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp --dport 22 -j ACCEPT', { family: 4 })
 * [...mutants(ruleset)].map(({ kind }) => kind)[0] // 'drop-rule'
 */
export function* mutants(ruleset: Ruleset, only?: readonly MutationKind[]): Iterable<Mutant> {
  const wanted = (kind: MutationKind): boolean => only === undefined || only.includes(kind)
  for (const table of Object.values(ruleset.tables)) {
    if (table === undefined) continue
    for (const chain of Object.values(table.chains)) {
      const place = { table: table.name, chain: chain.name }
      for (let index = 0; index < chain.rules.length; index++)
        for (const mutation of MUTATIONS)
          for (const { rules, kind, change } of mutation(chain.rules, index)) {
            if (!wanted(kind)) continue
            const changed = withChain(ruleset, table.name, { ...chain, rules })
            yield { ruleset: changed, place: { ...place, rule: index + 1 }, kind, change }
          }
      if (chain.policy !== undefined && table.name === 'filter' && wanted('flip-policy')) {
        const policy = chain.policy === 'ACCEPT' ? 'DROP' : 'ACCEPT'
        const changed = withChain(ruleset, table.name, { ...chain, policy })
        yield {
          ruleset: changed,
          place: { ...place, rule: 'policy' },
          kind: 'flip-policy',
          change: `policy ${chain.policy} became ${policy}`,
        }
      }
    }
  }
}

/** The mutants that a run does not notice, and how many there were. */
export interface MutationReport {
  readonly total: number
  readonly survivors: readonly Mutant[]
  /** Mutants proven to do the same as the original in every state: nobody could notice them. */
  readonly equivalent: number
}

/** Which mutants are tried. */
export interface MutationOptions {
  readonly only?: readonly MutationKind[]
  /** Prove survivors that do the same as the original, and leave them out; default true. */
  readonly proveEquivalent?: boolean
}

/**
 * Runs the caller's expectations against every mutant.
 *
 * @param run throws or returns false when an expectation fails: then the mutant is noticed
 * @throws RangeError when the run fails on the original already
 * @example
 * const { ruleset } = parseRules('iptables -P INPUT DROP\niptables -A INPUT -p tcp --dport 22 -j ACCEPT', { family: 4 })
 * const opens = ruleset => {
 *   const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: ruleset })
 *   const syn = tcp({ from: '192.0.2.7:5000', to: '192.0.2.1:22', flags: 'S' })
 *   return step(box, { device: 'eth0', packet: syn }).fate.kind === 'delivered'
 * }
 * survivingMutants(ruleset, opens).survivors.length // 3
 */
export function survivingMutants(
  ruleset: Ruleset,
  run: (ruleset: Ruleset) => unknown,
  options: MutationOptions = {},
): MutationReport {
  const { only, proveEquivalent = true } = options
  if (!passes(run, ruleset)) throw new RangeError('the expectations fail on the ruleset itself')
  const survivors: Mutant[] = []
  let total = 0
  let equivalent = 0
  for (const mutant of mutants(ruleset, only)) {
    total++
    if (!passes(run, mutant.ruleset)) continue
    if (proveEquivalent && equivalentRulesets(ruleset, mutant.ruleset).verdict === 'equivalent') equivalent++
    else survivors.push(mutant)
  }
  return { total, survivors, equivalent }
}

function passes(run: (ruleset: Ruleset) => unknown, ruleset: Ruleset): boolean {
  try {
    return run(ruleset) !== false
  } catch {
    return false
  }
}

const MUTATIONS: readonly Mutation[] = [
  dropRule,
  flipVerdict,
  swapNeighbours,
  widenPrefix,
  loosenState,
  dropInterface,
]

function* dropRule(rules: readonly Rule[], index: number): Iterable<Edit> {
  yield { rules: rules.filter((_, i) => i !== index), kind: 'drop-rule', change: 'rule dropped' }
}

function* flipVerdict(rules: readonly Rule[], index: number): Iterable<Edit> {
  const { target } = rules[index]!
  const drops =
    target.kind === 'extension'
      ? target.name === 'REJECT'
      : target.kind === 'verdict' && target.verdict === 'DROP'
  const accepts = target.kind === 'verdict' && target.verdict === 'ACCEPT'
  if (!drops && !accepts) return
  const verdict = drops ? 'ACCEPT' : 'DROP'
  const was = target.kind === 'verdict' ? target.verdict : 'REJECT'
  yield {
    rules: replaced(rules, index, { target: { kind: 'verdict', verdict } }),
    kind: 'flip-verdict',
    change: `${was} became ${verdict}`,
  }
}

function* swapNeighbours(rules: readonly Rule[], index: number): Iterable<Edit> {
  const next = rules[index + 1]
  if (next === undefined) return
  const swapped = [...rules.slice(0, index), next, rules[index]!, ...rules.slice(index + 2)]
  yield { rules: swapped, kind: 'swap-neighbours', change: `swapped with rule ${index + 2}` }
}

function* widenPrefix(rules: readonly Rule[], index: number): Iterable<Edit> {
  const rule = rules[index]!
  for (const side of ['source', 'destination'] as const) {
    const match: AddressMatch | undefined = rule[side]
    const length = match?.prefix.length
    if (match === undefined || length === undefined || length === 0) continue
    const { address } = match.prefix
    const prefix = new Prefix(address, maskOf(address.family, length - 1))
    yield {
      rules: replaced(rules, index, { [side]: { ...match, prefix } }),
      kind: 'widen-prefix',
      change: `-${side[0]} ${match.prefix} widened to ${prefix}`,
    }
  }
}

function* loosenState(rules: readonly Rule[], index: number): Iterable<Edit> {
  const rule = rules[index]!
  for (const [at, match] of rule.matches.entries()) {
    const states = statesOf(match)
    if (states === undefined) continue
    const others = rule.matches.filter((_, i) => i !== at)
    yield {
      rules: replaced(rules, index, { matches: others }),
      kind: 'drop-state',
      change: `-m ${match.name} dropped`,
    }
    if ((states & StateBit.NEW) !== 0) continue
    const matches = rule.matches.map((other, i) =>
      i === at ? withStates(match, states | StateBit.NEW) : other,
    )
    yield {
      rules: replaced(rules, index, { matches }),
      kind: 'widen-state',
      change: 'NEW added to the states',
    }
  }
}

/** The states that a match asks for, unless it asks for more, or for their absence. */
function statesOf({ name, options }: Match): number | undefined {
  if (name === 'state') {
    const { states, negated } = options as { states: number; negated: boolean }
    return negated ? undefined : states
  }
  const { state } = options as { state?: { value: number; negated: boolean } }
  return name !== 'conntrack' || state === undefined || state.negated ? undefined : state.value
}

function withStates(match: Match, states: number): Match {
  if (match.name === 'state') return { ...match, options: { ...match.options, states } }
  return { ...match, options: { ...match.options, state: { value: states, negated: false } } }
}

function* dropInterface(rules: readonly Rule[], index: number): Iterable<Edit> {
  for (const side of ['inInterface', 'outInterface'] as const) {
    const match = rules[index]![side]
    if (match === undefined) continue
    const { [side]: _, ...rest } = rules[index]!
    yield {
      rules: rules.map((rule, i) => (i === index ? rest : rule)),
      kind: 'drop-interface',
      change: `${side === 'inInterface' ? '-i' : '-o'} ${match.name}${match.wildcard ? '+' : ''} dropped`,
    }
  }
}

function replaced(rules: readonly Rule[], index: number, changes: Partial<Rule>): readonly Rule[] {
  return rules.map((rule, i) => (i === index ? { ...rule, ...changes } : rule))
}

/** The ruleset with one chain of a table replaced. */
export function withChain(ruleset: Ruleset, name: TableName, chain: Chain): Ruleset {
  const table = ruleset.tables[name]!
  return {
    ...ruleset,
    tables: { ...ruleset.tables, [name]: { ...table, chains: { ...table.chains, [chain.name]: chain } } },
  }
}
