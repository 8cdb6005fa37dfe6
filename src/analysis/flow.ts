import type { Hook, Rule, Ruleset, Table, TableName, Target } from '../rules/model.ts'
import { targetExtension } from '../rules/registry.ts'
import { EMPTY, type Node } from './bdd.ts'
import { Translator } from './conditions.ts'
import { domainOf } from './domain.ts'
import { HullMaker, overlaps } from './hull.ts'
import type { PacketSpace } from './space.ts'
import { endsWalk, tableContext } from './table-context.ts'

/** Names a rule (from 1) or a built-in chain's policy. */
export interface RuleId {
  readonly table: TableName
  readonly chain: string
  readonly number: number | 'policy'
}

/** One place in the unfolded walk of a table: a rule as reached by one way of jumps. */
export interface Entry {
  readonly chain: string
  /** from 1 */
  readonly number: number | 'policy'
  /** undefined for the policy */
  readonly rule: Rule | undefined
  /** Packets that match the rule and every jump that led here. */
  readonly condition: Node
  /** The same without the conditions that remember. */
  readonly touched: Node
  readonly remembers: boolean
  /** These conditions and their turns in words, '' without any. */
  readonly memory: string
  /** `decide` ends the walk, `leave` goes on at `next`, `pass` goes on with the next entry. */
  readonly kind: 'decide' | 'leave' | 'pass'
  /** What happens here in words that are equal only if it is the same: `ACCEPT`, `DNAT --to-destination …`, '' for nothing. */
  readonly action: string
  /** For `leave`: the index of the entry where packets go on. */
  readonly next: number
  /** The jumps that led here, outermost first. */
  readonly via: readonly RuleId[]
  /** Jumps stand in the list too, before what they lead to; this marks them. */
  readonly isJump: boolean
  /** `condition` without the packets that an earlier RETURN takes past this place. */
  readonly effective: Node
  readonly hull: Int32Array
}

/** A table at a hook, unfolded: every chain put in where it is called. The last entry is the policy. */
export interface Flow {
  readonly space: PacketSpace
  readonly table: TableName
  readonly hook: Hook
  readonly domain: Node
  readonly entries: readonly Entry[]
}

/** Unfolding may multiply: beyond this many entries a table is left undecided. */
const MAX_ENTRIES = 100_000
const MAX_DEPTH = 200

/** A table that is too tangled to unfold. */
export class TooManyPaths extends Error {}

type Frame = number[]
type Draft = { -readonly [Key in keyof Entry]: Entry[Key] }

/**
 * Unfolds a table at a hook.
 *
 * @throws TooManyPaths, TooManyNodes when it is too big
 */
export function flowOf(space: PacketSpace, ruleset: Ruleset, table: TableName, hook: Hook): Flow | undefined {
  const rules = ruleset.tables[table]
  const base = rules?.chains[hook]
  if (rules === undefined || base === undefined) return undefined
  const domain = domainOf(space, table, hook)
  const unfolding = new Unfolding(space, rules, hook)
  return { space, table, hook, domain, entries: unfolding.run(domain) }
}

class Unfolding {
  private readonly space: PacketSpace
  private readonly table: Table
  private readonly hook: Hook
  private readonly translator: Translator
  private readonly hulls: HullMaker
  private readonly entries: Draft[] = []

  constructor(space: PacketSpace, table: Table, hook: Hook) {
    this.space = space
    this.table = table
    this.hook = hook
    this.translator = new Translator(space, tableContext(table), `${table.name}/${hook}`)
    this.hulls = new HullMaker(space)
  }

  run(domain: Node): readonly Entry[] {
    const frame: Frame = []
    this.chain(this.hook, domain, frame, [])
    this.close(frame)
    const policy = this.table.chains[this.hook]!.policy ?? 'ACCEPT'
    this.push({
      chain: this.hook,
      number: 'policy',
      condition: domain,
      action: policy,
      kind: 'decide',
      via: [],
    })
    this.applyLeaves()
    return this.entries
  }

  /** Puts a chain's rules in. `frame` collects the entries whose packets go on behind the current call. */
  private chain(name: string, guard: Node, frame: Frame, via: readonly RuleId[]): void {
    if (via.length > MAX_DEPTH) throw new TooManyPaths(`chains nest deeper than ${MAX_DEPTH}`)
    const rules = this.table.chains[name]?.rules ?? []
    rules.forEach((rule, index) => {
      this.rule(rule, { chain: name, number: index + 1, guard, frame, via })
    })
  }

  private rule(
    rule: Rule,
    place: { chain: string; number: number; guard: Node; frame: Frame; via: readonly RuleId[] },
  ): void {
    const { bdd } = this.space
    const { chain, number, guard, frame, via } = place
    const { matched, touched, memory } = this.translator.condition(rule)
    const condition = bdd.and(guard, matched)
    const common = {
      chain,
      number,
      rule,
      condition,
      touched: bdd.and(guard, touched),
      remembers: memory !== '',
      memory,
      via,
    }
    const { target } = rule
    switch (target.kind) {
      case 'none':
        this.push({ ...common, kind: 'pass', action: '' })
        return
      case 'verdict':
        if (target.verdict !== 'RETURN') this.push({ ...common, kind: 'decide', action: target.verdict })
        else frame.push(this.push({ ...common, kind: 'leave', action: 'RETURN' }))
        return
      case 'extension':
        this.push({
          ...common,
          kind: endsWalk(target.name) ? 'decide' : 'pass',
          action: actionText(target, this.space.family),
        })
        return
      case 'jump':
      case 'goto': {
        this.push({ ...common, kind: 'pass', action: '', isJump: true })
        if (condition === EMPTY) return
        const here = [...via, { table: this.table.name, chain, number }]
        if (target.kind === 'jump') {
          const inner: Frame = []
          this.chain(target.chain, condition, inner, here)
          this.close(inner)
        } else {
          this.chain(target.chain, condition, frame, here)
          // the end of a goto's chain is the end of ours
          frame.push(
            this.push({
              ...common,
              rule: undefined,
              touched: EMPTY,
              kind: 'leave',
              action: '',
              isJump: true,
            }),
          )
        }
        return
      }
      default:
        target satisfies never
    }
  }

  private push(
    given: Pick<Draft, 'chain' | 'number' | 'condition' | 'kind' | 'action' | 'via'> & Partial<Draft>,
  ): number {
    if (this.entries.length >= MAX_ENTRIES) throw new TooManyPaths('the chains unfold to too many rules')
    const { condition } = given
    this.entries.push({
      rule: undefined,
      touched: condition,
      remembers: false,
      memory: '',
      next: 0,
      isJump: false,
      effective: condition,
      hull: this.hulls.of(condition),
      ...given,
    })
    return this.entries.length - 1
  }

  private close(frame: Frame): void {
    for (const index of frame) this.entries[index]!.next = this.entries.length
  }

  /** Works out `effective`: whoever left before does not come here. */
  private applyLeaves(): void {
    const { bdd } = this.space
    let open: Draft[] = []
    this.entries.forEach((entry, index) => {
      open = open.filter(({ next }) => next > index)
      for (const leave of open)
        if (overlaps(entry.hull, leave.hull))
          entry.effective = bdd.difference(entry.effective, leave.effective)
      if (entry.kind === 'leave') open.push(entry)
    })
  }
}

export function actionText(target: Target, family: 4 | 6): string {
  if (target.kind !== 'extension') return target.kind === 'verdict' ? target.verdict : ''
  return `${target.name} ${targetExtension(target.name, family)?.save(target.options, family) ?? ''}`.trimEnd()
}
