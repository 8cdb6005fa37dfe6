import { RuleError } from '../rule-error.ts'
import { countingLoop, selectLoop, splitExpressions } from './bash-loops.ts'
import { Scanner } from './scanner.ts'
import {
  type Assignment,
  type CaseArm,
  type Command,
  DECLARATIONS,
  type List,
  type Place,
  plainText,
  type Redirection,
  type ShellWord,
} from './syntax.ts'
import { TokenReader } from './token-reader.ts'

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

const CLOSING = ['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']

class ShellParser extends TokenReader {
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
    const place = this.scanner.place()
    let negated = false
    while (this.keyword() === '!') {
      negated = !negated
      this.scanner.take(1)
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

  private command(): Command {
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

  private compound(keyword: string | undefined): Command {
    const { scanner } = this
    const place = scanner.place()
    if (scanner.match(/\(\((?!\()[^;\n]*?\)\)/y) !== undefined) return this.arithmeticCommand(place)
    if (keyword === undefined) {
      scanner.take(1)
      const body = this.list()
      if (scanner.char !== ')') throw this.unexpected(')')
      scanner.take(1)
      return { kind: 'group', body, isSubshell: true, ...place }
    }
    scanner.take(keyword.length)
    switch (keyword) {
      case '{': {
        const body = this.list()
        this.expect('}')
        return { kind: 'group', body, isSubshell: false, ...place }
      }
      case 'if':
        return this.ifCommand(place)
      case 'while':
      case 'until': {
        const condition = this.list()
        return { kind: 'while', condition, body: this.doGroup(), until: keyword === 'until', ...place }
      }
      case 'for':
      case 'select':
        return this.forCommand(place, keyword === 'select')
      case 'case':
        return this.caseCommand(place)
      case 'function':
        return this.functionCommand(place)
      default:
        throw scanner.error(`unexpected '${keyword}'`, place)
    }
  }

  private ifCommand(place: Place): Command {
    const condition = this.list()
    this.expect('then')
    const then = this.list()
    const next = this.scanner.place()
    const keyword = this.keyword()
    if (keyword !== 'elif' && keyword !== 'else') {
      this.expect('fi')
      return { kind: 'if', condition, then, otherwise: undefined, ...place }
    }
    this.scanner.take(4)
    if (keyword === 'elif') {
      const otherwise = this.scanner.nested(() => this.ifCommand(next))
      return { kind: 'if', condition, then, otherwise, ...place }
    }
    const otherwise = this.list()
    this.expect('fi')
    return { kind: 'if', condition, then, otherwise, ...place }
  }

  private doGroup(): List {
    this.skipLines()
    if (this.scanner.char === ';' && !this.scanner.startsWith(';;')) this.scanner.take(1)
    this.skipLines()
    this.expect('do')
    const body = this.list()
    this.expect('done')
    return body
  }

  /** bash: `((expression))` */
  private arithmeticCommand(place: Place): Command {
    this.scanner.take(2)
    const expression = this.words.arithmeticText()
    this.arithmeticEnd()
    return { kind: 'arithmetic', expression, ...place }
  }

  private arithmeticEnd(): void {
    if (!this.scanner.startsWith('))')) throw this.unexpected('))')
    this.scanner.take(2)
  }

  /** bash: `for ((start; condition; step))` */
  private countingLoop(place: Place): Command {
    this.scanner.take(2)
    const parts = splitExpressions(this.words.arithmeticText())
    this.arithmeticEnd()
    if (parts.length !== 3) throw this.unexpected('; ; ))')
    return countingLoop(parts, this.doGroup(), place)
  }

  /** `select` is a loop over what somebody types. */
  private forCommand(place: Place, isSelect: boolean): Command {
    this.skipBlanks()
    if (this.scanner.startsWith('((')) return this.countingLoop(place)
    const name = this.name()
    this.skipLines()
    let words: ShellWord[] | undefined
    if (this.keyword() === 'in') {
      this.scanner.take(2)
      words = this.wordsHere()
    }
    const body = this.doGroup()
    return isSelect ? selectLoop(name, body, place) : { kind: 'for', name, words, body, ...place }
  }

  private caseCommand(place: Place): Command {
    const { scanner } = this
    this.skipBlanks()
    const subject = this.words.word()
    if (subject === undefined) throw this.unexpected()
    this.skipLines()
    this.expect('in')
    const arms: CaseArm[] = []
    for (;;) {
      this.skipLines()
      if (this.keyword() === 'esac') break
      if (scanner.char === '(') scanner.take(1)
      const patterns = this.patterns()
      const body = this.list()
      const end = scanner.match(/;;&?|;&/y) ?? ''
      if (end === '' && this.keyword() !== 'esac') throw this.unexpected('esac')
      scanner.take(end.length)
      arms.push({ patterns, body, end })
    }
    this.expect('esac')
    return { kind: 'case', subject, arms, ...place }
  }

  private patterns(): ShellWord[] {
    const patterns: ShellWord[] = []
    for (;;) {
      this.skipBlanks()
      const pattern = this.words.word()
      if (pattern === undefined) throw this.unexpected('a pattern')
      patterns.push(pattern)
      this.skipBlanks()
      const { char } = this.scanner
      if (char !== '|' && char !== ')') throw this.unexpected(')')
      this.scanner.take(1)
      if (char === ')') return patterns
    }
  }

  private functionCommand(place: Place): Command {
    const name = this.name()
    this.skipBlanks()
    const brackets = this.scanner.match(/\([ \t]*\)/y)
    if (brackets !== undefined) this.scanner.take(brackets.length)
    return this.functionBody(name, place)
  }

  private functionBody(name: string, place: Place): Command {
    this.skipLines()
    return { kind: 'function', name, body: this.command(), ...place }
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
