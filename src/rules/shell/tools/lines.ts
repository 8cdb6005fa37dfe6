import { type Call, linesOf, printed, type ToolResult } from './call.ts'

/** `sort`, but not by a part of the line. */
export function sort({ options }: Call, text: string): ToolResult | undefined {
  if (options.has('k') || options.has('t')) return undefined
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  const number = (line: string): number => Number.parseFloat(line) || 0
  const order = (a: string, b: string): number => (options.has('n') ? number(a) - number(b) : compare(a, b))
  const sign = options.has('r') ? -1 : 1
  // only where equal lines stay does the rest of the line count
  const last = (a: string, b: string): number => (options.has('u') ? 0 : compare(a, b))
  const lines = linesOf(text).sort((a, b) => sign * (order(a, b) || last(a, b)))
  if (!options.has('u')) return printed(lines)
  return printed(lines.filter((line, index) => index === 0 || order(line, lines[index - 1]!) !== 0))
}

/** `uniq`, `-c` with how often, `-d` what is there more than once, `-u` what is not. */
export function uniq({ options }: Call, text: string): ToolResult {
  const runs: { readonly line: string; times: number }[] = []
  for (const line of linesOf(text)) {
    const last = runs.at(-1)
    if (last?.line === line) last.times++
    else runs.push({ line, times: 1 })
  }
  const wanted = runs.filter(
    ({ times }) => !(options.has('d') && times < 2) && !(options.has('u') && times > 1),
  )
  return printed(
    wanted.map(({ line, times }) => (options.has('c') ? `${String(times).padStart(7)} ${line}` : line)),
  )
}

/** `tac` */
export function upsideDown(_: Call, text: string): ToolResult {
  return printed(linesOf(text).reverse())
}

/** `rev` */
export function backwards(_: Call, text: string): ToolResult {
  return printed(linesOf(text).map(line => [...line].reverse().join('')))
}

/** `paste -s -d,`: one line of all lines. */
export function paste({ options }: Call, text: string): ToolResult | undefined {
  const separator = options.get('d') ?? '\t'
  return options.has('s') && separator.length === 1 && separator !== '\\'
    ? printed([linesOf(text).join(separator)])
    : undefined
}

/** `head` and `tail` by lines, `tail -n +2`, and by characters. */
export function cutLines({ options }: Call, text: string, isHead: boolean): ToolResult | undefined {
  const chars = options.get('c')
  const [, sign, digits] = /^([+-]?)(\d{1,9})$/.exec(chars ?? options.get('n') ?? '10') ?? []
  if (digits === undefined || (sign === '+' && isHead) || (sign === '-' && !isHead)) return undefined
  const number = Number(digits)
  const pick = <T extends string | readonly string[]>(all: T): T => {
    if (isHead) return all.slice(0, sign === '-' ? -number || all.length : number) as T
    return all.slice(sign === '+' ? Math.max(0, number - 1) : Math.max(0, all.length - number)) as T
  }
  return chars === undefined ? printed(pick(linesOf(text))) : { output: pick(text), code: 0 }
}

/** `cut -d, -f1,3-` and `cut -c2-` */
export function cut({ options }: Call, text: string): ToolResult | undefined {
  const separator = options.get('d') ?? '\t'
  const fields = options.get('f')
  const wanted = listed(fields ?? options.get('c') ?? options.get('b') ?? '')
  if (wanted === undefined || separator.length !== 1) return undefined
  const chosen = (parts: readonly string[]): string[] => parts.filter((_, index) => wanted(index + 1))
  if (fields === undefined) return printed(linesOf(text).map(line => chosen([...line]).join('')))
  return printed(
    linesOf(text)
      .filter(line => !options.has('s') || line.includes(separator))
      .map(line => (line.includes(separator) ? chosen(line.split(separator)).join(separator) : line)),
  )
}

/** `1,3-5,7-`: is a number among them? */
function listed(text: string): ((number: number) => boolean) | undefined {
  const ranges = text.split(',').map(part => /^(\d*)(-?)(\d*)$/.exec(part))
  if (ranges.some(range => range === null || `${range[1]}${range[3]}` === '')) return undefined
  return number =>
    ranges.some(range => {
      const [, from, dash, to] = range!
      return dash === ''
        ? number === Number(from)
        : number >= Number(from) && number <= Number(to || Infinity)
    })
}

/** `tr`: one set of signs into another, or away (`-d`), or only once in a row (`-s`). */
export function translate({ options, operands }: Call, text: string): ToolResult | undefined {
  const sets = operands.map(setOf)
  const [from, to] = sets
  if (from === undefined || sets.includes(undefined)) return undefined
  const isOther = options.has('c') || options.has('C')
  const isMember = (char: string): boolean => from.includes(char) !== isOther
  const deletes = options.has('d')
  if (to === undefined && !deletes && !options.has('s')) return undefined
  let chars = [...text]
  if (deletes) chars = chars.filter(char => !isMember(char))
  else if (to !== undefined) {
    if (to === '') return undefined
    const last = to.at(-1)!
    chars = chars.map(char =>
      isMember(char) ? (isOther ? last : (to[from.lastIndexOf(char)] ?? last)) : char,
    )
  }
  if (options.has('s')) {
    const squeezed = to ?? from
    const isOneOf = (char: string): boolean => (to === undefined ? isMember(char) : squeezed.includes(char))
    chars = chars.filter((char, index) => char !== chars[index - 1] || !isOneOf(char))
  }
  return { output: chars.join(''), code: 0 }
}

const SETS: { readonly [name: string]: string } = {
  upper: range('A', 'Z'),
  lower: range('a', 'z'),
  digit: range('0', '9'),
  alpha: range('A', 'Z') + range('a', 'z'),
  alnum: range('0', '9') + range('A', 'Z') + range('a', 'z'),
  space: ' \t\n\v\f\r',
  blank: ' \t',
}

/** The signs that a set of tr's names, one after the other; undefined for what is not known. */
function setOf(text: string): string | undefined {
  let set = ''
  for (const [item] of text.matchAll(/\[:\w+:\]|\\.|(?:[^\\]-[^\\])|[\s\S]/g)) {
    const name = /^\[:(\w+):\]$/.exec(item)?.[1]
    const found =
      name !== undefined
        ? SETS[name]
        : item.startsWith('\\')
          ? { '\\n': '\n', '\\t': '\t', '\\r': '\r', '\\\\': '\\' }[item]
          : item.length === 3 && item[0]! <= item[2]!
            ? range(item[0]!, item[2]!)
            : item.length === 1
              ? item
              : undefined
    if (found === undefined) return undefined
    set += found
  }
  return set
}

function range(from: string, to: string): string {
  const length = to.charCodeAt(0) - from.charCodeAt(0) + 1
  return Array.from({ length }, (_, index) => String.fromCharCode(from.charCodeAt(0) + index)).join('')
}

/** `wc` with one of its options, of standard input. */
export function count({ options, operands }: Call, text: string): ToolResult | undefined {
  if (options.size !== 1 || operands.some(file => file !== '-')) return undefined
  if (options.has('l')) return printed([String(text.split('\n').length - 1)])
  if (options.has('c')) return printed([String(new TextEncoder().encode(text).length)])
  return printed([String(text.split(/\s+/).filter(word => word !== '').length)])
}
