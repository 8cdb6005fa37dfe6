import type { Diagnostic } from '../diagnostic.ts'

/** A word of a line; `column` counts from 1. */
export interface Token {
  readonly text: string
  readonly column: number
}

/** Words between blanks; a quoted part keeps its blanks, braces stand alone. */
function tokenize(line: string): Token[] {
  const tokens: Token[] = []
  for (const match of line.matchAll(/[{}]|(?:"(?:\\.|[^"\\])*"?|[^\s{}"])+/g))
    tokens.push({ text: match[0], column: match.index + 1 })
  return tokens
}

/** Where a line's tokens are read from, and where what is wrong with them goes. */
export class TokenReader {
  readonly diagnostics: Diagnostic[] = []
  private readonly tokens: readonly Token[]
  private readonly line: number
  private readonly file: string | undefined
  private readonly end: number
  private at = 0

  constructor(text: string, line = 1, file?: string) {
    this.tokens = tokenize(text)
    this.line = line
    this.file = file
    this.end = text.trimEnd().length + 1
  }

  peek(): Token | undefined {
    return this.tokens[this.at]
  }

  next(): Token | undefined {
    return this.tokens[this.at++]
  }

  /** @param token where; the end of the line without one */
  error(token: Token | undefined, message: string, expected?: string, hint?: string): void {
    this.diagnostics.push({
      severity: 'error',
      ...(this.file === undefined ? {} : { file: this.file }),
      line: this.line,
      column: token?.column ?? this.end,
      message,
      ...(expected === undefined ? {} : { expected }),
      ...(hint === undefined ? {} : { hint }),
    })
  }
}
