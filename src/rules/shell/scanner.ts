import { RuleError } from '../rule-error.ts'
import type { Place } from './syntax.ts'

const MAX_DEPTH = 100

/** A position in the script's text that knows its line and column. */
export class Scanner {
  readonly text: string
  at = 0
  private line: number
  private lineStart: number
  private depth = 0

  /** @param place where the text begins in the script: the inside of backquotes does not begin at 1:1 */
  constructor(text: string, place: Place = { line: 1, column: 1 }) {
    this.text = text
    this.line = place.line
    this.lineStart = 1 - place.column
  }

  get isEnd(): boolean {
    return this.at >= this.text.length
  }

  /** The character here; empty at the end. */
  get char(): string {
    return this.text[this.at] ?? ''
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** What a sticky expression finds here. */
  match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.at
    return sticky.exec(this.text)?.[0]
  }

  place(): Place {
    return { line: this.line, column: this.at - this.lineStart + 1 }
  }

  /** What follows the line that begins or goes on at `at`, with its continuations; undefined if nothing does. */
  behindLine(at: number, place: Place): Scanner | undefined {
    const behind = this.text.slice(at)
    const line = /^(?:\\\n|[^\n])*\n/.exec(behind)?.[0]
    if (line === undefined) return undefined
    const next = { line: place.line + line.split('\n').length - 1, column: 1 }
    return new Scanner(behind.slice(line.length), next)
  }

  /** Moves on, and returns what was passed. */
  take(count: number): string {
    const end = Math.min(this.at + count, this.text.length)
    const taken = this.text.slice(this.at, end)
    for (; this.at < end; this.at++)
      if (this.text[this.at] === '\n') {
        this.line++
        this.lineStart = this.at + 1
      }
    return taken
  }

  /** Reads something nested. Texts that nest without end are refused. */
  nested<T>(read: () => T): T {
    if (this.depth >= MAX_DEPTH) throw this.error('this is nested too deeply')
    this.depth++
    const value = read()
    this.depth--
    return value
  }

  error(message: string, place: Place = this.place(), expected?: string): RuleError {
    return new RuleError(message, { text: '', ...place }, { code: 'shell', expected })
  }
}
