import { type Call, linesOf, printed, type ToolResult } from './call.ts'
import { isCheap, type PatternKind, posixPattern } from './posix-pattern.ts'

/** `grep`, `egrep`, `fgrep` of one text. */
export function grep(
  { options, operands }: Call,
  text: string,
  usual: PatternKind = 'basic',
): ToolResult | undefined {
  const kind = options.has('F') ? 'fixed' : options.has('P') ? 'perl' : options.has('E') ? 'extended' : usual
  const written = options.get('e') ?? operands[0] ?? ''
  const patterns = written.split('\n').map(one => posixPattern(one, kind, options.has('i')))
  const lines = linesOf(text)
  const found: RegExp[] = []
  for (const pattern of patterns) {
    if (pattern === undefined || !isCheap(pattern, lines)) return undefined
    found.push(new RegExp(framed(pattern.source, options), `${pattern.flags}g`))
  }
  const chosen = lines.filter(line => found.some(pattern => line.search(pattern) >= 0) !== options.has('v'))
  const most = options.get('m')
  const kept = most === undefined ? chosen : chosen.slice(0, Number(most))
  const code = kept.length > 0 ? 0 : 1
  if (options.has('q')) return { output: '', code }
  if (options.has('c')) return { output: `${kept.length}\n`, code }
  if (!options.has('o')) return { ...printed(kept), code }
  // which of several patterns is the longest, is another question
  const [only, second] = found
  if (second !== undefined || options.has('v')) return undefined
  const parts = kept.flatMap(line =>
    [...line.matchAll(only!)].map(found => found.groups?.kept ?? found[0]).filter(part => part !== ''),
  )
  return { ...printed(parts), code }
}

/** `-x`: the whole line; `-w`: no letters at either end. */
function framed(source: string, options: ReadonlyMap<string, string>): string {
  if (options.has('x')) return `^(?:${source})$`
  return options.has('w') ? `(?<!\\w)(?:${source})(?!\\w)` : source
}
