import type { Word } from './words.ts'

/** What a shell would see in a script, as far as it does not run anything. */
export type ShellToken =
  | {
      readonly kind: 'word'
      readonly word: Word
      /** The variable or command substitution in it, which would have to be run: `$IPT`, `` `…` ``. */
      readonly substitution: string | undefined
      /** No quotes and no backslashes: may be a keyword or an assignment. */
      readonly plain: boolean
    }
  | { readonly kind: 'operator'; readonly word: Word }

const OPERATORS = [
  '&&',
  '||',
  ';;',
  '&>>',
  '&>',
  '>>',
  '<<<',
  '<<-',
  '<<',
  '>&',
  '<&',
  '>|',
  '\n',
  ';',
  '&',
  '|',
  '(',
  ')',
  '<',
  '>',
]

/** Splits a script into words and operators: quotes, backslashes, comments and continued lines as in sh. */
export function shellTokens(text: string): ShellToken[] {
  return new ShellReader(text.replaceAll('\r\n', '\n')).read()
}

class ShellReader {
  private readonly text: string
  private readonly tokens: ShellToken[] = []
  private at = 0
  private line = 1
  private lineStart = 0

  constructor(text: string) {
    this.text = text
  }

  read(): ShellToken[] {
    while (this.at < this.text.length) {
      const char = this.text[this.at]!
      if (char === ' ' || char === '\t') this.at++
      else if (this.text.startsWith('\\\n', this.at)) this.skip(2)
      else if (char === '#') this.skipComment()
      else if (!this.readOperator()) this.readWord()
    }
    return this.tokens
  }

  private here(text: string): Word {
    return { text, line: this.line, column: this.at - this.lineStart + 1 }
  }

  /** Moves on by `count` characters and counts the lines among them. */
  private skip(count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.text[this.at] === '\n') {
        this.line++
        this.lineStart = this.at + 1
      }
      this.at++
    }
  }

  private skipComment(): void {
    const end = this.text.indexOf('\n', this.at)
    this.at = end < 0 ? this.text.length : end
  }

  private readOperator(): boolean {
    const descriptor = /^\d+(?=[<>])/.exec(this.text.slice(this.at, this.at + 4))?.[0] ?? ''
    const operator = OPERATORS.find(known => this.text.startsWith(known, this.at + descriptor.length))
    if (operator === undefined) return false
    this.tokens.push({ kind: 'operator', word: this.here(descriptor + operator) })
    this.skip(descriptor.length + operator.length)
    return true
  }

  private readWord(): void {
    const start = this.here('')
    let value = ''
    let substitution: string | undefined
    let plain = true
    while (this.at < this.text.length && !/[ \t\n;&|()<>]/.test(this.text[this.at]!)) {
      const char = this.text[this.at]!
      if (char === "'") value += this.singleQuoted()
      else if (char === '"') {
        const quoted = this.doubleQuoted()
        value += quoted.value
        substitution ??= quoted.substitution
      } else if (char === '\\') value += this.escaped()
      else {
        substitution ??= this.substitutionHere()
        value += char
        this.at++
        continue
      }
      plain = false
    }
    this.tokens.push({ kind: 'word', word: { ...start, text: value }, substitution, plain })
  }

  private singleQuoted(): string {
    const end = this.text.indexOf("'", this.at + 1)
    const close = end < 0 ? this.text.length : end
    const value = this.text.slice(this.at + 1, close)
    this.skip(close + 1 - this.at)
    return value
  }

  private doubleQuoted(): { readonly value: string; readonly substitution: string | undefined } {
    let value = ''
    let substitution: string | undefined
    this.skip(1)
    while (this.at < this.text.length && this.text[this.at] !== '"') {
      if (this.text[this.at] === '\\' && /[$`"\\\n]/.test(this.text[this.at + 1] ?? '')) {
        value += this.escaped()
        continue
      }
      substitution ??= this.substitutionHere()
      value += this.text[this.at]!
      this.skip(1)
    }
    this.skip(1)
    return { value, substitution }
  }

  /** A backslash and what follows it; nothing for a continued line. */
  private escaped(): string {
    const char = this.text[this.at + 1] ?? ''
    this.skip(2)
    return char === '\n' ? '' : char
  }

  private substitutionHere(): string | undefined {
    const rest = this.text.slice(this.at, this.at + 80)
    return /^(?:\$(?:\w+|[{(][^\n]*?[)}]|[@*#?!$-])|`[^`\n]*`?)/.exec(rest)?.[0]
  }
}
