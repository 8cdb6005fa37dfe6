import type { Word } from '../words.ts'
import type { Environment } from './environment.ts'
import type { ShellOptions } from './options.ts'
import type { Status } from './status.ts'
import type { Stream } from './stream.ts'
import type { Place, ShellWord } from './syntax.ts'
import type { Origin, Unknowns } from './unknowns.ts'

/** Where a command reads and writes, and who looks at how it ends. */
export interface Io {
  /** Undefined: what the script itself was given, which nobody knows. */
  readonly input: Stream | undefined
  readonly output: Stream
  /** The output goes to /dev/null. */
  readonly isNull: boolean
  /** Where error messages go that somebody may read (`2>&1`). */
  readonly errors?: Stream
  /** Its error messages are thrown away (`2>/dev/null`). */
  readonly isMuted: boolean
  /** Somebody asks how it ended (`||`, `if`): then a failure is no mistake of the script. */
  readonly isChecked: boolean
  /** What is wrong with it was said already. */
  readonly isBlamed?: boolean
}

/** What a script is read for: the programs that change rules. */
export interface RulePrograms {
  /** `rules`: changes the ruleset that is read; `other`: the other family's; undefined: none of these programs. */
  kind(program: string): 'rules' | 'other' | undefined
  /** Only looks: `iptables -L`. */
  isListing(args: readonly string[]): boolean
  /** One of them is called with words that nobody knows. */
  pass(): void
  /**
   * Calls one of them.
   *
   * @returns the exit code
   */
  call(name: Word, args: readonly Word[], io: Io): number
  /** The file that a call reads, if its words name one: `iptables-restore file`. */
  fileOf(name: Word, args: readonly Word[]): Word | undefined
  /** The file that a call writes, if its words name one: `iptables-save -f file`. */
  savesTo(name: Word, args: readonly Word[]): Word | undefined
  /** The text of a file that the kernel makes of the tables; undefined for any other file. */
  file(path: string): string | undefined
}

/** A variable that was used though it is not set. */
export interface Unset {
  readonly name: string
  readonly word: ShellWord
}

/** What builtin commands ask of the shell that runs. */
export interface ShellRuntime {
  readonly environment: Environment
  readonly options: ShellOptions
  readonly unknowns: Unknowns
  readonly programs: RulePrograms
  /** Scripts for bash: `echo` does not interpret backslashes. */
  readonly isBash: boolean
  /** See `ShellOptions.branches`. */
  readonly takesAll: boolean
  /** How many loops can be left. */
  readonly loops: number
  /** `$?` */
  readonly status: Status
  /** bash: is the variable or element there? */
  isSet(target: string): boolean
  /** What an expression comes to; NaN if it is none. */
  number(expression: string, place: Place): number
  /** Runs a text as a part of the script. */
  runText(text: string, place: Place, io: Io): Status
  /** Runs a text as a script of its own would be. @param args `$1` … */
  runApart(text: string, args: readonly string[], place: Place, io: Io): Status
  /** Runs a program, which the builtin was only the prefix of. */
  runWords(words: readonly Word[], io: Io): Status
  /** A program that nobody starts. */
  notRun(words: readonly Word[], io: Io): Status
  /** From now on, what is not set may have been set by a file that was not read. */
  forgetUnset(words: readonly Word[]): void
  /** What a program reads that opens a file: something unknown, if that is not known. */
  open(path: string, place: Place): Stream
  /** What a program writes that creates a file. */
  create(path: string, place: Place): Stream
  /** A file's text; undefined if it is not known. */
  readFile(path: string): string | undefined
  isUnknown(text: string): boolean
  /** Says something once for each `kind`. */
  warn(kind: string, message: string, place: Place): void
  /** A command as messages name it. */
  originOf(words: readonly Word[]): Origin
  refuse(message: string, place: Place, hint?: string): void
  /** What a program that is not run would have printed is needed. */
  refuseUse(origin: Origin, place: Place): void
  /** Counts work, so that no script takes for ever. */
  spend(steps: number): void
}

/** `exit`, `return`, `break` and `continue` on their way out. */
export class Jump {
  readonly kind: 'exit' | 'return' | 'break' | 'continue'
  /** How many loops. */
  readonly levels: number
  /** What `exit` and `return` answer. */
  readonly status: Status

  constructor(kind: Jump['kind'], levels: number, status: Status) {
    this.kind = kind
    this.levels = levels
    this.status = status
  }
}
