import { type Call, linesOf, printed, type ToolResult } from './call.ts'
import { isCheap, posixPattern } from './posix-pattern.ts'

/** A line's number, the last line, or a line that an expression is found in. */
type Address = number | '$' | RegExp

interface Command {
  readonly from: Address | undefined
  readonly to: Address | undefined
  readonly isNegated: boolean
  /** The line afterwards; undefined: it is deleted. */
  readonly change: (line: string) => string | undefined
  /** Is it printed at once, `-n` or not? @param before the line before the change */
  readonly prints: (before: string) => boolean
  readonly quits: boolean
  /** Within `from,to`. */
  isOpen: boolean
}

/** `sed`: `s`, `y`, `d`, `p` and `q`, with addresses. */
export function sed({ options, operands }: Call, text: string): ToolResult | undefined {
  const script = options.get('e') ?? operands[0] ?? ''
  const lines = linesOf(text)
  const commands = new ScriptReader(script, options.has('r') || options.has('E'), lines).read()
  if (commands === undefined) return undefined
  const output: string[] = []
  for (const [index, original] of lines.entries()) {
    let line: string | undefined = original
    let hasEnded = false
    for (const command of commands) {
      if (!applies(command, line, index + 1, index === lines.length - 1)) continue
      const before: string = line
      line = command.change(line)
      if (line === undefined) break
      if (command.prints(before)) output.push(line)
      hasEnded = command.quits
      if (hasEnded) break
    }
    if (line !== undefined && !options.has('n')) output.push(line)
    if (hasEnded) break
  }
  return printed(output)
}

const NEVER = (): boolean => false

function applies(command: Command, line: string, number: number, isLast: boolean): boolean {
  const { from, to, isNegated } = command
  const hits = (address: Address): boolean =>
    address === '$' ? isLast : typeof address === 'number' ? number === address : line.search(address) >= 0
  let isChosen = from === undefined || hits(from)
  if (from !== undefined && to !== undefined) {
    const isOpen = command.isOpen || isChosen
    // a number that is behind already ends with the line it begins with
    const ends = typeof to === 'number' ? number >= to : command.isOpen || to === '$' ? hits(to) : false
    command.isOpen = isOpen && !ends
    isChosen = isOpen
  }
  return isChosen !== isNegated
}

class ScriptReader {
  private rest: string
  private readonly isExtended: boolean
  private readonly lines: readonly string[]

  constructor(script: string, isExtended: boolean, lines: readonly string[]) {
    this.rest = script
    this.isExtended = isExtended
    this.lines = lines
  }

  read(): Command[] | undefined {
    const commands: Command[] = []
    for (;;) {
      this.take(/^[\s;]+/)
      if (this.rest === '') return commands
      const command = this.command()
      if (command === undefined || !/^\s*(?:[;\n]|$)/.test(this.rest)) return undefined
      commands.push(command)
    }
  }

  private command(): Command | undefined {
    const from = this.address()
    const to = from !== undefined && this.take(/^,/) !== undefined ? this.address() : undefined
    if (from === 'bad' || to === 'bad') return undefined
    const isNegated = this.take(/^\s*!/) !== undefined
    const name = this.take(/^\s*[sydpq]/)?.trim()
    const place = { from, to, isNegated, prints: NEVER, quits: false, isOpen: false }
    if (name === 's') return this.substitution(place)
    if (name === 'y') return this.translation(place)
    if (name === 'd') return { ...place, change: () => undefined }
    return name === undefined
      ? undefined
      : { ...place, change: line => line, prints: name === 'p' ? () => true : NEVER, quits: name === 'q' }
  }

  private address(): Address | 'bad' | undefined {
    const number = this.take(/^\d+/)
    if (number !== undefined) return Number(number)
    if (this.take(/^\$/) !== undefined) return '$'
    if (!this.rest.startsWith('/')) return undefined
    const [source] = this.parts(1) ?? []
    return (source === undefined ? undefined : this.expression(source, '')) ?? 'bad'
  }

  private substitution(place: Omit<Command, 'change'>): Command | undefined {
    const [source, replacement] = this.parts(2) ?? []
    const flags = this.take(/^[gpIi\d]*/)!
    const text = replacement === undefined ? undefined : replacementOf(replacement)
    const pattern = source === undefined || text === undefined ? undefined : this.expression(source, flags)
    if (pattern === undefined || text === undefined) return undefined
    const first = Number(/\d+/.exec(flags)?.[0] ?? 1)
    const isGlobal = flags.includes('g')
    const change = (line: string): string => {
      let count = 0
      let end = -1
      return line.replace(pattern, (...found: (string | number | undefined)[]) => {
        const whole = String(found[0])
        const start = found.find((part, index) => index > 0 && typeof part === 'number') as number
        // nothing is not found right behind something
        if (whole === '' && start === end) return whole
        end = start + whole.length
        count++
        if (isGlobal ? count < first : count !== first) return whole
        return text.map(part => (typeof part === 'string' ? part : (found[part] ?? ''))).join('')
      })
    }
    return { ...place, change, prints: flags.includes('p') ? line => line.search(pattern) >= 0 : NEVER }
  }

  private translation(place: Omit<Command, 'change'>): Command | undefined {
    const [from, to] = this.parts(2) ?? []
    if (from === undefined || from.length !== to?.length || from.includes('\\')) return undefined
    return { ...place, change: line => [...line].map(char => to[from.indexOf(char)] ?? char).join('') }
  }

  private expression(source: string, flags: string): RegExp | undefined {
    const pattern = posixPattern(source, this.isExtended ? 'extended' : 'basic', /i/i.test(flags))
    if (source === '' || pattern === undefined || !isCheap(pattern, this.lines)) return undefined
    return new RegExp(pattern.source, `${pattern.flags}g`)
  }

  /** What stands between delimiters: `/a/b/` has two parts. A delimiter behind a backslash is a plain sign. */
  private parts(count: number): string[] | undefined {
    const delimiter = this.rest[0] ?? ''
    if (!/^[^\s\\\w]$/.test(delimiter)) return undefined
    const parts: string[] = []
    let part = ''
    for (let at = 1; at < this.rest.length; at++) {
      const char = this.rest[at]!
      const set =
        char === '[' && parts.length === 0
          ? /^\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*\]/.exec(this.rest.slice(at))
          : null
      if (set !== null) {
        part += set[0]
        at += set[0].length - 1
      } else if (char === '\\') {
        const next = this.rest[++at] ?? ''
        part += next === delimiter && /[/,|#:!@%]/.test(next) ? next : char + next
      } else if (char !== delimiter) part += char
      else {
        parts.push(part)
        part = ''
        if (parts.length === count) {
          this.rest = this.rest.slice(at + 1)
          return parts
        }
      }
    }
    return undefined
  }

  private take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.rest)?.[0]
    if (found !== undefined) this.rest = this.rest.slice(found.length)
    return found
  }
}

/** Text, and the numbers of groups. */
function replacementOf(text: string): (string | number)[] | undefined {
  const parts: (string | number)[] = []
  for (const [part] of text.matchAll(/\\[\s\S]|&|[^\\&]+|\\$/g)) {
    const escaped = part.length === 2 && part.startsWith('\\') ? part[1]! : undefined
    if (part === '&') parts.push(0)
    else if (escaped === undefined) parts.push(part)
    else if (/\d/.test(escaped)) parts.push(Number(escaped))
    else if (/[ULEulcdox]/.test(escaped)) return undefined
    else parts.push(escaped === 'n' ? '\n' : escaped === 't' ? '\t' : escaped)
  }
  return parts
}
