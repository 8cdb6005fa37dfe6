const TOKEN = /\s*(\d\w*|[A-Za-z_]\w*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^!~()?:])/y

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
 * `$((expression))`: whole numbers, comparisons, `?:`; no assignments.
 *
 * @param lookup a variable's text; undefined if it is not set
 * @returns undefined if this is no such expression
 */
export function arithmetic(text: string, lookup: (name: string) => string | undefined): number | undefined {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  for (let at = 0; text.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    if (found === null || tokens.length > 500) return undefined
    tokens.push(found[1]!)
  }
  const reader = new Reader(tokens, lookup)
  const value = tokens.length === 0 ? 0n : reader.ternary()
  return value === undefined || !reader.isEnd ? undefined : Number(BigInt.asIntN(64, value))
}

class Reader {
  private readonly tokens: readonly string[]
  private readonly lookup: (name: string) => string | undefined
  private at = 0

  constructor(tokens: readonly string[], lookup: (name: string) => string | undefined) {
    this.tokens = tokens
    this.lookup = lookup
  }

  get isEnd(): boolean {
    return this.at === this.tokens.length
  }

  ternary(): bigint | undefined {
    const condition = this.binary(1)
    if (this.tokens[this.at] !== '?') return condition
    this.at++
    const yes = this.ternary()
    if (this.tokens[this.at++] !== ':') return undefined
    const no = this.ternary()
    return condition === undefined ? undefined : condition !== 0n ? yes : no
  }

  private binary(least: number): bigint | undefined {
    let left = this.unary()
    for (;;) {
      const operator = this.tokens[this.at] ?? ''
      const precedence = PRECEDENCE[operator] ?? 0
      if (precedence < least) return left
      this.at++
      const right = this.binary(precedence + 1)
      left = left === undefined || right === undefined ? undefined : applied(operator, left, right)
    }
  }

  private unary(): bigint | undefined {
    const token = this.tokens[this.at++]
    if (token === '(') {
      const value = this.ternary()
      return this.tokens[this.at++] === ')' ? value : undefined
    }
    if (token !== undefined && '-+!~'.includes(token)) {
      const value = this.unary()
      if (value === undefined || token === '+') return value
      return token === '-' ? -value : token === '~' ? ~value : value === 0n ? 1n : 0n
    }
    return token === undefined ? undefined : number(/^\d/.test(token) ? token : this.lookup(token) || '0')
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
