import type { Family } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { checkRule, checkTable } from './check.ts'
import type { Command } from './command.ts'
import type { Hook, Rule, Ruleset, Table, TableName } from './model.ts'
import { endsWalk, reachOf } from './reachability.ts'
import { RuleError } from './rule-error.ts'

/** What the check asks of the table that it watches. */
export interface WatchedTable {
  readonly name: TableName
  current(): Table
  rulesOf(chain: string): readonly Rule[]
  /** All tables as they stand. */
  all(): Ruleset
}

/**
 * Commands come one by one, and with each the kernel looks at the whole new table (`translate_table`): it is the command
 * that completes something forbidden which fails. Here most commands are judged by what they change alone, so that a
 * long script does not cost the square of its length.
 */
export class LiveCheck {
  private readonly family: Family
  private readonly watched: WatchedTable
  private isLost = false
  /** By chain, the hooks that lead to it, and which chains let nothing pass their end; undefined: to be found anew. */
  private reach: { readonly entered: Map<string, Set<Hook>>; readonly cut: Set<string> } | undefined

  constructor(watched: WatchedTable, family: Family) {
    this.watched = watched
    this.family = family
  }

  /**
   * A text has filled the table. If the kernel would not have taken it, that is said of the text, not of what follows.
   *
   * @returns what the kernel refuses
   */
  begin(): readonly Diagnostic[] {
    const complaints = this.whole()
    this.isLost = complaints.length > 0
    return complaints
  }

  /**
   * Looks at what a command has done; it must be undone if this throws.
   *
   * @throws RuleError
   */
  judge(command: Command, chain: string): void {
    const complaint = this.isLost ? undefined : this.complaint(command, chain)
    if (complaint === undefined) return
    this.reach = undefined
    const { message, expected, hint } = complaint
    throw new RuleError(message, command.word, { code: 'kernel', expected, hint })
  }

  private complaint({ kind, rules }: Command, chain: string): Diagnostic | undefined {
    switch (kind) {
      case 'append':
        return first(rules, rule => this.appended(rule, chain))
      case 'insert':
        return rules.some(rule => endsWalk(rule, this.family)) || this.reach?.cut.has(chain)
          ? this.whole()[0]
          : first(rules, rule => this.appended(rule, chain))
      case 'replace':
      case 'delete':
      case 'delete-number':
        return this.whole()[0]
      case 'flush':
      case 'delete-chain':
      case 'rename-chain':
        this.reach = undefined
        return undefined
      default:
        return undefined
    }
  }

  /** A rule that lets its chain go on as before, but for what it jumps to. */
  private appended(rule: Rule, chain: string): Diagnostic | undefined {
    const { reach } = this
    if (reach === undefined) return this.whole()[0]
    const hooks = reach.cut.has(chain) ? undefined : reach.entered.get(chain)
    const own = this.check(rule, hooks ?? NO_HOOKS)
    if (own !== undefined || hooks === undefined) return own
    if (endsWalk(rule, this.family)) reach.cut.add(chain)
    const { target } = rule
    if (target.kind !== 'jump' && target.kind !== 'goto') return undefined
    return this.entered(target.chain, hooks, chain)
  }

  /** More hooks lead to a chain. Where it leads on itself, everything is looked at. */
  private entered(chain: string, hooks: ReadonlySet<Hook>, from: string): Diagnostic | undefined {
    const rules = this.watched.rulesOf(chain)
    const leadsOn = rules.some(({ target }) => target.kind === 'jump' || target.kind === 'goto')
    if (chain === from || leadsOn) return this.whole()[0]
    const { entered, cut } = this.reach!
    const known = entered.get(chain) ?? new Set()
    if ([...hooks].every(hook => known.has(hook))) return undefined
    const all = new Set([...known, ...hooks])
    entered.set(chain, all)
    const end = rules.findIndex(rule => endsWalk(rule, this.family))
    if (end >= 0) cut.add(chain)
    return first(end < 0 ? rules : rules.slice(0, end + 1), rule => inChain(this.check(rule, all), chain))
  }

  private whole(): readonly Diagnostic[] {
    const table = this.watched.current()
    const reach = reachOf(table, this.family)
    const complaints = checkTable(table, reach, this.watched.all(), undefined)
    this.reach = {
      entered: new Map([...reach.entered].map(([chain, hooks]) => [chain, new Set(hooks)])),
      cut: new Set(reach.cut),
    }
    return complaints
  }

  private check(rule: Rule, hooks: ReadonlySet<Hook>): Diagnostic | undefined {
    const { family, watched } = this
    const context = {
      family,
      table: watched.name,
      rule,
      hooks,
      // only few extensions ask for it, and it costs as much as there are chains
      get ruleset() {
        return watched.all()
      },
    }
    return checkRule(context, undefined)[0]
  }
}

const NO_HOOKS: ReadonlySet<Hook> = new Set()

function first(
  rules: readonly Rule[],
  check: (rule: Rule) => Diagnostic | undefined,
): Diagnostic | undefined {
  for (const rule of rules) {
    const complaint = check(rule)
    if (complaint !== undefined) return complaint
  }
  return undefined
}

function inChain(complaint: Diagnostic | undefined, chain: string): Diagnostic | undefined {
  return complaint === undefined
    ? undefined
    : { ...complaint, hint: `it stands in chain '${chain}', which this command makes reachable` }
}
