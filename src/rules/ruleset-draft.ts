import type { Family } from '../address.ts'
import type { HostResolver } from './addresses.ts'
import type { CommandContext } from './command.ts'
import { type Ruleset, TABLES, type Table, type TableName } from './model.ts'
import { tablesOf } from './print.ts'
import { RuleError } from './rule-error.ts'
import type { ShellOptions } from './shell/options.ts'
import { TableDraft } from './table-draft.ts'
import type { Word } from './words.ts'

/** What {@link parseRules} may be told. */
export interface ParseOptions {
  /** Whose rules: iptables' or ip6tables'. */
  readonly family: Family
  /** The text's name in diagnostics. */
  readonly file?: string
  /** Names in `-s`, `-d` and other addresses. Default: no name can be resolved. */
  readonly resolveHost?: HostResolver
  /** Is there an ipset of that name? Default: any name will do. */
  readonly hasSet?: (name: string) => boolean
  /** Let `[packets:bytes]` count, as `iptables-restore -c` does. Default: false. */
  readonly readCounters?: boolean
  /** `iptables-restore -n`: save text is added to `base`, and empties only the user chains that it names. */
  readonly noFlush?: boolean
  /**
   * `restore`: iptables-save text and nothing else, as strictly as iptables-restore; `script`: a shell script.
   * Default `auto`: told apart by the first line that says something; bare commands as `iptables -S` prints them
   * (`-A INPUT …`) are read too, for table filter.
   */
  readonly format?: 'auto' | 'restore' | 'script'
  /** What surrounds a script: its arguments, its environment, what programs would print. */
  readonly shell?: ShellOptions
  /** What is loaded already: the tables that the text does not name stay. */
  readonly base?: Ruleset
}

/** A ruleset while a text is read into it. */
export class RulesetDraft {
  readonly family: Family
  readonly file: string | undefined
  private readonly options: ParseOptions
  private readonly resolveHost: HostResolver
  private readonly hasSet: ((name: string) => boolean) | undefined
  /** In the order in which they were loaded. */
  private readonly tables = new Map<TableName, TableDraft>()
  /** What stands in the place of one of them between `*table` and `COMMIT`. */
  private restored: TableDraft | undefined

  constructor(options: ParseOptions) {
    const { family, file, resolveHost = () => [], hasSet, base } = options
    this.options = options
    this.family = family
    this.file = file
    this.resolveHost = resolveHost
    this.hasSet = hasSet
    for (const table of base === undefined ? [] : tablesOf(base))
      this.tables.set(table.name, this.draftOf(table.name, table))
  }

  /** The tables of the other family in the same box, none of which is loaded. */
  ofOtherFamily(): RulesetDraft {
    const { base, ...options } = this.options
    return new RulesetDraft({ ...options, family: this.family === 4 ? 6 : 4 })
  }

  /** The table of that name; it comes into being when it is named. @throws RuleError */
  openTable(word: Word): TableDraft {
    const table = this.tableOf(word)
    this.tables.set(table.name, table)
    return table
  }

  private tableOf(word: Word): TableDraft {
    const name = TABLES.find(table => table === word.text)
    if (name === undefined)
      throw new RuleError(`there is no table named '${word.text}'`, word, {
        code: 'kernel',
        exitCode: 3,
        expected: TABLES.join(', '),
      })
    return this.tables.get(name) ?? this.draftOf(name, undefined)
  }

  /**
   * `*table`: what is read is done to a copy, as iptables-restore does it.
   *
   * @param isLoaded the table is there from now on
   * @throws RuleError
   */
  beginRestore(word: Word, noFlush: boolean, isLoaded: boolean): TableDraft {
    this.restored = (isLoaded ? this.openTable(word) : this.tableOf(word)).copy()
    this.restored.beginRestore(noFlush)
    return this.restored
  }

  /** The copy takes the table's place, or is forgotten. */
  endRestore(isCommitted: boolean): void {
    const { restored } = this
    this.restored = undefined
    if (isCommitted && restored !== undefined) this.tables.set(restored.name, restored)
  }

  /** @param restoreTable the table that the line stands in, undefined for a command of its own */
  context(restoreTable: string | undefined): CommandContext {
    return {
      family: this.family,
      restoreTable,
      resolveHost: this.resolveHost,
      hasSet: this.hasSet,
      hasChain: (table, chain) => this.hasChain(table, chain),
      openTable: word => {
        if (restoreTable === undefined) this.openTable(word)
      },
    }
  }

  ruleset(): Ruleset {
    return {
      family: this.family,
      tables: Object.fromEntries(
        [...this.tables].map(([name, table]) => [name, this.asItStands(table).table()]),
      ),
    }
  }

  private asItStands(table: TableDraft): TableDraft {
    return this.restored?.name === table.name ? this.restored : table
  }

  private hasChain(table: string, chain: string): boolean {
    const name = TABLES.find(known => known === table)
    if (name === undefined) return false
    const draft = this.tables.get(name) ?? this.draftOf(name, undefined)
    return this.asItStands(draft).hasChain(chain)
  }

  private draftOf(name: TableName, base: Table | undefined): TableDraft {
    return new TableDraft(name, this.family, base, () => this.ruleset())
  }
}
