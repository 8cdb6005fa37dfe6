import type { Word } from '../words.ts'
import { arithmetic } from './arithmetic.ts'
import type { Environment } from './environment.ts'
import { escapePattern, trimmed } from './patterns.ts'
import type { List, Part, ShellWord, VariablePart } from './syntax.ts'
import { withOpenEnd } from './unknowns.ts'

/** What expansion asks of the shell that runs. */
export interface ExpansionHost {
  readonly environment: Environment
  /** `$?`, `$0`, `$$` …; undefined for any other name. */
  special(name: string): string | undefined
  /** A variable that is not set was used as it is. */
  noteUnset(name: string, word: ShellWord): void
  /** What the commands print. */
  substitute(body: List, word: ShellWord): string
  /** Is a part of the text not known? */
  isUnknown(text: string): boolean
  /** Counts work, so that no script takes for ever. */
  spend(steps: number): void
  refuse(message: string, word: ShellWord): void
}

const MAX_TEXT = 200_000

/** A piece of an expanded word. */
interface Piece {
  readonly text: string
  /** Counts though it is empty, and stands for itself in a pattern. */
  readonly quoted: boolean
  /** Separators in it end the field: it was not written, but put in. */
  readonly splits: boolean
  /** A new field begins behind it: the elements of `"$@"`. */
  readonly ends?: boolean
}

/** Words of the script → words of a command (POSIX 2.6). There are no files, so `*` stays as it is. */
export class Expander {
  private readonly host: ExpansionHost

  constructor(host: ExpansionHost) {
    this.host = host
  }

  /** The fields that a word becomes: none, one or many. */
  fields(word: ShellWord): Word[] {
    const fields: Word[] = []
    let field: string | undefined
    const end = (): void => {
      if (field !== undefined) fields.push({ text: field, line: word.line, column: word.column })
      field = undefined
    }
    for (const piece of this.pieces(word)) {
      this.host.spend(costOf(piece.text))
      if (!piece.splits) {
        field = (field ?? '') + piece.text
        if (piece.ends) end()
        continue
      }
      const { parts, isOpen, isFirstApart } = split(withOpenEnd(piece.text), this.host.environment.separators)
      if (isFirstApart) end()
      parts.forEach((part, index) => {
        if (index > 0) end()
        field = (field ?? '') + part
      })
      if (!isOpen) end()
    }
    end()
    return fields
  }

  /** A word where nothing is split: in assignments, redirections, `case`. */
  text(word: ShellWord): string {
    const text = this.pieces(word)
      .map(piece => (piece.ends ? `${piece.text} ` : piece.text))
      .join('')
    this.host.spend(costOf(text))
    return text
  }

  /** The same as a pattern, in which what is quoted stands for itself. */
  pattern(word: ShellWord): string {
    return this.pieces(word)
      .map(piece => (piece.quoted ? escapePattern(piece.text) : piece.text))
      .join('')
  }

  private pieces(word: ShellWord): Piece[] {
    return word.parts.flatMap(part => this.piecesOf(part, word))
  }

  private piecesOf(part: Part, word: ShellWord): Piece[] {
    switch (part.kind) {
      case 'text':
        return [{ text: part.text, quoted: part.quoted, splits: false }]
      case 'command':
        return [put(withoutLastNewlines(this.host.substitute(part.body, word)), part.quoted)]
      case 'arithmetic':
        return [put(this.arithmetic(part.expression), part.quoted)]
      case 'variable':
        return this.variable(part, word)
      default:
        return part satisfies never
    }
  }

  private arithmetic(expression: ShellWord): string {
    const text = this.text(expression)
    if (this.host.isUnknown(text)) return text
    const { variables } = this.host.environment
    const used = text.match(/[A-Za-z_]\w*/g)?.map(name => variables.get(name) ?? '') ?? []
    const unknown = used.find(value => this.host.isUnknown(value))
    if (unknown !== undefined) return unknown
    const value = arithmetic(text, name => variables.get(name))
    if (value === undefined) this.host.refuse(`'$((${text}))' is not supported`, expression)
    return String(value ?? 0)
  }

  private variable(part: VariablePart, word: ShellWord): Piece[] {
    const { name, operator, quoted } = part
    if ((name === '@' || name === '*') && operator === '') return this.allArguments(name, quoted)
    const value = this.value(name)
    if (operator !== '' && operator !== 'length') return this.operated(part, value, word)
    if (value === undefined && !/^\d+$/.test(name)) this.host.noteUnset(name, word)
    const text = value ?? ''
    return [put(operator === '' || this.host.isUnknown(text) ? text : String(text.length), quoted)]
  }

  private allArguments(name: string, quoted: boolean): Piece[] {
    const { args, separators } = this.host.environment
    if (name === '*' && quoted) return [put(args.join(separators.slice(0, 1)), quoted)]
    if (quoted) return args.map((text, index) => ({ ...put(text, quoted), ends: index < args.length - 1 }))
    return args.flatMap((text, index) =>
      index === 0 ? [put(text, quoted)] : [put(separators.slice(0, 1), quoted), put(text, quoted)],
    )
  }

  private operated(part: VariablePart, value: string | undefined, word: ShellWord): Piece[] {
    const { name, operator, quoted } = part
    const argument = part.argument!
    const isAbsent = value === undefined || (operator.startsWith(':') && value === '')
    switch (operator.at(-1)) {
      case '-':
        return isAbsent ? this.inPlace(argument, quoted) : [put(value, quoted)]
      case '+':
        if (this.host.isUnknown(value ?? '')) return [put(value!, quoted)]
        return isAbsent ? [put('', quoted)] : this.inPlace(argument, quoted)
      case '=':
        if (!isAbsent) return [put(value, quoted)]
        this.host.environment.set(name, this.text(argument))
        return [put(this.value(name) ?? '', quoted)]
      case '?':
        if (!isAbsent) return [put(value, quoted)]
        this.host.refuse(`'$${name}' is not set: ${this.text(argument) || 'the script ends here'}`, word)
        return []
      default: {
        const text = value ?? ''
        if (this.host.isUnknown(text)) return [put(text, quoted)]
        const pattern = this.pattern(argument)
        this.host.spend((text.length * text.length * pattern.length) / 1000)
        return [put(trimmed(text, operator, pattern), quoted)]
      }
    }
  }

  /** The word in `${name:-word}` is split where its own quotes do not forbid it. */
  private inPlace(word: ShellWord, quoted: boolean): Piece[] {
    const pieces = this.pieces(word)
    if (quoted && pieces.length === 0) return [put('', quoted)]
    return pieces.map(piece => ({ ...piece, splits: !piece.quoted }))
  }

  private value(name: string): string | undefined {
    const { environment } = this.host
    const argument = environment.argument(name)
    if (argument !== undefined || /^[1-9]/.test(name)) return argument
    return environment.variables.get(name) ?? this.host.special(name)
  }
}

/** Texts that grow without end are the end of the script. */
function costOf(text: string): number {
  return text.length > MAX_TEXT ? Number.POSITIVE_INFINITY : 1 + text.length / 100
}

function withoutLastNewlines(text: string): string {
  let end = text.length
  while (text[end - 1] === '\n') end--
  return text.slice(0, end)
}

/** A value in the place of what was written. */
function put(text: string, quoted: boolean): Piece {
  return { text, quoted, splits: !quoted }
}

/** Field splitting (POSIX 2.6.5). */
function split(
  text: string,
  separators: string,
): { readonly parts: string[]; readonly isOpen: boolean; readonly isFirstApart: boolean } {
  const blanks = [...' \t\n'].filter(blank => separators.includes(blank)).join('')
  const isBlank = (char: string): boolean => blanks.includes(char)
  const parts: string[] = []
  let part = ''
  let isOpen = false
  let at = 0
  const skip = (): void => {
    while (at < text.length && isBlank(text[at]!)) at++
  }
  const isFirstApart = text !== '' && isBlank(text[0]!)
  skip()
  while (at < text.length) {
    const char = text[at]!
    if (!separators.includes(char)) {
      part += char
      isOpen = true
      at++
      continue
    }
    parts.push(part)
    part = ''
    isOpen = false
    skip()
    if (at < text.length && separators.includes(text[at]!) && isBlank(char)) at++
    else if (!isBlank(char)) at++
    skip()
  }
  if (isOpen) parts.push(part)
  return { parts, isOpen: isOpen || text === '', isFirstApart }
}
