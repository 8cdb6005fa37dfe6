import type { Family } from '../address.ts'
import type { CounterSlots } from './counter-slots.ts'
import type { TargetFunction, Test } from './extension.ts'
import { type Chain, HOOKS, type Hook, type Rule, TABLES, type Table, type TableName } from './model.ts'
import type { RuleIndex } from './rule-index.ts'

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
  readonly needsSynproxy: boolean
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
export type TargetKind = (typeof TargetKind)[keyof typeof TargetKind]

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
