import type { Family } from '../address.ts'
import type { HostResolver } from './addresses.ts'
import type { Counters, Rule } from './model.ts'
import type { Word } from './words.ts'

/** What surrounds a command line. */
export interface CommandContext {
  readonly family: Family
  /** Inside `*table … COMMIT`: the table, which `-t` may then not name. */
  readonly restoreTable: string | undefined
  /** Does the table have the chain (built-in ones included)? */
  hasChain(table: string, chain: string): boolean
  /**
   * The table is there from now on, even if the command fails: iptables loads it once the line is read, and before it
   * looks for a chain of the target's name.
   *
   * @throws RuleError
   */
  openTable(table: Word): void
  readonly resolveHost: HostResolver
  /** See {@link ParseContext.hasSet}. */
  readonly hasSet: ((name: string) => boolean) | undefined
}

/** What one line of `iptables …` asks for. */
export interface Command {
  readonly kind: CommandKind
  readonly table: string
  /** Where the table was named, for messages. */
  readonly tableWord: Word | undefined
  /** Absent where the command means every chain (`-F`). */
  readonly chain: Word | undefined
  /** `-I chain 3`, from 1. */
  readonly number: number | undefined
  /** `-E old new`, `-P chain DROP`. */
  readonly argument: Word | undefined
  /** `-A -I -R -D -C`: one rule for every pair of source and destination. */
  readonly rules: readonly Rule[]
  /** `-P chain target -c n m` */
  readonly counters: Counters | undefined
  /** `-L`, `-S`; with either, `-Z` beside it is a command of its own kind. */
  readonly listing: 'L' | 'S' | undefined
  readonly switches: Switches
  /** The letter of the command, as it was written. */
  readonly word: Word
}

/** What decides how a command prints: `-v -n -x --line-numbers`. */
export interface Switches {
  readonly verbose: boolean
  readonly numeric: boolean
  readonly exact: boolean
  readonly lineNumbers: boolean
}

export type CommandKind =
  | 'append'
  | 'check'
  | 'delete'
  | 'delete-number'
  | 'insert'
  | 'replace'
  | 'list'
  | 'flush'
  | 'zero'
  | 'new-chain'
  | 'delete-chain'
  | 'rename-chain'
  | 'policy'

/** The commands by letter, and which other options each may have beside it (`generic_opt_check`). */
export const COMMANDS: ReadonlyMap<string, { readonly kind: CommandKind; readonly options: string }> =
  new Map([
    ['A', { kind: 'append', options: 'sdpjviofc' }],
    ['C', { kind: 'check', options: 'sdpjviof' }],
    ['D', { kind: 'delete', options: 'sdpjviof' }],
    ['I', { kind: 'insert', options: 'sdpjviofc' }],
    ['R', { kind: 'replace', options: 'sdpjviofc' }],
    ['L', { kind: 'list', options: 'nvx0' }],
    ['S', { kind: 'list', options: 'v' }],
    ['F', { kind: 'flush', options: 'v' }],
    ['Z', { kind: 'zero', options: 'v' }],
    ['N', { kind: 'new-chain', options: 'v' }],
    ['X', { kind: 'delete-chain', options: 'v' }],
    ['E', { kind: 'rename-chain', options: 'v' }],
    ['P', { kind: 'policy', options: 'vc' }],
  ])

const RULE_COMMANDS: readonly CommandKind[] = ['append', 'insert', 'replace', 'delete', 'check']

/** Does the command carry a rule? */
export function hasRule(kind: CommandKind): boolean {
  return RULE_COMMANDS.includes(kind)
}
