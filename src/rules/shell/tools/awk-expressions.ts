import { type Argument, FUNCTIONS, type Place, writtenIn } from './awk-functions.ts'
import type { Machine } from './awk-machine.ts'
import { compared, isTrue, numberOf, textOf, Unsupported, unescaped, type Value } from './awk-values.ts'

export type Expression = Argument

const COMPARISON = /(?:==|!=|<=|>=|<|>)/y

/** Reads the expressions of a program of awk, each as a function of the machine (POSIX, awk, grammar). */
export class ExpressionReader {
  protected readonly text: string
  protected at = 0
  /** In `print a > b` the sign is no comparison. */
  private isPrinting = false

  constructor(text: string) {
    this.text = text
  }

  expression(): Expression {
    const condition = this.either()
    if (this.take(/\?/y) === undefined) return condition
    const yes = this.expression()
    this.expect(/:/y)
    const no = this.expression()
    return value(machine => (isTrue(condition.get(machine)) ? yes : no).get(machine))
  }

  /** The values behind `print`. @param isOpen within brackets */
  protected printed(isOpen: boolean): Expression[] {
    this.isPrinting = !isOpen
    const values = this.isEnd() ? [] : this.list()
    this.isPrinting = false
    if (!isOpen && this.peek(/[>|]/y)) throw new Unsupported('output goes elsewhere')
    return values
  }

  private list(): Expression[] {
    const values = [this.expression()]
    while (this.take(/,\s*/y) !== undefined) values.push(this.expression())
    return values
  }

  private either(): Expression {
    let left = this.both()
    while (this.take(/\|\|\s*/y) !== undefined) {
      const [first, second] = [left, this.both()]
      left = value(machine => Number(isTrue(first.get(machine)) || isTrue(second.get(machine))))
    }
    return left
  }

  private both(): Expression {
    let left = this.membership()
    while (this.take(/&&\s*/y) !== undefined) {
      const [first, second] = [left, this.membership()]
      left = value(machine => Number(isTrue(first.get(machine)) && isTrue(second.get(machine))))
    }
    return left
  }

  private membership(): Expression {
    const left = this.matching()
    if (this.take(/in\b/y) === undefined) return left
    const name = this.name()
    return value(machine => Number(machine.array(name).has(textOf(left.get(machine)))))
  }

  private matching(): Expression {
    const left = this.comparison()
    const sign = this.take(/!?~/y)
    if (sign === undefined) return left
    const right = this.comparison()
    return value(machine => {
      const text = textOf(left.get(machine))
      return Number(machine.pattern(writtenIn(machine, right), text).test(text) === (sign === '~'))
    })
  }

  private comparison(): Expression {
    const left = this.joined()
    if (this.isPrinting && this.peek(/>/y)) return left
    const sign = this.take(COMPARISON)
    if (sign === undefined) return left
    const right = this.joined()
    return value(machine => {
      const order = compared(left.get(machine), right.get(machine))
      if (sign === '==' || sign === '!=') return Number((order === 0) === (sign === '=='))
      return Number(
        sign.startsWith('<')
          ? order < 0 || (order === 0 && sign === '<=')
          : order > 0 || (order === 0 && sign === '>='),
      )
    })
  }

  /** `$1 ":" $2`: values side by side. */
  private joined(): Expression {
    let left = this.sum()
    while (this.peek(/["$(\w.]/y) && !this.peek(/in\b/y)) {
      const [first, second] = [left, this.sum()]
      left = value(machine => textOf(first.get(machine)) + textOf(second.get(machine)))
    }
    return left
  }

  private sum(): Expression {
    return this.calculated(() => this.product(), /[-+](?![-+=])/y)
  }

  private product(): Expression {
    return this.calculated(() => this.signed(), /[*%/](?!=)/y)
  }

  private calculated(operand: () => Expression, signs: RegExp): Expression {
    let left = operand()
    for (let sign = this.take(signs); sign !== undefined; sign = this.take(signs)) {
      const [first, second, how] = [left, operand(), sign]
      left = value(machine => calculate(numberOf(first.get(machine)), how, numberOf(second.get(machine))))
    }
    return left
  }

  private signed(): Expression {
    const sign = this.take(/!(?!~)|-(?!-)|\+(?!\+)/y)
    if (sign === undefined) return this.power()
    const inner = this.signed()
    if (sign === '!') return value(machine => Number(!isTrue(inner.get(machine))))
    return value(machine => numberOf(inner.get(machine)) * (sign === '-' ? -1 : 1))
  }

  private power(): Expression {
    const base = this.stepped()
    if (this.take(/\^(?!=)/y) === undefined) return base
    const exponent = this.signed()
    return value(machine => numberOf(base.get(machine)) ** numberOf(exponent.get(machine)))
  }

  /** `x++`, `--x`, `x = 1`, `x += 1` */
  private stepped(): Expression {
    const before = this.take(/\+\+|--/y)
    const operand = this.operand()
    const { place } = operand
    if (before !== undefined) return this.changed(place, old => old + (before === '++' ? 1 : -1), true)
    if (place === undefined) return operand
    const after = this.take(/\+\+|--/y)
    if (after !== undefined) return this.changed(place, old => old + (after === '++' ? 1 : -1), false)
    const sign = this.take(/(?:[-+*/%^]?=)(?!=)/y)
    if (sign === undefined) return operand
    const right = this.expression()
    return value(machine => {
      const given = right.get(machine)
      const result = sign === '=' ? given : calculate(numberOf(place.get(machine)), sign[0]!, numberOf(given))
      place.set(machine, result)
      return result
    })
  }

  private changed(place: Place | undefined, step: (old: number) => number, isNew: boolean): Expression {
    if (place === undefined) throw new Unsupported('nothing to count')
    return value(machine => {
      const old = numberOf(place.get(machine))
      place.set(machine, step(old))
      return isNew ? step(old) : old
    })
  }

  private operand(): Expression {
    if (this.take(/\(/y) !== undefined) {
      const { isPrinting } = this
      this.isPrinting = false
      const inner = this.expression()
      this.expect(/\)/y)
      this.isPrinting = isPrinting
      return value(machine => inner.get(machine))
    }
    if (this.take(/\$/y) !== undefined) {
      const number = this.take(/\+\+|--/y) === undefined ? this.operand() : fail('a field that counts')
      return at({
        get: machine => machine.field(numberOf(number.get(machine))),
        set: (machine, text) => machine.setField(numberOf(number.get(machine)), textOf(text)),
      })
    }
    const quoted = this.take(/"(?:[^"\\\n]|\\[^\n])*"/y)
    if (quoted !== undefined) {
      const text = unescaped(quoted.slice(1, -1))
      return value(() => text)
    }
    const pattern = this.take(/\/(?:[^/\\[\n]|\\[^\n]|\[\^?\]?[^\]\n]*\])+\//y)
      ?.slice(1, -1)
      .replace(/\\\//g, '/')
    if (pattern !== undefined)
      return {
        get(machine) {
          const record = textOf(machine.field(0))
          return Number(machine.pattern(pattern, record).test(record))
        },
        place: undefined,
        name: undefined,
        pattern,
      }
    const number = this.take(/(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y)
    return number === undefined ? this.named() : value(() => Number(number))
  }

  private named(): Expression {
    const name = this.name()
    const isCall = Object.hasOwn(FUNCTIONS, name)
    if (isCall && (name === 'length' ? this.peek(/\(/y) : true)) {
      this.expect(/\(/y)
      const args = this.peek(/\)/y) ? [] : this.list()
      this.expect(/\)/y)
      return value(machine => FUNCTIONS[name]!(machine, args))
    }
    if (isCall) return value(machine => FUNCTIONS[name]!(machine, []))
    if (this.text[this.at] === '(' || /^(?:getline|system|function|func|close)$/.test(name)) return fail(name)
    if (this.take(/\[/y) === undefined)
      return at(
        { get: machine => machine.get(name), set: (machine, given) => machine.set(name, given) },
        name,
      )
    const keys = this.list()
    this.expect(/\]/y)
    const keyOf = (machine: Machine): string =>
      keys.map(key => textOf(key.get(machine))).join(textOf(machine.get('SUBSEP')))
    return at({
      get(machine) {
        const [array, key] = [machine.array(name), keyOf(machine)]
        // looking makes it
        if (!array.has(key)) array.set(key, undefined)
        return array.get(key)
      },
      set: (machine, given) => machine.array(name).set(keyOf(machine), given),
    })
  }

  protected name(): string {
    return this.take(/[A-Za-z_]\w*/y) ?? fail(`'${this.text.slice(this.at, this.at + 9)}'`)
  }

  protected isEnd(): boolean {
    return this.peek(/[;}\n]|$/y)
  }

  protected peek(pattern: RegExp): boolean {
    this.skip()
    pattern.lastIndex = this.at
    return pattern.test(this.text)
  }

  protected take(pattern: RegExp): string | undefined {
    this.skip()
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  protected expect(pattern: RegExp): void {
    if (this.take(pattern) === undefined) fail(`'${this.text.slice(this.at, this.at + 9)}'`)
  }

  /** Blanks, continued lines and comments; the end of a line says something. */
  private skip(): void {
    const blank = /(?:[ \t\r]|\\\n|#[^\n]*)*/y
    blank.lastIndex = this.at
    this.at += blank.exec(this.text)![0].length
  }
}

export function fail(what: string): never {
  throw new Unsupported(what)
}

function value(get: (machine: Machine) => Value): Expression {
  return { get, place: undefined, name: undefined, pattern: undefined }
}

function at(place: Place, name?: string): Expression {
  return { get: machine => place.get(machine), place, name, pattern: undefined }
}

function calculate(left: number, sign: string, right: number): number {
  if (sign === '+') return left + right
  if (sign === '-') return left - right
  if (sign === '*') return left * right
  if (sign === '^') return left ** right
  if (right === 0) return fail('a division by 0')
  return sign === '%' ? left % right : left / right
}
