/** A place in the script; both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A piece of a word: what is written there, or what has to be put in its place when the word is used. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | VariablePart
  | CommandPart
  | { readonly kind: 'arithmetic'; readonly expression: ShellWord; readonly quoted: boolean }

/** `$(…)` */
export interface CommandPart {
  readonly kind: 'command'
  readonly body: List
  readonly quoted: boolean
  readonly source: string
  /** bash: `<(…)`, the name of a file with what they print */
  readonly isFile?: boolean
}

/** `$name`, `${name:-word}`, `${#name}` (operator `length`). */
export interface VariablePart {
  readonly kind: 'variable'
  readonly name: string
  /** `:-`, `%%` …; empty for the plain value */
  readonly operator: string
  readonly argument: ShellWord | undefined
  /** What `${x/pattern/word}` puts in, and how long a piece `${x:1:word}` takes. */
  readonly second?: ShellWord
  /** bash: what `${!name:-word}` does to the variable that is named. For `${!name*}` and `${!name@}` there is a `second`. */
  readonly through?: string
  /** bash: `${a[word]}`; `@` and `*` are all elements. */
  readonly subscript?: ShellWord
  readonly quoted: boolean
}

export interface ShellWord extends Place {
  readonly parts: readonly Part[]
}

export interface Assignment {
  readonly name: string
  /** `name+=value` */
  readonly appends: boolean
  readonly value: ShellWord
  /** bash: `name[word]=value` */
  readonly subscript?: ShellWord
  /** bash: `name=(value [word]=value)` */
  readonly elements?: readonly Assignment[]
}

/** `2>/dev/null`, `<<END`: for a here-document the target is its body. */
export interface Redirection {
  readonly operator: '<(' | '<' | '>' | '>>' | '>&' | '<&' | '&>' | '<<' | '<<<'
  readonly descriptor: number
  readonly target: ShellWord
}

export interface Simple extends Place {
  readonly kind: 'simple'
  readonly assignments: readonly Assignment[]
  readonly words: readonly ShellWord[]
  /** `declare a=(…)`: carried out once the word `a` is declared. */
  readonly arrays?: readonly Assignment[]
  readonly redirections: readonly Redirection[]
}

export interface List extends Place {
  readonly kind: 'list'
  readonly items: readonly Command[]
}

/** What can be run (POSIX 2.9). */
export type Command =
  | Simple
  | List
  | (Place & {
      readonly kind: 'and-or'
      readonly left: Command
      readonly isAnd: boolean
      readonly right: Command
    })
  | (Place & { readonly kind: 'pipeline'; readonly commands: readonly Command[]; readonly negated: boolean })
  | (Place & { readonly kind: 'group'; readonly body: List; readonly isSubshell: boolean })
  | (Place & {
      readonly kind: 'if'
      readonly condition: List
      readonly then: List
      readonly otherwise: Command | undefined
    })
  | (Place & {
      readonly kind: 'while'
      readonly condition: List
      readonly body: List
      readonly until: boolean
      /** the last part of `for ((…; …; …))` */
      readonly step?: Command
    })
  | (Place & {
      readonly kind: 'for'
      readonly name: string
      /** absent: the positional parameters */
      readonly words: readonly ShellWord[] | undefined
      readonly body: List
    })
  | (Place & {
      readonly kind: 'case'
      readonly subject: ShellWord
      readonly arms: readonly CaseArm[]
    })
  /** bash: `((expression))` */
  | (Place & { readonly kind: 'arithmetic'; readonly expression: ShellWord })
  | (Place & { readonly kind: 'function'; readonly name: string; readonly body: Command })
  | (Place & {
      readonly kind: 'redirected'
      readonly body: Command
      readonly redirections: readonly Redirection[]
    })

export interface CaseArm {
  readonly patterns: readonly ShellWord[]
  readonly body: List
  /** `;;`; in bash also `;&` (the next body too) and `;;&` (look on) */
  readonly end: string
}

/** The word as it is written, if nothing in it is quoted or replaced: it may be a keyword. */
export function plainText(word: ShellWord | undefined): string | undefined {
  const [part, ...rest] = word?.parts ?? []
  return part?.kind === 'text' && !part.quoted && rest.length === 0 ? part.text : undefined
}

/** Builtins whose words `name=value` are not split. */
export const DECLARATIONS: readonly string[] = ['export', 'readonly', 'declare', 'typeset', 'local']
