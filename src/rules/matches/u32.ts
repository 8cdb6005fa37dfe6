import type { Skb } from '../../packet/skb.ts'
import { defineMatch, OptionError } from '../extension.ts'
import { scanNumber } from '../numbers.ts'
import { hex, not, type Range, UINT32_MAX } from './support.ts'

interface U32Options {
  /** All must hold. */
  readonly tests: readonly U32Test[]
  readonly negated: boolean
}

interface U32Test {
  readonly start: number
  readonly steps: readonly { readonly operator: Operator; readonly number: number }[]
  readonly values: readonly Range[]
}

const OPERATORS = ['&', '<<', '>>', '@'] as const
type Operator = (typeof OPERATORS)[number]

/** `XT_U32_MAXSIZE` + 1 */
const MAX_PARTS = 11

/** `-m u32`: net/netfilter/xt_u32.c. Reads 32 bits of the packet, computes, compares. */
export const u32 = defineMatch<U32Options>({
  name: 'u32',
  summary: 'numbers anywhere in the packet',
  options: [
    {
      name: 'u32',
      arguments: 1,
      negatable: true,
      mandatory: true,
      placeholder: 'tests',
      help: 'location=values[&&…], e.g. "6&0xFF=17": start[&|<<|>>|@ number]…=value[:value][,…]',
      set(options, [text = ''], negated) {
        options.tests = new U32Parser(text).tests()
        options.negated = negated
      },
    },
  ],
  save: ({ tests, negated }) => `${not(negated)}--u32 "${testsText(tests)}"`,
  list: ({ tests, negated }) => `u32 ${not(negated)}"${testsText(tests)}"`,
  compile: ({ tests, negated }) => [
    {
      option: `${not(negated)}--u32 "${testsText(tests)}"`,
      passes: skb => tests.every(test => holds(skb, test)) !== negated,
      seen: skb =>
        tests
          .map(test => {
            const value = read(skb, test)
            return value < 0 ? 'beyond the packet' : hex(value)
          })
          .join(', '),
    },
  ],
})

function holds(skb: Skb, test: U32Test): boolean {
  const value = read(skb, test)
  return value >= 0 && test.values.some(({ min, max }) => value >= min && value <= max)
}

/** The value that the location yields, or -1 when it lies beyond the packet. */
function read(skb: Skb, { start, steps }: U32Test): number {
  const { length } = skb
  if (length < 4 || start > length - 4) return -1
  let at = 0
  let value = skb.u32(start)
  for (const { operator, number } of steps) {
    if (operator === '&') value = (value & number) >>> 0
    else if (operator === '<<') value = (value << number) >>> 0
    else if (operator === '>>') value >>>= number
    else {
      at += value
      if (at > length - 4 || number > length - at - 4) return -1
      value = skb.u32(at + number)
    }
  }
  return value
}

function testsText(tests: readonly U32Test[]): string {
  return tests
    .map(({ start, steps, values }) => {
      const location = steps.map(({ operator, number }) => `${operator}${hex(number)}`).join('')
      const wanted = values.map(({ min, max }) => (min === max ? hex(min) : `${hex(min)}:${hex(max)}`))
      return `${hex(start)}${location}=${wanted.join(',')}`
    })
    .join('&&')
}

class U32Parser {
  private rest: string
  private readonly text: string

  constructor(text: string) {
    this.text = text
    this.rest = text.trimStart()
  }

  tests(): readonly U32Test[] {
    const tests: U32Test[] = []
    do {
      tests.push(this.test())
      this.limit(tests.length, 'tests')
    } while (this.takeAnd())
    return tests
  }

  private test(): U32Test {
    const start = this.number()
    const steps: { operator: Operator; number: number }[] = []
    while (!this.take('=')) {
      const operator = OPERATORS.find(known => this.take(known))
      if (operator === undefined) throw this.bad('expected an operator (& << >> @) or =')
      steps.push({ operator, number: this.number() })
      this.limit(steps.length + 1, 'location numbers')
    }
    const values: Range[] = []
    do {
      const min = this.number()
      values.push({ min, max: this.take(':') ? this.number() : min })
      this.limit(values.length, 'values')
    } while (this.take(','))
    return { start, steps, values }
  }

  private takeAnd(): boolean {
    if (this.rest === '') return false
    if (this.take('&&')) return true
    throw this.bad('expected "," or "&&"')
  }

  private take(token: string): boolean {
    if (!this.rest.startsWith(token)) return false
    this.rest = this.rest.slice(token.length).trimStart()
    return true
  }

  private number(): number {
    const scanned = scanNumber(this.rest)
    if (scanned === undefined || scanned.value > UINT32_MAX) throw this.bad('not a number or out of range')
    this.rest = scanned.rest.trimStart()
    return Number(scanned.value)
  }

  private limit(count: number, what: string): void {
    if (count > MAX_PARTS)
      throw new OptionError(`u32: too many ${what}`, { expected: `at most ${MAX_PARTS}` })
  }

  private bad(complaint: string): OptionError {
    return new OptionError(`u32: at character ${this.text.length - this.rest.length}: ${complaint}`)
  }
}
