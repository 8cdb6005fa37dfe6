import { escapesOf } from './printing.ts'
import { Scanner } from './scanner.ts'
import type { CommandPart, List, Part, Place, ShellWord } from './syntax.ts'

/** Where a run of parts ends, and which quotes count in it. */
type Mode =
  /** a word of a command */
  | 'word'
  /** inside "…" */
  | 'double'
  /** a here-document, to the end of its text */
  | 'here'
  /** the word in ${name:-word} */
  | 'braces'
  /** the same inside "…" */
  | 'quoted-braces'
  /** $((…)) */
  | 'arithmetic'
  /** the pattern in ${name/pattern/word} */
  | 'pattern'
  /** the first number in ${name:1:2} */
  | 'offset'
  /** [word] behind a name */
  | 'subscript'

const NOBODY: Part = { kind: 'text', text: '/dev/fd/63', quoted: true }
const NAME = /[A-Za-z_]\w*/y
const OPERATOR = /:?[-=?+]|%%?|##?|\/[/#%]?|\^\^?|,,?|:/y

/** Reads words: quoting, and what is to be replaced in them (POSIX 2.2, 2.6). */
export class WordReader {
  private readonly scanner: Scanner
  private readonly readCommands: (scanner: Scanner) => List

  /** @param readCommands reads the inside of `$(…)` up to the bracket, or all of a text */
  constructor(scanner: Scanner, readCommands: (scanner: Scanner) => List) {
    this.scanner = scanner
    this.readCommands = readCommands
  }

  /** The word here; undefined if none begins here. */
  word(): ShellWord | undefined {
    const place = this.scanner.place()
    const pipe = this.scanner.match(/[<>]\(/y)
    if (pipe !== undefined) {
      const command = this.command(place, true)
      // bash: a file that is what the commands print; what is written to others is lost here
      return { ...place, parts: [pipe === '<(' ? { ...command, isFile: true } : NOBODY] }
    }
    const parts = this.parts('word')
    return parts.length === 0 ? undefined : { ...place, parts }
  }

  /** The inside of `((…))`, up to its end. */
  arithmeticText(): ShellWord {
    return { ...this.scanner.place(), parts: this.scanner.nested(() => this.parts('arithmetic')) }
  }

  /** The commands in `<(…)` as a word that is what they print. */
  processOutput(): ShellWord {
    const place = this.scanner.place()
    return { ...place, parts: [this.command(place, true)] }
  }

  /** The body of a here-document whose delimiter was not quoted. */
  hereDocument(): ShellWord {
    return { ...this.scanner.place(), parts: this.parts('here') }
  }

  private parts(mode: Mode): Part[] {
    const { scanner } = this
    const quoted = mode === 'double' || mode === 'here' || mode === 'quoted-braces' || mode === 'arithmetic'
    const parts: Part[] = []
    let text = ''
    let brackets = 0
    const flush = (): void => {
      if (text !== '') parts.push({ kind: 'text', text, quoted })
      text = ''
    }
    while (!scanner.isEnd) {
      const { char } = scanner
      if (mode === 'arithmetic') {
        if (char === ')' && brackets === 0) break
        brackets += char === '(' ? 1 : char === ')' ? -1 : 0
      } else if (isEnd(char, mode)) break
      if (char === '\\') {
        const escaped = this.escaped(quoted)
        if (quoted) text += escaped
        else if (escaped !== '') {
          flush()
          parts.push({ kind: 'text', text: escaped, quoted: true })
        }
      } else if (char === '$' || char === '`') {
        const part = char === '$' ? this.expansion(quoted) : this.backquotes(quoted)
        if (part === undefined) text += scanner.take(1)
        else {
          flush()
          parts.push(...(Array.isArray(part) ? part : [part]))
        }
      } else if (char === '"' && (!quoted || mode === 'quoted-braces')) {
        flush()
        parts.push(...this.doubleQuoted())
      } else if (char === "'" && !quoted) {
        flush()
        parts.push({ kind: 'text', text: this.singleQuoted(), quoted: true })
      } else text += scanner.take(1)
    }
    flush()
    return parts
  }

  /** A backslash and what follows; nothing for a continued line. */
  private escaped(quoted: boolean): string {
    const pair = this.scanner.take(2)
    const char = pair.slice(1)
    if (char === '\n') return ''
    return char === '' || (quoted && !'$`"\\'.includes(char)) ? pair : char
  }

  private singleQuoted(): string {
    const { scanner } = this
    const end = scanner.text.indexOf("'", scanner.at + 1)
    if (end < 0) throw scanner.error('this quote is never closed', undefined, "'")
    return scanner.take(end + 1 - scanner.at).slice(1, -1)
  }

  /** bash: `$'…'` */
  private escapedQuoted(): Part {
    const { scanner } = this
    const quoted = scanner.match(/'(?:[^'\\]|\\[\s\S])*'/y)
    if (quoted === undefined) throw scanner.error('this quote is never closed', undefined, "'")
    const text = scanner.take(quoted.length).slice(1, -1)
    return { kind: 'text', text: escapesOf(text.replace(/\\(['"])/g, '$1'), true), quoted: true }
  }

  private doubleQuoted(): Part[] {
    const { scanner } = this
    const place = scanner.place()
    scanner.take(1)
    const parts = scanner.nested(() => this.parts('double'))
    if (scanner.char !== '"') throw scanner.error('this quote is never closed', place, '"')
    scanner.take(1)
    // "" is a word, though an empty one
    return parts.length === 0 ? [{ kind: 'text', text: '', quoted: true }] : parts
  }

  /** What begins with a dollar sign; undefined if that stands for itself. */
  private expansion(quoted: boolean): Part | Part[] | undefined {
    const { scanner } = this
    const place = scanner.place()
    const next = scanner.text[scanner.at + 1] ?? ''
    if (scanner.startsWith('$((')) return this.arithmetic(place, quoted)
    if (next === '(') return this.command(place, quoted)
    if (next === '[') return this.oldArithmetic(quoted)
    if (next === '{') return this.braces(place, quoted)
    if (!quoted && (next === '"' || next === "'")) {
      scanner.take(1)
      return next === '"' ? this.doubleQuoted() : this.escapedQuoted()
    }
    const name = /[@*#?$!0-9-]/.test(next) ? next : this.nameBehind(1)
    if (name === '') return undefined
    scanner.take(1 + name.length)
    return { kind: 'variable', name, operator: '', argument: undefined, quoted }
  }

  private nameBehind(offset: number): string {
    NAME.lastIndex = this.scanner.at + offset
    return NAME.exec(this.scanner.text)?.[0] ?? ''
  }

  private arithmetic(place: Place, quoted: boolean): Part {
    const { scanner } = this
    scanner.take(3)
    const expression = this.arithmeticText()
    if (!scanner.startsWith('))')) throw scanner.error("'$((' is never closed", place, '))')
    scanner.take(2)
    return { kind: 'arithmetic', expression, quoted }
  }

  /** bash: `$[expression]` */
  private oldArithmetic(quoted: boolean): Part {
    this.scanner.take(1)
    return { kind: 'arithmetic', expression: this.subscript(), quoted }
  }

  private command(place: Place, quoted: boolean): CommandPart {
    const { scanner } = this
    const start = scanner.at
    scanner.take(2)
    const body = scanner.nested(() => this.readCommands(scanner))
    if (scanner.char !== ')') throw scanner.error("'$(' is never closed", place, ')')
    scanner.take(1)
    return { kind: 'command', body, quoted, source: scanner.text.slice(start, scanner.at) }
  }

  private backquotes(quoted: boolean): Part {
    const { scanner } = this
    const place = scanner.place()
    let end = scanner.at + 1
    while (end < scanner.text.length && scanner.text[end] !== '`') end += scanner.text[end] === '\\' ? 2 : 1
    if (end >= scanner.text.length) throw scanner.error('this backquote is never closed', place, '`')
    const source = scanner.take(end + 1 - scanner.at)
    const text = source.slice(1, -1).replace(quoted ? /\\([$`\\"])/g : /\\([$`\\])/g, '$1')
    const inner = new Scanner(text, { line: place.line, column: place.column + 1 })
    const body = scanner.nested(() => this.readCommands(inner))
    if (!inner.isEnd) throw inner.error(`unexpected '${inner.char}'`)
    return { kind: 'command', body, quoted, source }
  }

  private braces(place: Place, quoted: boolean): Part {
    const { scanner } = this
    scanner.take(2)
    const prefix = scanner.match(/[#!](?=[\w@*])|!(?=#\})/y) ?? ''
    scanner.take(prefix.length)
    const name = scanner.match(/[A-Za-z_]\w*|\d+|[@*#?$!-]/y)
    if (name === undefined) throw this.badBraces(place)
    scanner.take(name.length)
    const subscript = scanner.char === '[' ? this.subscript() : undefined
    if (prefix === '!' && scanner.match(/[@*]\}/y) !== undefined) return this.namesWith(name, quoted, place)
    const found = prefix === '#' ? '' : (scanner.match(OPERATOR) ?? '')
    const operator = prefix === '' ? found : prefix === '#' ? 'length' : 'through'
    scanner.take(found.length)
    const written = scanner.char === '}' && found !== ':' ? {} : this.arguments(found, quoted, place)
    const argument = written.argument ?? (found === '' ? undefined : { ...place, parts: [] })
    if (scanner.char !== '}') throw scanner.error("'${' is never closed", place, '}')
    scanner.take(1)
    return {
      ...{ kind: 'variable', name, operator, quoted, ...written, argument },
      ...(subscript !== undefined && { subscript }),
      ...(prefix === '!' && { through: found }),
    }
  }

  /** bash: `${!name*}`: the names of variables. */
  private namesWith(name: string, quoted: boolean, place: Place): Part {
    const joined: Part[] = this.scanner.take(2) === '*}' ? [{ kind: 'text', text: '*', quoted }] : []
    return {
      ...{ kind: 'variable', name, operator: 'through', argument: undefined, quoted },
      second: { ...place, parts: joined },
    }
  }

  /** What stands behind the operator in `${…}`. */
  private arguments(
    operator: string,
    quoted: boolean,
    place: Place,
  ): { readonly argument?: ShellWord; readonly second?: ShellWord } {
    const { scanner } = this
    const read = (mode: Mode): ShellWord => ({ ...place, parts: scanner.nested(() => this.parts(mode)) })
    if (operator === '') throw this.badBraces(place)
    if (operator !== ':' && !operator.startsWith('/'))
      // quotes around it do not reach into a pattern
      return { argument: read(quoted && !/[%#^,]/.test(operator) ? 'quoted-braces' : 'braces') }
    const argument = read(operator === ':' ? 'offset' : 'pattern')
    if (scanner.char === '}' || scanner.isEnd) return { argument }
    scanner.take(1)
    return { argument, second: read('braces') }
  }

  private subscript(): ShellWord {
    const { scanner } = this
    const place = scanner.place()
    scanner.take(1)
    const parts = scanner.nested(() => this.parts('subscript'))
    if (scanner.char !== ']') throw scanner.error("'[' is never closed", place, ']')
    scanner.take(1)
    return { ...place, parts }
  }

  private badBraces(place: Place): Error {
    return this.scanner.error('this kind of braces is not supported', place, 'what POSIX sh knows')
  }
}

function isEnd(char: string, mode: Mode): boolean {
  if (mode === 'word') return ' \t\n;&|()<>'.includes(char)
  if (mode === 'double') return char === '"'
  if (mode === 'subscript') return char === ']'
  if (mode === 'pattern') return char === '/' || char === '}'
  if (mode === 'offset') return char === ':' || char === '}'
  return mode === 'here' ? false : char === '}'
}
