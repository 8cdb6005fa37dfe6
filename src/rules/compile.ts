import type { Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import type { MatchExtension, TargetExtension, TargetFunction, Test } from './extension.ts'
import { headerTests } from './header-tests.ts'
import {
  BUILTIN_CHAINS,
  type Chain,
  type Counters,
  HOOKS,
  type Hook,
  type Rule,
  type Ruleset,
  TABLES,
  type Table,
  type TableName,
} from './model.ts'
import { reachOf } from './reachability.ts'
import { matchExtension, targetExtension } from './registry.ts'
import type { RuleIndex } from './rule-index.ts'
import { NO_COUNTERS } from './steps.ts'

/** A ruleset made ready to walk: every option turned into tests, every chain name into the chain. */
export interface CompiledRuleset {
  readonly family: Family
  readonly tables: { readonly [table in TableName]?: CompiledTable }
  /** By {@link chainSlot}: where a hook finds its chain of a table. Every packet asks a dozen times, so by number. */
  readonly baseChains: readonly (CompiledChain | undefined)[]
  /** Some rule needs connection tracking, so it and defragmentation are on. */
  readonly needsConntrack: boolean
  /** Some rule needs whole packets, tracked or not. */
  readonly needsDefragmentation: boolean
  /** A rule counts on the packets of connections being counted, whatever `nf_conntrack_acct` says. */
  readonly needsAccounting: boolean
  /** Slot numbers of all rules and policies: where their counters are. */
  readonly slots: CounterSlots
}

export interface CompiledTable {
  readonly name: TableName
  readonly chains: ReadonlyMap<string, CompiledChain>
  /** What it was made of. */
  readonly source: Table
  /** How often the table was replaced: to the kernel every change is a new table, whose matches remember nothing. */
  readonly generation: number
}

/** The place of a table's chain of a hook in `CompiledRuleset.baseChains`. */
export function chainSlot(table: TableName, hook: Hook): number {
  return TABLES.indexOf(table) * HOOKS.length + HOOKS.indexOf(hook)
}

export class CompiledChain {
  readonly table: TableName
  readonly name: string
  rules: CompiledRule[] = []
  /** undefined for user chains */
  readonly policy: 'ACCEPT' | 'DROP' | undefined
  readonly policySlot: number
  /** Made when a packet first walks the chain, if it is long enough. */
  index: RuleIndex | undefined = undefined

  constructor(table: TableName, chain: Chain, policySlot: number) {
    this.table = table
    this.name = chain.name
    this.policy = chain.policy
    this.policySlot = policySlot
  }
}

export const TargetKind = {
  NONE: 0,
  ACCEPT: 1,
  DROP: 2,
  RETURN: 3,
  QUEUE: 4,
  JUMP: 5,
  GOTO: 6,
  EXTENSION: 7,
} as const
type TargetKind = (typeof TargetKind)[keyof typeof TargetKind]

export class CompiledRule {
  readonly rule: Rule
  readonly chain: CompiledChain
  /** from 1 */
  readonly number: number
  readonly slot: number
  readonly tests: readonly Test[]
  readonly kind: TargetKind
  readonly jump: CompiledChain | undefined
  readonly run: TargetFunction | undefined

  constructor(
    rule: Rule,
    chain: CompiledChain,
    number: number,
    slot: number,
    tests: readonly Test[],
    kind: TargetKind,
    jump: CompiledChain | undefined,
    run: TargetFunction | undefined,
  ) {
    this.rule = rule
    this.chain = chain
    this.number = number
    this.slot = slot
    this.tests = tests
    this.kind = kind
    this.jump = jump
    this.run = run
  }
}

/**
 * Gives every rule and policy a dense number that outlives edits: a rule that an edit left untouched (the same object)
 * keeps its slot, and so its counters. Policies of a changed table count from 0 again, as libiptc leaves them.
 */
export class CounterSlots {
  private readonly rules = new Map<Rule, number>()
  private readonly policies = new Map<string, number>()
  /** What a fresh slot starts from, by slot; only those made by this ruleset. */
  readonly fresh: { slot: number; counters: Counters }[] = []
  next: number

  constructor(next = 0) {
    this.next = next
  }

  rule(rule: Rule, previous: CounterSlots | undefined): number {
    // an object that stands twice in a ruleset is two rules: only its first place keeps the old slot
    const kept = this.rules.has(rule) ? undefined : previous?.rules.get(rule)
    const slot = kept ?? this.allocate(rule.counters ?? NO_COUNTERS)
    this.rules.set(rule, slot)
    return slot
  }

  /** @param counters what the policy starts from; undefined: it goes on counting */
  policy(key: string, counters: Counters | undefined, previous: CounterSlots | undefined): number {
    const kept = previous?.policies.get(key)
    const slot = kept ?? this.allocate(counters ?? NO_COUNTERS)
    if (kept !== undefined && counters !== undefined) this.fresh.push({ slot, counters })
    this.policies.set(key, slot)
    return slot
  }

  private allocate(counters: Counters): number {
    const slot = this.next++
    this.fresh.push({ slot, counters })
    return slot
  }
}

/**
 * @param ruleset one that `parseRules` accepted, or an edit of one
 * @param previous the compiled form of the ruleset that this one was edited from, so that unchanged rules keep their counters
 * @param firstSlot the first free counter slot
 */
export function compileRuleset(
  ruleset: Ruleset,
  previous: CompiledRuleset | undefined,
  firstSlot: number,
): CompiledRuleset {
  const slots = new CounterSlots(firstSlot)
  const tables: { [table in TableName]?: CompiledTable } = {}
  const baseChains: (CompiledChain | undefined)[] = new Array(TABLES.length * HOOKS.length).fill(undefined)
  let needsConntrack = false
  let needsDefragmentation = false
  let needsAccounting = false
  for (const name of TABLES) {
    const table = ruleset.tables[name]
    if (table === undefined) continue
    const compiled = compileTable(table, ruleset, slots, previous?.slots, previous?.tables[name])
    tables[name] = compiled
    for (const hook of BUILTIN_CHAINS[name]) baseChains[chainSlot(name, hook)] = compiled.chains.get(hook)
    for (const { extension, options, line } of extensionsOf(table, ruleset.family)) {
      const { notLoaded } = extension
      const why = typeof notLoaded === 'function' ? notLoaded(options) : notLoaded
      if (why !== undefined) throw notModelled(extension, why, line)
      needsConntrack ||= extension.needsConntrack?.(options) ?? false
      needsDefragmentation ||= extension.needsDefragmentation ?? false
      needsAccounting ||= extension.needsAccounting ?? false
    }
  }
  const { family } = ruleset
  return { family, tables, baseChains, needsConntrack, needsDefragmentation, needsAccounting, slots }
}

function compileTable(
  table: Table,
  ruleset: Ruleset,
  slots: CounterSlots,
  previous: CounterSlots | undefined,
  before: CompiledTable | undefined,
): CompiledTable {
  const { family } = ruleset
  const isChanged = before?.source !== table
  const generation = (before?.generation ?? 0) + (isChanged ? 1 : 0)
  const chains = new Map<string, CompiledChain>()
  for (const chain of Object.values(table.chains)) {
    const { policyCounters: given } = chain
    const isNew = given !== before?.source.chains[chain.name]?.policyCounters
    const counters = isChanged ? ((isNew ? given : undefined) ?? NO_COUNTERS) : undefined
    const policySlot =
      chain.policy === undefined
        ? -1
        : slots.policy(`${family}/${table.name}/${chain.name}`, counters, previous)
    chains.set(chain.name, new CompiledChain(table.name, chain, policySlot))
  }
  const { hooks } = reachOf(table, family)
  for (const chain of Object.values(table.chains)) {
    const compiled = chains.get(chain.name)!
    compiled.rules = chain.rules.map((rule, index) => {
      const slot = slots.rule(rule, previous)
      const place = {
        ruleset,
        family,
        table: table.name,
        generation,
        rule,
        hooks: hooks.get(chain.name)?.[index] ?? new Set<Hook>(),
      }
      return compileRule(rule, compiled, index + 1, slot, place, chains)
    })
  }
  return { name: table.name, chains, source: table, generation }
}

interface Place {
  readonly ruleset: Ruleset
  readonly family: Family
  readonly table: TableName
  readonly generation: number
  readonly rule: Rule
  readonly hooks: ReadonlySet<Hook>
}

function compileRule(
  rule: Rule,
  chain: CompiledChain,
  number: number,
  slot: number,
  place: Place,
  chains: ReadonlyMap<string, CompiledChain>,
): CompiledRule {
  const tests = headerTests(rule, place.family)
  const instance = `${place.generation}.${slot}`
  rule.matches.forEach((match, index) => {
    const extension = matchExtension(match.name, place.family)
    if (extension === undefined) throw new RangeError(`match '${match.name}' is not modelled`)
    tests.push(...extension.compile(match.options, { ...place, instance: `${instance}.${index}` }))
  })
  const { target } = rule
  const make = (kind: TargetKind, jump?: CompiledChain, run?: TargetFunction): CompiledRule =>
    new CompiledRule(rule, chain, number, slot, tests, kind, jump, run)
  switch (target.kind) {
    case 'none':
      return make(TargetKind.NONE)
    case 'verdict':
      return make(TargetKind[target.verdict])
    case 'jump':
    case 'goto': {
      const jump = chains.get(target.chain)
      if (jump === undefined)
        throw new RangeError(`${chain.table}/${chain.name}:${number}: no chain '${target.chain}'`)
      return make(target.kind === 'jump' ? TargetKind.JUMP : TargetKind.GOTO, jump)
    }
    case 'extension': {
      const extension = targetExtension(target.name, place.family)
      if (extension === undefined) throw new RangeError(`target '${target.name}' is not modelled`)
      return make(
        TargetKind.EXTENSION,
        undefined,
        extension.compile(target.options, { ...place, instance: `${instance}.t` }),
      )
    }
    default:
      return target satisfies never
  }
}

interface Use {
  readonly extension: MatchExtension | TargetExtension
  readonly options: object
  /** of the rule in its text */
  readonly line: number
}

/** Every use of an extension in a table's rules. */
function extensionsOf(table: Table, family: Family): Use[] {
  const uses: Use[] = []
  for (const chain of Object.values(table.chains)) {
    for (const { matches, target, line = 1 } of chain.rules) {
      for (const { name, options } of matches) {
        const extension = matchExtension(name, family)
        if (extension !== undefined) uses.push({ extension, options, line })
      }
      const extension = target.kind === 'extension' ? targetExtension(target.name, family) : undefined
      if (extension !== undefined && target.kind === 'extension')
        uses.push({ extension, options: target.options, line })
    }
  }
  return uses
}

function notModelled(
  { kind, name }: MatchExtension | TargetExtension,
  why: string,
  line: number,
): DiagnosticError {
  const message = `${kind} '${name}' is not modelled: ${why}`
  return new DiagnosticError([{ severity: 'error', line, column: 1, message, code: 'not-modelled' }])
}
