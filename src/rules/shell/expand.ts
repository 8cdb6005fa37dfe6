import type { Word } from '../words.ts'
import { Expressions } from './expressions.ts'
import { escapePattern, replaced, trimmed, withCase } from './patterns.ts'
import { splitFields } from './split-fields.ts'
import type { Part, ShellWord, VariablePart } from './syntax.ts'
import { hasOpenEnd, withOpenEnd } from './unknowns.ts'

const MAX_TEXT = 200_000

/** What a shell has from whoever called it. */
const SURROUNDINGS =
  /^(?:HOME|USER|LOGNAME|SHELL|TERM|LANG|LC_\w+|OLDPWD|MAIL|TZ|EDITOR|DISPLAY|SUDO_\w+|SSH_\w+|XDG_\w+)$/

/** `$@` and the elements of arrays; `isJoined`: `*` makes one word of them where it is quoted. */
interface Several {
  readonly values: readonly string[]
  readonly isJoined: boolean
}

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
export class Expander extends Expressions {
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
      const { parts, isOpen, isFirstApart } = splitFields(
        withOpenEnd(piece.text),
        this.host.environment.separators,
      )
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

  /** The same as an extended regular expression, in which what is quoted stands for itself. */
  expression(word: ShellWord): string {
    return this.pieces(word)
      .map(piece => (piece.quoted ? piece.text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : piece.text))
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
        if (part.isFile) return [put(this.host.pipe(part.body, word), true)]
        return [put(withoutLastNewlines(this.host.substitute(part.body, word)), part.quoted)]
      case 'arithmetic':
        return [put(this.arithmetic(part.expression), part.quoted)]
      case 'variable':
        return this.variable(part, word)
      default:
        return part satisfies never
    }
  }

  private variable(part: VariablePart, word: ShellWord): Piece[] {
    const { name, operator, quoted, subscript } = part
    if (operator === 'through') return this.through(part, word)
    const list = this.listOf(part)
    if (list !== undefined) return this.listed(part, list, word)
    const value = subscript === undefined ? this.value(name) : this.element(name, subscript)
    if (value === undefined && !/[-+=?]$/.test(operator)) this.leaveUnset(name, word)
    if (operator !== '' && operator !== 'length') return this.operated(part, value, word)
    if (value === undefined && !/^\d+$/.test(name)) this.host.noteUnset(name, word)
    const text = value ?? ''
    return [put(operator === '' || this.host.isUnknown(text) ? text : String(text.length), quoted)]
  }

  /** `set -u` */
  private leaveUnset(name: string, word: ShellWord): void {
    const { host } = this
    if (!host.environment.options.has('u') || host.takesAll || SURROUNDINGS.test(name)) return
    host.refuse(`'$${name}' is not set, and 'set -u' ends the script there`, word)
    host.leave(host.isBash ? 1 : 2)
  }

  /** `$@`, `${a[*]}`: what they stand for. */
  private listOf({ name, subscript }: VariablePart): Several | undefined {
    const { environment } = this.host
    if (name === '@' || name === '*') return { values: environment.args, isJoined: name === '*' }
    const [only] = subscript?.parts ?? []
    const sign = only?.kind === 'text' ? only.text : ''
    if (sign !== '@' && sign !== '*') return undefined
    return { values: environment.elements(name), isJoined: sign === '*' }
  }

  private listed(part: VariablePart, { values, isJoined }: Several, word: ShellWord): Piece[] {
    const { name, operator, quoted } = part
    const isOpen = values.some(hasOpenEnd)
    if (operator === 'length') return [put(isOpen ? values.find(hasOpenEnd)! : String(values.length), quoted)]
    if (operator === '') return this.all(values, isJoined, quoted)
    if (operator === ':') {
      const own = name === '@' || name === '*' ? [this.value('0') ?? '', ...values] : values
      const [from, length] = [this.number(part.argument), this.number(part.second)]
      const start = from === undefined || from < 0 ? own.length + (from ?? 0) : from
      const piece = own.slice(start, length === undefined ? undefined : start + length)
      return this.all(piece, isJoined, quoted)
    }
    if (/^[-+=?]$/.test(operator.at(-1)!)) {
      if (values.length > 0 && !operator.endsWith('+')) return this.all(values, isJoined, quoted)
      return this.operated(part, values.length === 0 ? undefined : values.join(' '), word)
    }
    return this.all(
      values.map(value => this.edited(part, value)),
      isJoined,
      quoted,
    )
  }

  /** bash: `${!name}` is the variable that it names, `${!name[@]}` are the keys of an array. */
  private through(part: VariablePart, word: ShellWord): Piece[] {
    const { name, quoted, argument } = part
    const { environment } = this.host
    if (part.through === undefined) {
      const names = [...new Set([...environment.variables.keys()].map(key => key.replace(/\[.*/, '')))]
      const found = names.filter(one => one.startsWith(name)).sort()
      return this.all(found, part.second?.parts.length === 1, quoted)
    }
    if (part.subscript !== undefined) return this.all(environment.keys(name), false, quoted)
    const target = this.value(name) ?? ''
    if (this.host.isUnknown(target)) return [put(target, quoted)]
    const [, own = target, key] = /^(\w+)\[([^\]]*)\]$/.exec(target) ?? []
    const place = { line: word.line, column: word.column }
    return this.variable(
      {
        ...{ kind: 'variable', name: own, operator: part.through, argument, quoted },
        ...(part.second !== undefined && { second: part.second }),
        ...(key !== undefined && {
          subscript: { ...place, parts: [{ kind: 'text', text: key, quoted: true }] },
        }),
      },
      word,
    )
  }

  /** @returns undefined for an element that is not there */
  private element(name: string, subscript: ShellWord): string | undefined {
    const { environment } = this.host
    const key = this.key(name, subscript)
    if (this.host.isUnknown(key)) return key
    const first = environment.variables.get(name) ?? ''
    return environment.element(name, key) ?? (this.host.isUnknown(first) ? first : undefined)
  }

  private number(expression: ShellWord | undefined): number | undefined {
    return expression === undefined ? undefined : Number(this.arithmetic(expression))
  }

  private all(args: readonly string[], isJoined: boolean, quoted: boolean): Piece[] {
    const { separators } = this.host.environment
    if (isJoined && quoted) return [put(args.join(separators.slice(0, 1)), quoted)]
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
        return this.host.takesAll ? [] : this.host.leave()
      default: {
        return [put(this.edited(part, value ?? ''), quoted)]
      }
    }
  }

  /** `${name%pattern}`, and of bash `${name/pattern/word}`, `${name:1:2}`, `${name^^}`. */
  private edited({ operator, argument, second }: VariablePart, text: string): string {
    if (this.host.isUnknown(text)) return text
    if (operator === ':') {
      const [from = 0, length] = [this.number(argument), this.number(second)]
      const start = from < 0 ? text.length + from : from
      return start < 0 ? '' : text.slice(start, length === undefined || length < 0 ? length : start + length)
    }
    const pattern = this.pattern(argument!)
    this.host.spend((text.length * text.length * pattern.length) / 1000)
    if (/^[%#]/.test(operator)) return trimmed(text, operator, pattern)
    if (!operator.startsWith('/')) return withCase(text, operator, pattern)
    this.host.spend((text.length * (pattern.includes('*') ? text.length : pattern.length) ** 2) / 1000)
    return replaced(text, operator, pattern, second === undefined ? '' : this.text(second))
  }

  /** The word in `${name:-word}` is split where its own quotes do not forbid it. */
  private inPlace(word: ShellWord, quoted: boolean): Piece[] {
    const pieces = this.pieces(word)
    if (quoted && pieces.length === 0) return [put('', quoted)]
    return pieces.map(piece => ({ ...piece, splits: !piece.quoted }))
  }

  protected value(name: string): string | undefined {
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
