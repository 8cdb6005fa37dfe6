/** A place in the script; both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A piece of a word: what is written there, or what has to be put in its place when the word is used. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | VariablePart
  | { readonly kind: 'command'; readonly body: List; readonly quoted: boolean; readonly source: string }
  | { readonly kind: 'arithmetic'; readonly expression: ShellWord; readonly quoted: boolean }

/** `$name`, `${name:-word}`, `${#name}` (operator `length`). */
export interface VariablePart {
  readonly kind: 'variable'
  readonly name: string
  /** `:-`, `%%` …; empty for the plain value */
  readonly operator: string
  readonly argument: ShellWord | undefined
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
}

/** `2>/dev/null`, `<<END`: for a here-document the target is its body. */
export interface Redirection {
  readonly operator: '<' | '>' | '>>' | '>&' | '<&' | '&>' | '<<' | '<<<'
  readonly descriptor: number
  readonly target: ShellWord
}

export interface Simple extends Place {
  readonly kind: 'simple'
  readonly assignments: readonly Assignment[]
  readonly words: readonly ShellWord[]
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
      readonly arms: readonly { readonly patterns: readonly ShellWord[]; readonly body: List }[]
    })
  | (Place & { readonly kind: 'function'; readonly name: string; readonly body: Command })
  | (Place & {
      readonly kind: 'redirected'
      readonly body: Command
      readonly redirections: readonly Redirection[]
    })

/** The word as it is written, if nothing in it is quoted or replaced: it may be a keyword. */
export function plainText(word: ShellWord | undefined): string | undefined {
  const [part, ...rest] = word?.parts ?? []
  return part?.kind === 'text' && !part.quoted && rest.length === 0 ? part.text : undefined
}
