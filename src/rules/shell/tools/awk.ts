import { type Call, linesOf, type ToolResult } from './call.ts'
import { isCheap, posixPattern } from './posix-pattern.ts'

/** A line as awk sees it. */
interface Row {
  readonly line: string
  readonly fields: readonly string[]
  readonly number: number
}

type Value = (row: Row) => string

/** `awk '/a/ && $1 == "b" { print $2 ":" $NF; exit }'`: one pattern, and one action that prints. */
export function awk({ options, operands }: Call, text: string): ToolResult | undefined {
  const separator = options.get('F')
  if (separator !== undefined && !/^(?:[^\\ .*+?^$()[\]{}|]|\.|\[[^\\\]^]+\])$/.test(separator))
    return undefined
  const variables = new Map<string, string>()
  for (const given of options.get('v')?.split('\n') ?? []) {
    const [, name, value] = /^(\w+)=([^\\]*)$/.exec(given) ?? []
    if (name === undefined) return undefined
    variables.set(name, value!)
  }
  const lines = linesOf(text)
  const program = new ProgramReader(operands[0] ?? '', variables, lines).read()
  if (program === undefined) return undefined
  let output = ''
  for (const [index, line] of lines.entries()) {
    const row = { line, fields: fieldsOf(line, separator), number: index + 1 }
    if (!program.condition(row)) continue
    // a field before the first one ends awk with an error
    if (row.fields.length < program.least) return undefined
    output += program.print(row)
    if (program.exits) break
  }
  return { output, code: 0 }
}

function fieldsOf(line: string, separator: string | undefined): readonly string[] {
  if (separator === undefined) return line.trim() === '' ? [] : line.trim().split(/[ \t]+/)
  if (line === '') return []
  return line.split(separator.length > 1 ? new RegExp(separator) : separator)
}

interface Program {
  readonly condition: (row: Row) => boolean
  readonly print: Value
  readonly exits: boolean
  /** How many fields the line must have for `$(NF-1)`. */
  readonly least: number
}

class ProgramReader {
  private rest: string
  private readonly variables: ReadonlyMap<string, string>
  private readonly lines: readonly string[]

  constructor(text: string, variables: ReadonlyMap<string, string>, lines: readonly string[]) {
    this.rest = text.trim()
    this.variables = variables
    this.lines = lines
  }

  read(): Program | undefined {
    const least = Math.max(0, ...[...this.rest.matchAll(/NF ?- ?(\d)/g)].map(([, back]) => Number(back)))
    const condition = this.rest.startsWith('{') ? () => true : this.conditions()
    if (condition === undefined) return undefined
    if (this.rest === '') return { condition, print: ({ line }) => `${line}\n`, exits: false, least }
    const found = /^\{\s*print\b([\s\S]*?)(;\s*exit)?\s*;?\s*\}$/.exec(this.rest)
    if (found === null) return undefined
    const [, written = '', exit] = found
    const exits = exit !== undefined
    if (written.trim() === '') return { condition, print: ({ line }) => `${line}\n`, exits, least }
    this.rest = written.trim()
    const values = this.list()
    if (values === undefined || this.rest !== '') return undefined
    return { condition, print: row => `${values.map(value => value(row)).join(' ')}\n`, exits, least }
  }

  /** `a && b` */
  private conditions(): ((row: Row) => boolean) | undefined {
    const all: ((row: Row) => boolean)[] = []
    do {
      const one = this.condition()
      if (one === undefined) return undefined
      all.push(one)
    } while (this.take(/^\s*&&\s*/) !== undefined)
    this.take(/^\s+/)
    return this.rest === '' || this.rest.startsWith('{') ? row => all.every(one => one(row)) : undefined
  }

  private condition(): ((row: Row) => boolean) | undefined {
    const isNegated = this.take(/^!\s*(?=\/)/) !== undefined
    const pattern = this.pattern()
    if (pattern === 'bad') return undefined
    if (pattern !== undefined) return ({ line }) => line.search(pattern) >= 0 !== isNegated
    const left = this.value()
    const operator = this.take(/^\s*(?:==|!=|<=|>=|<|>|!~|~)\s*/)?.trim()
    if (left === undefined) return undefined
    if (operator === undefined) return row => !/^(?:[-+]?0*(?:\.0*)?)$/.test(left(row))
    if (operator.endsWith('~')) {
      const expression = this.pattern() ?? this.namedPattern()
      if (expression === undefined || expression === 'bad') return undefined
      return row => left(row).search(expression) >= 0 !== (operator === '!~')
    }
    const right = this.value()
    return right === undefined ? undefined : row => isTrue(left(row), operator, right(row))
  }

  private list(): Value[] | undefined {
    const values: Value[] = []
    do {
      const value = this.joined()
      if (value === undefined) return undefined
      values.push(value)
    } while (this.take(/^\s*,\s*/) !== undefined)
    return values
  }

  /** `$1 ":" $2`: values side by side. */
  private joined(): Value | undefined {
    const values: Value[] = []
    for (;;) {
      this.take(/^\s+/)
      const value = this.value()
      if (value === undefined) break
      values.push(value)
    }
    return values.length === 0 ? undefined : row => values.map(value => value(row)).join('')
  }

  private value(): Value | undefined {
    const field = this.take(/^\$(?:\d+|NF|\(NF ?- ?\d\))/)
    if (field !== undefined) return row => fieldAt(row, field)
    const text = this.take(/^"[^"\\]*"/)
    if (text !== undefined) return () => text.slice(1, -1)
    const name = this.take(/^(?:\d+|[A-Za-z]\w*)(?![\w(])/)
    if (name === undefined) return undefined
    if (name === 'NR') return ({ number }) => String(number)
    if (name === 'NF') return ({ fields }) => String(fields.length)
    const known = /^\d/.test(name) ? name : this.variables.get(name)
    return known === undefined ? undefined : () => known
  }

  private pattern(): RegExp | 'bad' | undefined {
    const written = this.take(/^\/(?:[^/\\]|\\[\s\S])*\//)
    return written === undefined ? undefined : this.expression(written.slice(1, -1))
  }

  /** `-v name=…`, or a text. */
  private namedPattern(): RegExp | 'bad' | undefined {
    const text = this.take(/^"[^"\\]*"/)?.slice(1, -1) ?? this.variables.get(this.take(/^[A-Za-z]\w*/) ?? '')
    return text === undefined ? undefined : this.expression(text)
  }

  private expression(written: string): RegExp | 'bad' {
    const pattern = posixPattern(written, 'extended')
    return pattern === undefined || !isCheap(pattern, this.lines) ? 'bad' : new RegExp(pattern.source)
  }

  private take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.rest)?.[0]
    if (found !== undefined) this.rest = this.rest.slice(found.length)
    return found
  }
}

/** `$2`, `$NF`, `$(NF-1)` */
function fieldAt({ line, fields }: Row, written: string): string {
  if (written === '$0') return line
  const back = /NF(?: ?- ?(\d))?/.exec(written)
  const at = back === null ? Number(written.slice(1)) : fields.length - Number(back[1] ?? 0)
  return at === 0 ? line : (fields[at - 1] ?? '')
}

/** Numbers are compared as numbers, anything else as text. */
function isTrue(left: string, operator: string, right: string): boolean {
  const isNumber = [left, right].every(text => text.trim() !== '' && Number.isFinite(Number(text)))
  const [a, b] = isNumber ? [Number(left), Number(right)] : [left, right]
  if (operator === '==') return a === b
  if (operator === '!=') return a !== b
  if (operator === '<') return a < b
  if (operator === '>') return a > b
  return operator === '<=' ? a <= b : a >= b
}
