const TOKEN =
  /\s*(\d+#[\w@]+|\d\w*|[A-Za-z_]\w*(?:\[[^\]]*\])?|<<=|>>=|\+\+|--|\*\*|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^!~()?:=,])/y

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
  '**': 11,
}

const MAX_DEPTH = 20

/** What an expression asks of the shell that runs. */
export interface Variables {
  /** The text of `name` or `name[…]`; undefined if it is not set. */
  lookup(name: string): string | undefined
  assign(name: string, value: string): void
}

/**
 * `$((expression))`: whole numbers of 64 bits, all operators of POSIX and bash.
 *
 * @returns undefined if this is no such expression
 */
export function arithmetic(text: string, variables: Variables, depth = 0): bigint | undefined {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  for (let at = 0; text.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    if (found === null || tokens.length > 500) return undefined
    tokens.push(found[1]!)
  }
  const reader = new Reader(tokens, variables, depth)
  const value = tokens.length === 0 ? 0n : reader.all()
  return value === undefined || !reader.isEnd ? undefined : BigInt.asIntN(64, value)
}

/** The variables that an expression assigns to. */
export function assignedNames(text: string): string[] {
  const found = text.matchAll(
    /([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)?(?:(?:[-+*/%&|^]|<<|>>)?=(?!=)|\+\+|--)|(?:\+\+|--)\s*([A-Za-z_]\w*)/g,
  )
  return [...found].map(([, before, behind]) => before ?? behind!)
}

class Reader {
  private readonly tokens: readonly string[]
  private readonly variables: Variables
  private readonly depth: number
  private at = 0
  /** In how many operands it is that do not count: `0 && (x = 1)`. */
  private idle = 0

  constructor(tokens: readonly string[], variables: Variables, depth: number) {
    this.tokens = tokens
    this.variables = variables
    this.depth = depth
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
    if (!/^[A-Za-z_]/.test(name) || !/^(?:[-+*/%&|^]|<<|>>)?=$/.test(operator)) return this.ternary()
    this.at += 2
    const right = this.assignment()
    if (operator === '=' || right === undefined) return this.assigned(name, right)
    const left = this.valueOf(name)
    return this.assigned(name, left === undefined ? undefined : applied(operator.slice(0, -1), left, right))
  }

  private assigned(name: string, value: bigint | undefined): bigint | undefined {
    if (value === undefined) return undefined
    const wrapped = BigInt.asIntN(64, value)
    if (this.idle === 0) this.variables.assign(name, String(wrapped))
    return wrapped
  }

  private ternary(): bigint | undefined {
    const condition = this.binary(1)
    if (this.tokens[this.at] !== '?') return condition
    this.at++
    const yes = this.unless(condition === 0n, () => this.all())
    if (this.tokens[this.at++] !== ':') return undefined
    const no = this.unless(condition !== 0n, () => this.ternary())
    return condition === undefined ? undefined : condition !== 0n ? yes : no
  }

  /** Reads an operand, which may not count. */
  private unless(isIdle: boolean, read: () => bigint | undefined): bigint | undefined {
    if (isIdle) this.idle++
    const value = read()
    if (!isIdle) return value
    this.idle--
    return 0n
  }

  private binary(least: number): bigint | undefined {
    let left = this.unary()
    for (;;) {
      const operator = this.tokens[this.at] ?? ''
      const precedence = PRECEDENCE[operator] ?? 0
      if (precedence < least) return left
      this.at++
      const isDecided = (operator === '&&' && left === 0n) || (operator === '||' && left !== 0n)
      // powers are read from the right
      const right = this.unless(isDecided, () => this.binary(operator === '**' ? precedence : precedence + 1))
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
    if ((next === '++' || next === '--') && /^[A-Za-z_]/.test(token ?? '')) {
      this.at++
      return this.stepped(token, next, false)
    }
    if (token !== undefined && '-+!~'.includes(token)) {
      const value = this.unary()
      if (value === undefined || token === '+') return value
      return token === '-' ? -value : token === '~' ? ~value : value === 0n ? 1n : 0n
    }
    return token === undefined ? undefined : /^\d/.test(token) ? number(token) : this.valueOf(token)
  }

  /** `++name`, `name--` */
  private stepped(name: string | undefined, operator: string, isBefore: boolean): bigint | undefined {
    if (name === undefined || !/^[A-Za-z_]/.test(name)) return undefined
    const before = this.valueOf(name)
    const value =
      before === undefined ? undefined : this.assigned(name, before + (operator === '++' ? 1n : -1n))
    return isBefore || value === undefined ? value : before
  }

  /** What stands in a variable may be an expression itself. */
  private valueOf(name: string): bigint | undefined {
    const text = this.variables.lookup(name) ?? ''
    if (this.idle > 0 || text.trim() === '') return 0n
    const plain = number(text)
    return plain !== undefined || this.depth >= MAX_DEPTH
      ? plain
      : arithmetic(text, this.variables, this.depth + 1)
  }
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_'

/** `base#digits` */
function inBase(base: number, digits: string): bigint | undefined {
  if (base < 2 || base > 64) return undefined
  let value = 0n
  for (const char of base <= 36 ? digits.toLowerCase() : digits) {
    const digit = DIGITS.indexOf(char)
    if (digit < 0 || digit >= base) return undefined
    value = value * BigInt(base) + BigInt(digit)
  }
  return value
}

function number(text: string): bigint | undefined {
  const [, base, digitsOfBase] = /^\s*(\d{1,2})#([\w@]{1,30})\s*$/.exec(text) ?? []
  if (base !== undefined) return inBase(Number(base), digitsOfBase!)
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
    case '**':
      return right < 0n || right > 64n ? undefined : BigInt.asIntN(64, left ** right)
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
