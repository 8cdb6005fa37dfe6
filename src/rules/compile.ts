import type { Family } from '../address.ts'
import {
  CompiledChain,
  CompiledRule,
  type CompiledRuleset,
  type CompiledTable,
  chainSlot,
  TargetKind,
} from './compiled-rules.ts'
import { CounterSlots } from './counter-slots.ts'
import type { MatchExtension, TargetExtension, TargetFunction } from './extension.ts'
import { headerTests } from './header-tests.ts'
import {
  BUILTIN_CHAINS,
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
import { NO_COUNTERS } from './steps.ts'

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
  let needsSynproxy = false
  for (const name of TABLES) {
    const table = ruleset.tables[name]
    if (table === undefined) continue
    const compiled = compileTable(table, ruleset, slots, previous?.slots, previous?.tables[name])
    tables[name] = compiled
    for (const hook of BUILTIN_CHAINS[name]) baseChains[chainSlot(name, hook)] = compiled.chains.get(hook)
    for (const { extension, options } of extensionsOf(table, ruleset.family)) {
      needsConntrack ||= extension.needsConntrack?.(options) ?? false
      needsDefragmentation ||= extension.needsDefragmentation ?? false
      needsAccounting ||= extension.needsAccounting ?? false
      needsSynproxy ||= extension.needsSynproxy ?? false
    }
  }
  const { family } = ruleset
  const needs = { needsConntrack, needsDefragmentation, needsAccounting, needsSynproxy }
  return { family, tables, baseChains, ...needs, slots }
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
}

/** Every use of an extension in a table's rules. */
function extensionsOf(table: Table, family: Family): Use[] {
  const uses: Use[] = []
  for (const chain of Object.values(table.chains)) {
    for (const { matches, target } of chain.rules) {
      for (const { name, options } of matches) {
        const extension = matchExtension(name, family)
        if (extension !== undefined) uses.push({ extension, options })
      }
      const extension = target.kind === 'extension' ? targetExtension(target.name, family) : undefined
      if (extension !== undefined && target.kind === 'extension')
        uses.push({ extension, options: target.options })
    }
  }
  return uses
}
