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
  /(?:if|then|elif|else|fi|for|in|do|done|while|until|case|esac|function|select|coproc|[{}!]|\[\[)(?=[\s;&|()<>]|$)/y
const REDIRECTION = /(\d*)(&>>?|<<<|<<-?|>>|>&|<&|>\||<>|<|>)/y

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

  /** `name=value`, `name+=value`, and of bash `name[word]=value` and `name=(…)`. */
  protected assignment(word: ShellWord): Assignment | undefined {
    const { target, rest } = assigned(word)
    if (target === undefined) return undefined
    if (rest.length > 0 || this.scanner.char !== '(') return { ...target, value: { ...word, parts: rest } }
    this.scanner.take(1)
    return { ...target, value: { ...word, parts: [] }, elements: this.elements() }
  }

  /** What stands in the brackets of `name=(…)`. */
  private elements(): Assignment[] {
    const { scanner } = this
    const elements: Assignment[] = []
    for (;;) {
      this.skipLines()
      const word = this.words.word()
      if (word === undefined) break
      const { target, rest } = assigned(word, '')
      if (target?.subscript === undefined) elements.push({ name: '', appends: false, value: word })
      else elements.push({ ...target, value: { ...word, parts: rest } })
    }
    if (scanner.char !== ')') throw this.unexpected(')')
    scanner.take(1)
    return elements
  }

  /** `[[ a && b ]]`: operators are words in there. */
  protected doubleBracket(): ShellWord[] {
    const { scanner } = this
    const words: ShellWord[] = []
    for (;;) {
      this.skipBlanks()
      const place = scanner.place()
      // what =~ compares with may be made of signs that are operators elsewhere
      const isExpression = plainText(words.at(-1)) === '=~'
      const operator = scanner.match(isExpression ? /[^\s"']*[()|][^\s"']*(?=\s)/y : /&&|\|\||[()<>]/y)
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
    if (found === undefined || scanner.match(/[<>]\(/y) !== undefined) return undefined
    const place = scanner.place()
    const process = scanner.match(/<[ \t]+<\(/y)
    if (process !== undefined) {
      scanner.take(process.length - 2)
      return { operator: '<(', descriptor: 0, target: this.words.processOutput() }
    }
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

  protected name(characters = /[\w.:-]+/y): string {
    this.skipBlanks()
    const name = this.scanner.match(characters)
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

/** What stands before the `=` of a word, and what behind it. @param name of an array: then only `[word]` is there */
function assigned(
  { parts, ...place }: ShellWord,
  name?: string,
): { readonly target?: Omit<Assignment, 'value'>; readonly rest: readonly Part[] } {
  const [first] = parts
  if (first?.kind !== 'text' || first.quoted) return { rest: [] }
  const start = (name === undefined ? /^([A-Za-z_]\w*)(\[|\+?=)/ : /^()(\[)/).exec(first.text)
  if (start === null) return { rest: [] }
  const behind = withText(first.text.slice(start[0].length), parts.slice(1))
  if (start[2] !== '[') return { target: { name: start[1]!, appends: start[2] === '+=' }, rest: behind }
  const at = behind.findIndex(part => part.kind === 'text' && !part.quoted && part.text.includes(']'))
  const end = behind[at]
  const [, inside, plus, value] =
    (end?.kind === 'text' ? /^([^\]]*)\](\+?)=([\s\S]*)$/.exec(end.text) : null) ?? []
  if (inside === undefined) return { rest: [] }
  const subscript = { ...place, parts: [...behind.slice(0, at), ...withText(inside, [])] }
  return {
    target: { name: start[1]!, appends: plus === '+', subscript },
    rest: withText(value!, behind.slice(at + 1)),
  }
}

function withText(text: string, parts: readonly Part[]): readonly Part[] {
  return text === '' ? parts : [{ kind: 'text', text, quoted: false }, ...parts]
}
