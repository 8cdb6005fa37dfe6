import { countingLoop, selectLoop, splitExpressions } from './bash-loops.ts'
import type { CaseArm, Command, List, Place, ShellWord } from './syntax.ts'
import { TokenReader } from './token-reader.ts'

/** Reads commands that are made of others (POSIX 2.9.4): groups, conditions, loops, functions. */
export abstract class CompoundReader extends TokenReader {
  /** One command, with its redirections. */
  protected abstract command(): Command

  protected compound(keyword: string | undefined): Command {
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
    if (keyword === '{') return { kind: 'group', body: this.braceGroup(), isSubshell: false, ...place }
    scanner.take(keyword.length)
    switch (keyword) {
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
      case 'coproc':
        throw scanner.error("'coproc' is not supported", place)
      default:
        throw scanner.error(`unexpected '${keyword}'`, place)
    }
  }

  private braceGroup(): List {
    this.expect('{')
    const body = this.list()
    this.expect('}')
    return body
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

  /** @param mayBeBraces bash: a `for` may have its body in braces */
  private doGroup(mayBeBraces = false): List {
    this.skipLines()
    if (this.scanner.char === ';' && !this.scanner.startsWith(';;')) this.scanner.take(1)
    this.skipLines()
    if (mayBeBraces && this.keyword() === '{') return this.braceGroup()
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
    return countingLoop(parts, this.doGroup(true), place)
  }

  /** `select` is a loop over what somebody types. */
  private forCommand(place: Place, isSelect: boolean): Command {
    this.skipBlanks()
    if (this.scanner.startsWith('((')) return this.countingLoop(place)
    const name = this.name(/[$\w.:-]+/y)
    this.skipLines()
    let words: ShellWord[] | undefined
    if (this.keyword() === 'in') {
      this.scanner.take(2)
      words = this.wordsHere()
    }
    const body = this.doGroup(true)
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

  protected functionBody(name: string, place: Place): Command {
    this.skipLines()
    return { kind: 'function', name, body: this.command(), ...place }
  }
}
