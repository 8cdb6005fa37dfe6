import type { Family } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { verdictOf } from './chain-names.ts'
import { type Command, type CommandKind, hasRule } from './command.ts'
import { byteLength } from './interfaces.ts'
import { LiveCheck } from './live-check.ts'
import {
  BUILTIN_CHAINS,
  type Chain,
  type Counters,
  type Rule,
  type Ruleset,
  type Table,
  type TableName,
  type Target,
} from './model.ts'
import { byBytes, orderedChains, ruleText } from './print.ts'
import { checkIndex, refused, SAID } from './refusals.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

interface ChainDraft {
  policy: 'ACCEPT' | 'DROP' | undefined
  policyCounters: Counters | undefined
  rules: Rule[]
}

/** A table while commands are applied to it; what libiptc does to its copy of the kernel's table. */
export class TableDraft {
  readonly name: TableName
  private readonly family: Family
  private readonly base: Table | undefined
  private readonly chains = new Map<string, ChainDraft>()
  private isChanged = false
  /** Within `*table … COMMIT` nothing has counted yet: `-Z` there does not touch the counters that rules begin with. */
  private isRestored = false
  private readonly check: LiveCheck
  readonly all: () => Ruleset

  /**
   * A table as the kernel creates it: built-in chains that accept; or the one that is there already.
   *
   * @param all the ruleset that it is part of, for extensions that look at other rules
   */
  constructor(name: TableName, family: Family, base: Table | undefined, all: () => Ruleset) {
    this.name = name
    this.family = family
    this.base = base
    this.all = all
    this.check = new LiveCheck(this, family)
    for (const chain of BUILTIN_CHAINS[name])
      this.chains.set(chain, { policy: 'ACCEPT', policyCounters: undefined, rules: [] })
    for (const chain of base === undefined ? [] : orderedChains(base))
      this.chains.set(chain.name, {
        policy: chain.policy,
        policyCounters: chain.policyCounters,
        rules: [...chain.rules],
      })
  }

  hasChain(name: string): boolean {
    return this.chains.has(name)
  }

  isBuiltin(name: string): boolean {
    return this.chains.get(name)?.policy !== undefined
  }

  /** What iptables-restore does to a table that it is going to fill: rules and user chains go, policies stay. */
  beginRestore(noFlush: boolean): void {
    this.change(undefined)
    this.isRestored = true
    if (noFlush) return
    for (const [name, chain] of this.chains)
      if (chain.policy === undefined) this.chains.delete(name)
      else chain.rules = []
  }

  /** COMMIT: what comes now are commands of their own. @returns what the kernel refuses */
  endRestore(): readonly Diagnostic[] {
    this.isRestored = false
    return this.check.begin()
  }

  /** Another draft of the same table, that begins as this one stands. */
  copy(): TableDraft {
    const copy = new TableDraft(this.name, this.family, this.base, this.all)
    copy.chains.clear()
    for (const [name, chain] of this.chains) copy.chains.set(name, { ...chain, rules: [...chain.rules] })
    copy.isChanged = this.isChanged
    return copy
  }

  /** `:chain` under `iptables-restore -n`, which empties a chain that is there. @throws RuleError */
  emptyOrCreateChain(name: Word): void {
    const chain = this.chains.get(name.text)
    if (chain === undefined) this.createChain(name)
    else chain.rules = []
  }

  /** @throws RuleError */
  createChain(name: Word): void {
    if (this.hasChain(name.text)) throw refused(`chain '${name.text}' exists already`, name, SAID.exists)
    if (verdictOf(name.text) !== undefined)
      throw refused(`a chain cannot be named like the target ${name.text}`, name)
    this.chains.set(name.text, { policy: undefined, policyCounters: undefined, rules: [] })
  }

  /** @throws RuleError */
  setPolicy(chain: Word, policy: Word, counters: Counters | undefined): void {
    const draft = this.chain(chain)
    if (draft.policy === undefined)
      throw refused(`cannot set a policy on '${chain.text}': it is not a built-in chain`, chain, SAID.policy)
    if (policy.text !== 'ACCEPT' && policy.text !== 'DROP')
      throw refused(`bad policy '${policy.text}'`, policy, undefined, 'ACCEPT or DROP')
    draft.policy = policy.text
    draft.policyCounters = counters
  }

  /** @throws RuleError */
  apply(command: Command): void {
    if (hasRule(command.kind)) this.checkTarget(command)
    const { chain, kind } = command
    if (chain === undefined) this.applyToAll(kind, command.word)
    else this.applyAndCheck(command, chain)
    if (kind !== 'list' && kind !== 'check') this.change(kind === 'policy' ? chain?.text : undefined)
  }

  /** What is restored is judged as a whole, when it is committed; a command of its own at once. */
  private applyAndCheck(command: Command, name: Word): void {
    if (this.isRestored) {
      this.applyToChain(command, name)
      return
    }
    const chain = this.chains.get(name.text)
    const { rules } = chain ?? {}
    const before = command.kind === 'append' ? rules?.length : rules && [...rules]
    const { isChanged } = this
    this.applyToChain(command, name)
    this.isChanged = true
    try {
      this.check.judge(command, name.text)
      this.isChanged = isChanged
    } catch (error) {
      this.isChanged = isChanged
      if (typeof before === 'number') chain!.rules.length = before
      else if (before !== undefined) chain!.rules = before
      throw error
    }
  }

  rulesOf(chain: string): readonly Rule[] {
    return this.chains.get(chain)?.rules ?? []
  }

  /** Whatever changes in a table, libiptc 1.8.9 hands it back with the policies' counters at 0. */
  private change(exceptPolicyOf: string | undefined): void {
    this.isChanged = true
    if (this.isRestored) return
    for (const [name, chain] of this.chains) if (name !== exceptPolicyOf) chain.policyCounters = undefined
  }

  /** The finished table: the same object as before if nothing has changed it. */
  table(): Table {
    return this.base !== undefined && !this.isChanged ? this.base : this.current()
  }

  /** The table as it stands, whether or not that is what it began as. */
  current(): Table {
    const names = [...this.chains.keys()].filter(name => !this.isBuiltin(name)).sort(byBytes)
    const entries = [...BUILTIN_CHAINS[this.name], ...names].map(name => [name, this.finished(name)] as const)
    return { name: this.name, chains: Object.fromEntries(entries) }
  }

  private finished(name: string): Chain {
    const { policy, policyCounters, rules } = this.chains.get(name)!
    return {
      name,
      ...(policy === undefined ? {} : { policy }),
      ...(policyCounters === undefined ? {} : { policyCounters }),
      rules,
    }
  }

  private chain(word: Word, said = SAID.missing): ChainDraft {
    const chain = this.chains.get(word.text)
    if (chain !== undefined) return chain
    const elsewhere = Object.entries(BUILTIN_CHAINS).filter(([, names]) =>
      names.some(name => name === word.text),
    )
    throw new RuleError(`table ${this.name} has no chain '${word.text}'`, word, {
      code: 'kernel',
      said,
      hint:
        elsewhere.length === 0
          ? `create it: -N ${word.text}, or :${word.text} - [0:0]`
          : `${word.text} is in ${elsewhere.map(([table]) => table).join(', ')}`,
    })
  }

  /** libiptc lets no rule jump to a built-in chain. */
  private checkTarget({ rules, word }: Command): void {
    const target = rules[0]?.target
    const name = target === undefined ? undefined : chainOf(target)
    if (name !== undefined && this.isBuiltin(name))
      throw refused(`a rule cannot jump to the built-in chain ${name}`, word)
  }

  private applyToAll(kind: CommandKind, word: Word): void {
    if (kind === 'flush') for (const chain of this.chains.values()) chain.rules = []
    if (kind === 'zero') for (const name of this.chains.keys()) this.zero(name)
    if (kind !== 'delete-chain') return
    const names = [...this.chains.keys()].filter(name => !this.isBuiltin(name)).sort(byBytes)
    for (const name of names) this.checkDeletable(name, word)
    for (const name of names) this.chains.delete(name)
  }

  private applyToChain(command: Command, name: Word): void {
    const { kind, number = 0, rules, argument } = command
    if (kind === 'new-chain') {
      this.createChain(name)
      return
    }
    const chain = this.chain(name, kind === 'delete' || kind === 'check' ? SAID.rule : undefined)
    switch (kind) {
      case 'append':
        chain.rules.push(...rules)
        break
      case 'insert':
        checkIndex(number, chain.rules.length + 1, 'insert', name)
        for (const rule of rules) chain.rules.splice(number - 1, 0, rule)
        break
      case 'replace':
        checkIndex(number, chain.rules.length, 'replace', name)
        chain.rules.splice(number - 1, 1, rules[0]!)
        break
      case 'delete-number':
        checkIndex(number, chain.rules.length, 'delete', name)
        chain.rules.splice(number - 1, 1)
        break
      case 'delete':
      case 'check':
        this.findAll(chain, rules, name, kind === 'delete')
        break
      case 'flush':
        chain.rules = []
        break
      case 'zero':
        if (number > 0) checkIndex(number, chain.rules.length, 'zero', name)
        this.zero(name.text, number)
        break
      case 'delete-chain':
        if (chain.policy !== undefined)
          throw refused(`cannot delete the built-in chain ${name.text}`, name, SAID.builtIn)
        this.checkDeletable(name.text, name)
        this.chains.delete(name.text)
        break
      case 'rename-chain':
        this.rename(name, argument!)
        break
      case 'policy':
        this.setPolicy(name, argument!, command.counters)
        break
      case 'list':
        break
      default:
        kind satisfies never
    }
  }

  /** `-D` with a specification deletes the first equal rule; rules are equal if they print alike. */
  private findAll(chain: ChainDraft, wanted: readonly Rule[], name: Word, isDelete: boolean): void {
    const rules = [...chain.rules]
    for (const rule of wanted) {
      const key = ruleKey(rule, this.family)
      const index = rules.findIndex(other => ruleKey(other, this.family) === key)
      if (index < 0) throw refused(`no such rule in chain '${name.text}'`, name, SAID.rule)
      if (isDelete) rules.splice(index, 1)
    }
    chain.rules = rules
  }

  private zero(name: string, number = 0): void {
    if (this.isRestored) return
    const chain = this.chains.get(name)!
    if (number === 0) chain.policyCounters = undefined
    chain.rules = chain.rules.map((rule, index) => {
      if (number !== 0 && index !== number - 1) return rule
      const { counters: _, ...rest } = rule
      return rest
    })
  }

  private checkDeletable(name: string, word: Word): void {
    const isReferred = [...this.chains.values()].some(chain =>
      chain.rules.some(rule => chainOf(rule.target) === name),
    )
    if (isReferred) throw refused(`chain '${name}' is still jumped to`, word, SAID.linked)
    if (this.chains.get(name)!.rules.length > 0)
      throw refused(`chain '${name}' is not empty`, word, SAID.notEmpty)
  }

  private rename(from: Word, to: Word): void {
    if (this.hasChain(to.text) || verdictOf(to.text) !== undefined)
      throw refused(`chain '${to.text}' exists already`, to, SAID.taken)
    if (this.isBuiltin(from.text)) throw refused(`cannot rename the built-in chain ${from.text}`, from)
    if (byteLength(to.text) > 28)
      throw refused(`name '${to.text}' is too long`, to, undefined, 'at most 28 characters')
    this.chains.set(to.text, this.chains.get(from.text)!)
    this.chains.delete(from.text)
    for (const chain of this.chains.values())
      chain.rules = chain.rules.map(rule =>
        chainOf(rule.target) === from.text
          ? { ...rule, target: { ...rule.target, chain: to.text } as Target }
          : rule,
      )
  }
}

/** The chain that a target jumps to. */
function chainOf(target: Target): string | undefined {
  return target.kind === 'jump' || target.kind === 'goto' ? target.chain : undefined
}

/** What makes rules the same for `-D` and `-C`: everything but counters. `! -i +` is not printed, yet counts. */
function ruleKey(rule: Rule, family: Family): string {
  const unprinted = (match: Rule['inInterface']): string => (match?.name === '' && match.negated ? '!' : ' ')
  return `${unprinted(rule.inInterface)}${unprinted(rule.outInterface)}${ruleText(rule, family)}`
}
