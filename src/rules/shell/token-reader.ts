import type { RuleError } from '../rule-error.ts'
import { HereDocuments } from './here-documents.ts'
import { Scanner } from './scanner.ts'
import {
  type Assignment,
  type List,
  type Part,
  plainText,
  type Redirection,
  type ShellWord,
} from './syntax.ts'
import { WordReader } from './word-reader.ts'

const KEYWORD =
  /(?:if|then|elif|else|fi|for|in|do|done|while|until|case|esac|function|select|[{}!]|\[\[)(?=[\s;&|()<>]|$)/y
const REDIRECTION = /(\d*)(&>>?|<<<|<<-?|>>|>&|<&|>\||<>|<|>)/y
const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?)=/

/** What commands are made of: words, keywords, redirections, the blanks and comments between them. */
export abstract class TokenReader {
  protected readonly scanner: Scanner
  protected readonly words: WordReader
  private readonly hereDocuments: HereDocuments

  constructor(scanner: Scanner) {
    this.scanner = scanner
    this.words = new WordReader(scanner, inner => (inner === scanner ? this : this.readerOf(inner)).list())
    this.hereDocuments = new HereDocuments(
      scanner,
      (text, place) => this.readerOf(new Scanner(text, place)).words,
    )
  }

  /** Commands up to what ends them. */
  protected abstract list(): List

  /** The same for another text. */
  protected abstract readerOf(scanner: Scanner): TokenReader

  protected assignment(word: ShellWord): Assignment | undefined {
    const first = word.parts[0]!
    const found = first.kind === 'text' && !first.quoted ? ASSIGNMENT.exec(first.text) : null
    if (found === null || first.kind !== 'text') return undefined
    if (this.scanner.char === '(')
      throw this.scanner.error('arrays are not supported', word, 'what POSIX sh knows')
    const rest: Part = { kind: 'text', text: first.text.slice(found[0].length), quoted: false }
    const parts = rest.text === '' ? word.parts.slice(1) : [rest, ...word.parts.slice(1)]
    return { name: found[1]!, appends: found[2] === '+', value: { ...word, parts } }
  }

  /** `[[ a && b ]]`: operators are words in there. */
  protected doubleBracket(): ShellWord[] {
    const { scanner } = this
    const words: ShellWord[] = []
    for (;;) {
      this.skipBlanks()
      const place = scanner.place()
      const operator = scanner.match(/&&|\|\||[()<>]/y)
      const word = operator === undefined ? this.words.word() : undefined
      if (operator !== undefined)
        words.push({
          ...place,
          parts: [{ kind: 'text', text: scanner.take(operator.length), quoted: false }],
        })
      else if (word === undefined) throw this.unexpected(']]')
      else words.push(word)
      if (plainText(word) === ']]') return words
    }
  }

  protected redirection(): Redirection | undefined {
    const { scanner } = this
    const found = scanner.match(REDIRECTION)
    if (found === undefined) return undefined
    const place = scanner.place()
    scanner.take(found.length)
    const digits = /^\d*/.exec(found)![0]
    const written = found.slice(digits.length)
    this.skipBlanks()
    const target = this.words.word()
    if (target === undefined) throw scanner.error(`'${found}' without a name`, place, 'a file name')
    const descriptor = digits === '' ? (written.startsWith('<') ? 0 : 1) : Number(digits)
    if (written === '<<' || written === '<<-')
      return this.hereDocuments.announce(descriptor, target, written === '<<-')
    const operator = written === '>|' || written === '<>' ? '>' : written === '&>>' ? '&>' : written
    return { operator: operator as Redirection['operator'], descriptor, target }
  }

  protected wordsHere(): ShellWord[] {
    const words: ShellWord[] = []
    for (;;) {
      this.skipBlanks()
      const word = this.words.word()
      if (word === undefined) return words
      words.push(word)
    }
  }

  protected name(): string {
    this.skipBlanks()
    const name = this.scanner.match(/[\w.:-]+/y)
    if (name === undefined) throw this.unexpected('a name')
    this.scanner.take(name.length)
    return name
  }

  protected keyword(): string | undefined {
    return this.scanner.match(KEYWORD)
  }

  protected expect(keyword: string): void {
    this.skipBlanks()
    if (this.keyword() !== keyword) throw this.unexpected(keyword)
    this.scanner.take(keyword.length)
  }

  protected isNewline(): boolean {
    return this.scanner.char === '\n'
  }

  /** Blanks, continued lines, and a comment. */
  protected skipBlanks(): void {
    const { scanner } = this
    for (;;) {
      const blanks = scanner.match(/[ \t]+|\\\n|#[^\n]*/y)
      if (blanks === undefined) return
      scanner.take(blanks.length)
    }
  }

  protected skipLines(): void {
    for (;;) {
      this.skipBlanks()
      if (!this.isNewline()) return
      this.scanner.take(1)
      this.hereDocuments.read()
    }
  }

  protected unexpected(expected?: string): RuleError {
    const { scanner } = this
    if (scanner.isEnd) return scanner.error('the script ends in the middle of a command', undefined, expected)
    const found = scanner.match(/\n|[;&|()<>]+|[^\s;&|()<>]+/y) ?? scanner.char
    return scanner.error(
      `unexpected ${found === '\n' ? 'end of the line' : `'${found}'`}`,
      undefined,
      expected,
    )
  }
}
