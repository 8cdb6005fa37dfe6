import { RuleError } from '../rule-error.ts'
import { CompoundReader } from './compound-reader.ts'
import { Scanner } from './scanner.ts'
import {
  type Assignment,
  type Command,
  DECLARATIONS,
  type List,
  type Place,
  plainText,
  type Redirection,
  type ShellWord,
} from './syntax.ts'

/** A script as it was read: what stands before the error, if there is one, would have been run. */
export interface ShellProgram {
  readonly items: readonly Command[]
  readonly error: RuleError | undefined
}

const MAX_RESUMES = 50

/**
 * Reads a script of the POSIX shell (2.10), and what scripts use of bash. Never throws.
 *
 * @param resumes go on behind the line of a command that cannot be read: sh would not
 */
export function parseShell(text: string, place?: Place, resumes = false): ShellProgram {
  const items: Command[] = []
  let error: RuleError | undefined
  let parser: ShellParser | undefined = new ShellParser(new Scanner(text, place))
  for (let tries = resumes ? MAX_RESUMES : 0; parser !== undefined; tries--) {
    try {
      for (let item = parser.nextItem(); item !== undefined; item = parser.nextItem()) items.push(item)
      break
    } catch (found) {
      if (!(found instanceof RuleError)) throw found
      error ??= found
      parser = tries > 0 ? parser.behindItem() : undefined
    }
  }
  return { items, error }
}

/** bash: how long a pipeline takes is said on standard error. */
const PREFIX = /!(?=[\s(]|$)|time(?=\s)(?:[ \t]+-p(?=\s))?/y

const CLOSING = ['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']

class ShellParser extends CompoundReader {
  private itemAt = 0
  private itemPlace: Place = { line: 1, column: 1 }

  /** The next command of the script with all its `&&` and `||`; undefined at the end. */
  nextItem(): Command | undefined {
    this.skipLines()
    this.itemAt = this.scanner.at
    this.itemPlace = this.scanner.place()
    if (this.scanner.isEnd) return undefined
    const item = this.andOr()
    this.endOfItem()
    if (!this.scanner.isEnd && !this.isNewline() && this.isListEnd()) throw this.unexpected()
    return item
  }

  /** A parser for what follows the first line of the item in hand; undefined if nothing does. */
  behindItem(): ShellParser | undefined {
    const scanner = this.scanner.behindLine(this.itemAt, this.itemPlace)
    return scanner && new ShellParser(scanner)
  }

  protected list(): List {
    const place = this.scanner.place()
    const items: Command[] = []
    for (;;) {
      this.skipLines()
      if (this.isListEnd()) return { kind: 'list', items, ...place }
      items.push(this.andOr())
      if (!this.endOfItem()) return { kind: 'list', items, ...place }
    }
  }

  /** Takes `;`, `&` or sees a newline. False: nothing may follow. */
  private endOfItem(): boolean {
    const { scanner } = this
    this.skipBlanks()
    if (this.isNewline()) return true
    if (scanner.match(/;[;&]/y) !== undefined || (scanner.char !== ';' && scanner.char !== '&')) {
      if (scanner.isEnd || this.isListEnd()) return false
      throw this.unexpected()
    }
    scanner.take(1)
    return true
  }

  private isListEnd(): boolean {
    const { scanner } = this
    return (
      scanner.isEnd ||
      scanner.char === ')' ||
      scanner.match(/;[;&]/y) !== undefined ||
      CLOSING.includes(this.keyword() ?? '')
    )
  }

  private andOr(): Command {
    let left = this.pipeline()
    for (;;) {
      this.skipBlanks()
      const isAnd = this.scanner.startsWith('&&')
      if (!isAnd && !this.scanner.startsWith('||')) return left
      this.scanner.take(2)
      this.skipLines()
      const { line, column } = left
      left = { kind: 'and-or', left, isAnd, right: this.pipeline(), line, column }
    }
  }

  private pipeline(): Command {
    const { scanner } = this
    const place = scanner.place()
    let negated = false
    for (;;) {
      const found = scanner.match(PREFIX)
      if (found === undefined) break
      if (found === '!') negated = !negated
      scanner.take(found.length)
      this.skipBlanks()
    }
    const commands = [this.command()]
    for (;;) {
      this.skipBlanks()
      if (this.scanner.char !== '|' || this.scanner.startsWith('||')) break
      this.scanner.take(this.scanner.startsWith('|&') ? 2 : 1)
      this.skipLines()
      commands.push(this.command())
    }
    return commands.length === 1 && !negated
      ? commands[0]!
      : { kind: 'pipeline', commands, negated, ...place }
  }

  protected command(): Command {
    return this.scanner.nested(() => {
      const keyword = this.keyword()
      const isCompound = this.scanner.char === '(' || (keyword !== undefined && keyword !== '[[')
      if (!isCompound) return this.simple()
      const body = this.compound(keyword)
      const redirections: Redirection[] = []
      for (;;) {
        this.skipBlanks()
        const redirection = this.redirection()
        if (redirection === undefined) break
        redirections.push(redirection)
      }
      const { line, column } = body
      return redirections.length === 0 ? body : { kind: 'redirected', body, redirections, line, column }
    })
  }

  private simple(): Command {
    const { scanner } = this
    const place = scanner.place()
    const assignments: Assignment[] = []
    const redirections: Redirection[] = []
    const words: ShellWord[] = []
    const arrays: Assignment[] = []
    if (this.keyword() === '[[') words.push(...this.doubleBracket())
    for (;;) {
      this.skipBlanks()
      const redirection = this.redirection()
      if (redirection !== undefined) {
        redirections.push(redirection)
        continue
      }
      const word = this.words.word()
      if (word === undefined) break
      const isDeclared = DECLARATIONS.includes(plainText(words[0]) ?? '') && scanner.char === '('
      const assignment = words.length === 0 || isDeclared ? this.assignment(word) : undefined
      if (assignment !== undefined && isDeclared) {
        arrays.push(assignment)
        words.push({ ...word, parts: [{ kind: 'text', text: assignment.name, quoted: true }] })
      } else if (assignment === undefined) words.push(word)
      else assignments.push(assignment)
      const brackets = words.length === 1 ? scanner.match(/[ \t]*\([ \t]*\)/y) : undefined
      if (brackets === undefined) continue
      scanner.take(brackets.length)
      return this.functionBody(plainText(words[0]) ?? '', place)
    }
    if (words.length + assignments.length + redirections.length === 0) throw this.unexpected()
    return { kind: 'simple', assignments, words, arrays, redirections, ...place }
  }

  protected readerOf(scanner: Scanner): ShellParser {
    return new ShellParser(scanner)
  }
}
