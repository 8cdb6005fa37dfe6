const TOKEN =
  /\s*(\d\w*|[A-Za-z_]\w*(?:\[[^\]]*\])?|\+\+|--|[-+*/%]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^!~()?:=,])/y

const PRECEDENCE: { readonly [operator: string]: number } = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
}

/**
 * `$((expression))`: whole numbers, comparisons, `?:`, and assignments that no condition decides about.
 *
 * @param lookup a variable's text; undefined if it is not set
 * @param assign what `name = value`, `name += value` and `name++` do
 * @returns undefined if this is no such expression
 */
export function arithmetic(
  text: string,
  lookup: (name: string) => string | undefined,
  assign: (name: string, value: string) => void,
): number | undefined {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  for (let at = 0; text.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    if (found === null || tokens.length > 500) return undefined
    tokens.push(found[1]!)
  }
  const reader = new Reader(tokens, lookup, assign)
  const value = tokens.length === 0 ? 0n : reader.all()
  return value === undefined || !reader.isEnd ? undefined : Number(BigInt.asIntN(64, value))
}

/** The variables that an expression assigns to. */
export function assignedNames(text: string): string[] {
  const found = text.matchAll(
    /([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)?(?:[-+*/%]?=(?!=)|\+\+|--)|(?:\+\+|--)\s*([A-Za-z_]\w*)/g,
  )
  return [...found].map(([, before, behind]) => before ?? behind!)
}

class Reader {
  private readonly tokens: readonly string[]
  private readonly lookup: (name: string) => string | undefined
  private readonly assign: (name: string, value: string) => void
  private at = 0
  /** In how many operands it is that may not count. */
  private doubts = 0

  constructor(
    tokens: readonly string[],
    lookup: (name: string) => string | undefined,
    assign: (name: string, value: string) => void,
  ) {
    this.tokens = tokens
    this.lookup = lookup
    this.assign = assign
  }

  get isEnd(): boolean {
    return this.at === this.tokens.length
  }

  /** `a, b`: the last one counts. */
  all(): bigint | undefined {
    let value = this.assignment()
    while (this.tokens[this.at] === ',') {
      this.at++
      value = this.assignment()
    }
    return value
  }

  private assignment(): bigint | undefined {
    const [name, operator] = [this.tokens[this.at] ?? '', this.tokens[this.at + 1] ?? '']
    if (!/^[A-Za-z_]/.test(name) || !/^[-+*/%]?=$/.test(operator)) return this.ternary()
    this.at += 2
    const right = this.assignment()
    if (operator === '=' || right === undefined) return this.assigned(name, right)
    const left = number(this.lookup(name) || '0')
    return this.assigned(name, left === undefined ? undefined : applied(operator[0]!, left, right))
  }

  private assigned(name: string, value: bigint | undefined): bigint | undefined {
    if (value === undefined || this.doubts > 0) return undefined
    this.assign(name, String(value))
    return value
  }

  private ternary(): bigint | undefined {
    const condition = this.binary(1)
    if (this.tokens[this.at] !== '?') return condition
    this.at++
    this.doubts++
    const yes = this.all()
    if (this.tokens[this.at++] !== ':') return undefined
    const no = this.ternary()
    this.doubts--
    return condition === undefined ? undefined : condition !== 0n ? yes : no
  }

  private binary(least: number): bigint | undefined {
    let left = this.unary()
    for (;;) {
      const operator = this.tokens[this.at] ?? ''
      const precedence = PRECEDENCE[operator] ?? 0
      if (precedence < least) return left
      this.at++
      if (precedence <= 2) this.doubts++
      const right = this.binary(precedence + 1)
      if (precedence <= 2) this.doubts--
      left = left === undefined || right === undefined ? undefined : applied(operator, left, right)
    }
  }

  private unary(): bigint | undefined {
    const token = this.tokens[this.at++]
    if (token === '(') {
      const value = this.all()
      return this.tokens[this.at++] === ')' ? value : undefined
    }
    if (token === '++' || token === '--') return this.stepped(this.tokens[this.at++], token, true)
    const next = this.tokens[this.at]
    if (next === '++' || next === '--') {
      this.at++
      return this.stepped(token, next, false)
    }
    if (token !== undefined && '-+!~'.includes(token)) {
      const value = this.unary()
      if (value === undefined || token === '+') return value
      return token === '-' ? -value : token === '~' ? ~value : value === 0n ? 1n : 0n
    }
    return token === undefined ? undefined : number(/^\d/.test(token) ? token : this.lookup(token) || '0')
  }

  /** `++name`, `name--` */
  private stepped(name: string | undefined, operator: string, isBefore: boolean): bigint | undefined {
    if (name === undefined || !/^[A-Za-z_]/.test(name)) return undefined
    const before = number(this.lookup(name) || '0')
    const value =
      before === undefined ? undefined : this.assigned(name, before + (operator === '++' ? 1n : -1n))
    return isBefore || value === undefined ? value : before
  }
}

function number(text: string): bigint | undefined {
  const digits = /^\s*([-+]?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)\s*$/i.exec(text)
  if (digits === null || text.length > 30) return undefined
  const value = BigInt(/^0\d/.test(digits[2]!) ? `0o${digits[2]!.slice(1)}` : digits[2]!)
  return digits[1] === '-' ? -value : value
}

function applied(operator: string, left: bigint, right: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return BigInt.asIntN(64, left + right)
    case '-':
      return BigInt.asIntN(64, left - right)
    case '*':
      return BigInt.asIntN(64, left * right)
    case '/':
      return right === 0n ? undefined : left / right
    case '%':
      return right === 0n ? undefined : left % right
    case '<<':
      return BigInt.asIntN(64, left << (right & 63n))
    case '>>':
      return left >> (right & 63n)
    case '&':
      return left & right
    case '|':
      return left | right
    case '^':
      return left ^ right
    case '&&':
      return left !== 0n && right !== 0n ? 1n : 0n
    case '||':
      return left !== 0n || right !== 0n ? 1n : 0n
    default:
      return compared(operator, left, right) ? 1n : 0n
  }
}

function compared(operator: string, left: bigint, right: bigint): boolean {
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (operator === '<') return left < right
  if (operator === '>') return left > right
  return operator === '<=' ? left <= right : left >= right
}
