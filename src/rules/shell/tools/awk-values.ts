/** A text that came in from outside: it counts as a number if it looks like one. */
export class Input {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What an expression of awk comes to; undefined is a variable that nobody set: 0, and no text. */
export type Value = number | string | Input | undefined

/** Something in a program of awk whose outcome is not known here. */
export class Unsupported extends Error {}

const NUMBER = /^[ \t\n]*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/

export function textOf(value: Value): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value
  if (value instanceof Input) return value.text
  // past that awks differ
  if (Math.abs(value) >= 2 ** 31) throw new Unsupported('a big number')
  // awk prints no more than six digits of a fraction
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)))
}

export function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  const text = textOf(value)
  if (/^\s*[-+]?(?:0[xX]|inf|nan)/i.test(text)) throw new Unsupported('not every awk takes this for a number')
  return Number(NUMBER.exec(text)?.[0] ?? 0)
}

export function isTrue(value: Value): boolean {
  if (value === undefined) return false
  if (typeof value === 'number') return value !== 0
  return looksNumeric(value) ? numberOf(value) !== 0 : textOf(value) !== ''
}

/** Numbers are compared as numbers, anything else as text. @returns below, at or above 0 */
export function compared(left: Value, right: Value): number {
  const areNumbers = [left, right].every(
    value => value === undefined || typeof value === 'number' || looksNumeric(value),
  )
  const [a, b] = areNumbers ? [numberOf(left), numberOf(right)] : [textOf(left), textOf(right)]
  return a < b ? -1 : a > b ? 1 : 0
}

function looksNumeric(value: string | Input): boolean {
  if (typeof value === 'string') return false
  const found = NUMBER.exec(value.text)
  return found !== null && value.text.slice(found[0].length).trim() === ''
}

const ESCAPES: { readonly [letter: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  '"': '"',
  '/': '/',
  '\\': '\\',
}

/** What stands between quotes: backslashes mean something. */
export function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (whole, letter: string) => {
    if (/\d/.test(letter)) throw new Unsupported('a character by its number')
    return ESCAPES[letter] ?? whole
  })
}

/** `-v name=value`: a text from outside, in which backslashes mean something too. */
export function given(text: string): Value {
  return new Input(unescaped(text))
}
