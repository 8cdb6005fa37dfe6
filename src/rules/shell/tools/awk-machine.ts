import { Input, numberOf, textOf, Unsupported, type Value } from './awk-values.ts'
import { isCheap, posixPattern } from './posix-pattern.ts'

const MAX_STEPS = 200_000

/** A program of awk while it runs: the record in hand, variables, arrays, and what was printed. */
export class Machine {
  output = ''
  private readonly variables = new Map<string, Value>([
    ['FS', ' '],
    ['OFS', ' '],
    ['ORS', '\n'],
    ['SUBSEP', '\x1c'],
    ['NR', 0],
  ])
  private readonly arrays = new Map<string, Map<string, Value>>()
  private readonly patterns = new Map<string, RegExp>()
  private record = ''
  private fields: string[] | undefined = []
  private steps = 0

  spend(steps = 1): void {
    this.steps += steps
    if (this.steps > MAX_STEPS) throw new Unsupported('this takes too long')
  }

  read(line: string): void {
    this.variables.set('NR', numberOf(this.variables.get('NR')) + 1)
    this.setField(0, line)
  }

  get(name: string): Value {
    if (name === 'NF') return this.parts().length
    return this.variables.get(name === 'FNR' ? 'NR' : name)
  }

  set(name: string, value: Value): void {
    if (/^(?:NF|NR|FNR|RS|CONVFMT|OFMT|ENVIRON|FILENAME)$/.test(name)) throw new Unsupported(`${name} is set`)
    this.variables.set(name, value)
  }

  /** `$0`, `$1` … */
  field(number: number): Value {
    if (number < 0) throw new Unsupported('a field before the first')
    const text = number === 0 ? this.record : this.parts()[number - 1]
    return text === undefined ? undefined : new Input(text)
  }

  setField(number: number, text: string): void {
    if (number === 0) {
      this.record = text
      this.fields = undefined
      return
    }
    if (number < 0 || number > 1000) throw new Unsupported('no such field')
    const parts = this.parts()
    while (parts.length < number) parts.push('')
    parts[number - 1] = text
    this.record = parts.join(textOf(this.get('OFS')))
  }

  private parts(): string[] {
    this.fields ??= this.split(this.record, this.get('FS'))
    return this.fields
  }

  array(name: string): Map<string, Value> {
    const array = this.arrays.get(name) ?? new Map<string, Value>()
    this.arrays.set(name, array)
    return array
  }

  /** As fields are split: a blank is any number of them, one character is itself, more are an expression. */
  split(text: string, separator: Value): string[] {
    const by = textOf(separator)
    this.spend(1 + text.length / 10)
    if (by === ' ') return text.trim() === '' ? [] : text.trim().split(/[ \t\n]+/)
    if (text === '') return []
    return by.length === 1 && by !== '\\' ? text.split(by) : text.split(this.pattern(by, text))
  }

  /** An extended regular expression; undefined behaviour is no answer. */
  pattern(written: string, subject: string): RegExp {
    const pattern = posixPattern(written, 'extended')
    this.spend(1 + subject.length / 10)
    if (pattern === undefined || !isCheap(pattern, [subject])) throw new Unsupported('an expression')
    const known = this.patterns.get(written) ?? new RegExp(pattern.source)
    this.patterns.set(written, known)
    return known
  }
}
