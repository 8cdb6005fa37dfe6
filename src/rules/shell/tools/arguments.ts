import { type Call, printed, type ToolResult } from './call.ts'
import { posixPattern } from './posix-pattern.ts'

/** `seq 1 3`, `seq -s, 1 3` */
export function sequence({ options, operands }: Call): ToolResult | undefined {
  if (operands.length === 0 || operands.length > 3 || operands.some(text => !/^-?\d{1,9}$/.test(text)))
    return undefined
  const numbers = operands.map(Number)
  const [from, step, to] =
    numbers.length === 1
      ? [1, 1, numbers[0]!]
      : [numbers[0]!, numbers.length === 3 ? numbers[1]! : 1, numbers.at(-1)!]
  const length = step === 0 ? -1 : Math.floor((to - from) / step) + 1
  if (length > 10_000 || step === 0) return undefined
  const texts = Array.from({ length: Math.max(0, length) }, (_, index) => String(from + index * step))
  return printed(texts.length === 0 ? [] : [texts.join(options.get('s') ?? '\n')])
}

export function baseName([path = '', suffix = '']: readonly string[]): string {
  const name = path.replace(/(?<=.)\/+$/, '').replace(/^.*\/(?=.)/, '')
  return suffix !== '' && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
}

export function dirName([path = '']: readonly string[]): string {
  const end = path.replace(/(?<=.)\/+$/, '').lastIndexOf('/')
  return end < 0 ? '.' : end === 0 ? '/' : path.slice(0, end)
}

/** `expr 1 + 2 \* 3`, `expr "$a" : 'expression'`, `expr length "$a"`: from left to right, products first. */
export function expression({ operands }: Call): ToolResult | undefined {
  const value =
    operands[0] === 'length' && operands.length === 2 ? String(operands[1]!.length) : comparison(operands)
  if (value === undefined) return undefined
  return { output: `${value}\n`, code: value === '' || value === '0' ? 1 : 0 }
}

const COMPARISONS = ['=', '==', '!=', '<', '<=', '>', '>=']

function comparison(words: readonly string[]): string | undefined {
  const at = words.findIndex((word, index) => index > 0 && COMPARISONS.includes(word))
  if (at < 0) return sum(words)
  const [left, right] = [sum(words.slice(0, at)), sum(words.slice(at + 1))]
  if (left === undefined || right === undefined) return undefined
  const isNumber = [left, right].every(text => /^-?\d+$/.test(text))
  const order = isNumber ? Number(left) - Number(right) : left < right ? -1 : left > right ? 1 : 0
  const operator = words[at]!
  const isTrue = operator.startsWith('=')
    ? order === 0
    : operator === '!='
      ? order !== 0
      : ordered(order, operator)
  return isTrue ? '1' : '0'
}

function ordered(order: number, operator: string): boolean {
  if (order === 0) return operator.endsWith('=')
  return operator.startsWith('<') === order < 0
}

function sum(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word, index) => index > 0 && (word === '+' || word === '-'))
  if (at < 0) return product(words)
  const [left, right] = [sum(words.slice(0, at)), product(words.slice(at + 1))].map(integer)
  if (left === undefined || right === undefined) return undefined
  return String(words[at] === '+' ? left + right : left - right)
}

function product(words: readonly string[]): string | undefined {
  if (words.length === 1) return words[0]
  if (words.length === 3 && words[1] === ':') return matched(words[0]!, words[2]!)
  const operator = words.at(-2)
  const [left, right] = [product(words.slice(0, -2)), words.at(-1)].map(integer)
  if (words.length < 3 || left === undefined || right === undefined) return undefined
  if (operator === '*') return String(left * right)
  if (right === 0 || (operator !== '/' && operator !== '%')) return undefined
  return String(operator === '/' ? Math.trunc(left / right) : left % right)
}

/** From the beginning: the group if there is one, else how many signs fit. */
function matched(text: string, written: string): string | undefined {
  const pattern = posixPattern(written, 'basic')
  if (pattern === undefined || pattern.depth > 2) return undefined
  const hasGroup = /\\\(/.test(written)
  const found = new RegExp(`^(?:${pattern.source})`).exec(text)
  return hasGroup ? (found?.[1] ?? '') : String(found?.[0].length ?? 0)
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}
