import { matchesPattern } from './patterns.ts'
import { combined, FAILURE, negated, type Status, statusOf } from './status.ts'
import { isCheap, posixPattern } from './tools/posix-pattern.ts'
import type { Origin } from './unknowns.ts'

/** What `test` asks of the world. */
export interface ConditionContext {
  /** `-f /etc/x` and the like. */
  file(operator: string, path: string): Status
  /** Is a part of the text not known? */
  unknown(text: string): Origin | undefined
  /** A number as `-eq` and its kin take it; NaN if it is none. */
  number(text: string): number
  /** bash: `-v name` */
  isSet(name: string): boolean
  /** Something that is not evaluated. */
  unsupported(condition: string): Origin
  /** What `=~` found: the whole, and its groups. */
  found(groups: readonly string[]): void
}

const BINARY = [
  '=',
  '==',
  '!=',
  '<',
  '>',
  '=~',
  '-eq',
  '-ne',
  '-gt',
  '-ge',
  '-lt',
  '-le',
  '-nt',
  '-ot',
  '-ef',
]

/** `test`, `[ … ]`, and bash's `[[ … ]]` (where the right side of `=` is a pattern), without the brackets. */
export function evaluateCondition(
  words: readonly string[],
  context: ConditionContext,
  isDouble: boolean,
): Status {
  if (words.length > 1000) return { code: 2 }
  const reader = new ConditionReader(words, context, isDouble)
  const status = words.length === 0 ? FAILURE : reader.either()
  return reader.isBroken || !reader.isEnd ? { code: 2 } : status
}

class ConditionReader {
  isBroken = false
  private readonly words: readonly string[]
  private readonly context: ConditionContext
  private readonly isDouble: boolean
  private at = 0

  constructor(words: readonly string[], context: ConditionContext, isDouble: boolean) {
    this.words = words
    this.context = context
    this.isDouble = isDouble
  }

  get isEnd(): boolean {
    return this.at >= this.words.length || this.words.length === 0
  }

  either(): Status {
    let left = this.both()
    while (this.takes('-o') || (this.isDouble && this.takes('||'))) left = combined(left, this.both(), false)
    return left
  }

  private both(): Status {
    let left = this.single()
    while (this.takes('-a') || (this.isDouble && this.takes('&&'))) left = combined(left, this.single(), true)
    return left
  }

  private takes(word: string): boolean {
    if (this.words[this.at] !== word) return false
    this.at++
    return true
  }

  private single(): Status {
    const word = this.words[this.at]
    const left = this.words.length - this.at
    if (word === undefined) {
      this.isBroken = true
      return FAILURE
    }
    const operator = this.words[this.at + 1]
    if (left >= 3 && BINARY.includes(operator!)) {
      this.at += 3
      return this.binary(word, operator!, this.words[this.at - 1]!)
    }
    if (word === '!' && left > 1) {
      this.at++
      return negated(this.single())
    }
    if (word === '(' && left > 2) {
      this.at++
      const status = this.either()
      if (!this.takes(')')) this.isBroken = true
      return status
    }
    if (/^-[a-zA-Z]$/.test(word) && left > 1) {
      this.at += 2
      return this.unary(word, operator!)
    }
    this.at++
    return this.judged([word], () => word !== '')
  }

  private unary(operator: string, operand: string): Status {
    if (operator === '-n') return this.judged([operand], () => operand !== '')
    if (operator === '-z') return this.judged([operand], () => operand === '')
    if (operator === '-v') return statusOf(this.context.isSet(operand))
    // terminals, and options of the shell
    if (operator === '-t' || operator === '-o') return FAILURE
    return this.context.file(operator, operand)
  }

  private binary(left: string, operator: string, right: string): Status {
    switch (operator) {
      case '=':
      case '==':
      case '!=':
        return this.judged([left, right], () => this.isEqual(left, right) === (operator !== '!='))
      case '<':
        return this.judged([left, right], () => left < right)
      case '>':
        return this.judged([left, right], () => left > right)
      case '-nt':
      case '-ot':
      case '-ef':
        return this.context.file(operator, left)
      case '=~':
        return this.regularExpression(left, right)
      default:
        return this.compared(left, operator, right)
    }
  }

  private isEqual(left: string, right: string): boolean {
    return this.isDouble ? matchesPattern(left, right) : left === right
  }

  private compared(left: string, operator: string, right: string): Status {
    const doubt = this.context.unknown(left) ?? this.context.unknown(right)
    if (doubt !== undefined) return { code: 1, origin: doubt }
    const [a, b] = [this.context.number(left), this.context.number(right)]
    if (!Number.isInteger(a) || !Number.isInteger(b)) return { code: this.isDouble ? 1 : 2 }
    if (operator === '-eq') return statusOf(a === b)
    if (operator === '-ne') return statusOf(a !== b)
    if (operator === '-lt') return statusOf(a < b)
    if (operator === '-le') return statusOf(a <= b)
    return statusOf(operator === '-gt' ? a > b : a >= b)
  }

  /** `$BASH_REMATCH` has what was found. */
  private regularExpression(left: string, right: string): Status {
    const pattern = posixPattern(right, 'extended')
    if (pattern === undefined || !isCheap(pattern, [left]))
      return { code: 1, origin: this.context.unsupported(`${left} =~ ${right}`) }
    return this.judged([left, right], () => {
      const found = new RegExp(pattern.source).exec(left)
      this.context.found(found === null ? [] : found.map(group => group ?? ''))
      return found !== null
    })
  }

  private judged(texts: readonly string[], isTrue: () => boolean): Status {
    for (const text of texts) {
      const origin = this.context.unknown(text)
      if (origin !== undefined) return { code: 1, origin }
    }
    return statusOf(isTrue())
  }
}
