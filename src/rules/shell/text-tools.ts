/** What a tool printed, and how it ended. */
export interface ToolResult {
  readonly output: string
  readonly code: number
}

/** A file's text; undefined if it is not known. */
type FileReader = (path: string) => string | undefined

/**
 * The programs that scripts filter text with, as far as scripts use them. They compute: nothing is started.
 *
 * @param readInput what comes in; undefined if it is not known
 * @returns undefined for any other program, and for uses of these that are not known
 */
export function runTool(
  name: string,
  args: readonly string[],
  readInput: () => string | undefined,
  readFile: FileReader,
): ToolResult | undefined {
  const tool = TOOLS.get(name)
  const isLong = args.some(arg => arg.length > MAX_LINE)
  const call = tool === undefined || isLong ? undefined : parseArgs(args, tool)
  if (tool === undefined || call === undefined) return undefined
  const files = call.operands.slice(call.options.has('e') ? 0 : (tool.operands ?? 0))
  let text = ''
  for (const file of tool.isPure ? [] : files.length === 0 ? ['-'] : files) {
    const content = file === '-' ? readInput() : readFile(file)
    if (content === undefined) return undefined
    text += content
  }
  // whatever they filter out of nothing, it is nothing
  if (
    text === '' &&
    tool.isFilter &&
    !call.options.has('c') &&
    !/\bEND\b|BEGIN\s*\{[^}]*print/.test(call.operands[0] ?? '')
  )
    return { output: '', code: name === 'grep' ? 1 : 0 }
  if (text.length > MAX_INPUT) return undefined
  return tool.run(call, text)
}

const MAX_INPUT = 100_000
const MAX_LINE = 2_000

/** Is it one of the programs that filter text? */
export function isTool(name: string): boolean {
  return TOOLS.has(name)
}

/** `-n 5 -q word`: letters, their values, and the rest. */
interface Call {
  readonly options: ReadonlyMap<string, string>
  readonly operands: readonly string[]
}

interface Tool {
  /** Letters of options without a value, and with one. */
  readonly flags: string
  readonly values: string
  /** How many operands stand before the files. */
  readonly operands?: number
  /** Prints nothing if nothing comes in. */
  readonly isFilter?: boolean
  /** Its operands are no files, and it does not read. */
  readonly isPure?: boolean
  run(call: Call, text: string): ToolResult | undefined
}

function parseArgs(args: readonly string[], tool: Tool): Call | undefined {
  const options = new Map<string, string>()
  const operands: string[] = []
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!
    if (operands.length > 0 && tool.isPure) operands.push(word)
    else if (word === '--') {
      operands.push(...args.slice(at + 1))
      break
    } else if (/^-\d+$/.test(word) && tool.values.includes('n')) options.set('n', word.slice(1))
    else if (/^-[A-Za-z]/.test(word)) {
      for (let letter = 1; letter < word.length; letter++) {
        const option = word[letter]!
        if (tool.flags.includes(option)) options.set(option, '')
        else if (!tool.values.includes(option)) return undefined
        else {
          const value = word.slice(letter + 1) || args[++at]
          if (value === undefined) return undefined
          // two scripts are more than one of these understands
          options.set(option, options.has(option) ? `${options.get(option)}\n${value}` : value)
          break
        }
      }
    } else operands.push(word)
  }
  return { options, operands }
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

function printed(lines: readonly string[]): ToolResult {
  return { output: lines.map(line => `${line}\n`).join(''), code: 0 }
}

const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ['cat', { flags: 'u', values: '', run: (_, text) => ({ output: text, code: 0 }) }],
  ['grep', { flags: 'qvicEFwnso', values: 'e', operands: 1, isFilter: true, run: grep }],
  ['egrep', { flags: 'qvi', values: '', operands: 1, isFilter: true, run: grep }],
  ['sed', { flags: 'nrE', values: 'e', operands: 1, isFilter: true, run: sed }],
  ['awk', { flags: '', values: 'Fv', operands: 1, isFilter: true, run: awk }],
  ['sort', { flags: 'un', values: 'kt', isFilter: true, run: sort }],
  ['uniq', { flags: '', values: '', isFilter: true, run: uniq }],
  ['head', { flags: '', values: 'n', isFilter: true, run: (call, text) => cutLines(call, text, true) }],
  ['tail', { flags: '', values: 'n', isFilter: true, run: (call, text) => cutLines(call, text, false) }],
  ['cut', { flags: 's', values: 'df', isFilter: true, run: cut }],
  ['tr', { flags: 'd', values: '', operands: 2, isFilter: true, run: translate }],
  ['wc', { flags: 'l', values: '', run: count }],
  ['seq', { flags: '', values: '', isPure: true, run: sequence }],
  ['basename', { flags: '', values: '', isPure: true, run: ({ operands }) => printed([baseName(operands)]) }],
  ['dirname', { flags: '', values: '', isPure: true, run: ({ operands }) => printed([dirName(operands)]) }],
])

function grep({ options, operands }: Call, text: string): ToolResult | undefined {
  if (options.has('w') || options.has('o') || options.has('n')) return undefined
  const pattern = safePattern(
    options.get('e') ?? operands[0] ?? '',
    options.has('F'),
    options.has('E'),
    options.has('i'),
  )
  const lines = linesOf(text)
  if (pattern === undefined || lines.some(line => line.length > MAX_LINE)) return undefined
  const found = lines.filter(line => pattern.test(line) !== options.has('v'))
  const code = found.length > 0 ? 0 : 1
  if (options.has('q')) return { output: '', code }
  return { output: options.has('c') ? `${found.length}\n` : printed(found).output, code }
}

/** `s/pattern/text/`, for patterns that cannot go wrong. */
function sed({ options, operands }: Call, text: string): ToolResult | undefined {
  const parts = /^s([/!,|#:])((?:(?!\1).)*)\1((?:(?!\1)[^&\\])*)\1(g?)$/.exec(
    options.get('e') ?? operands[0] ?? '',
  )
  const pattern =
    parts === null ? undefined : safePattern(parts[2]!, false, options.has('r') || options.has('E'), false)
  const lines = linesOf(text)
  if (parts === null || pattern === undefined || options.has('n')) return undefined
  if (lines.some(line => line.length > MAX_LINE)) return undefined
  const expression = new RegExp(pattern.source, parts[4])
  return printed(lines.map(line => line.replace(expression, () => parts[3]!)))
}

/**
 * A regular expression of what means the same everywhere: plain text, `.`, `^`, `$`, sets, `.*` and escaped signs.
 * Undefined for anything else.
 */
function safePattern(
  text: string,
  isFixed: boolean,
  isExtended: boolean,
  ignoresCase: boolean,
): RegExp | undefined {
  const flags = ignoresCase ? 'i' : ''
  const literal = (plain: string): string => plain.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  if (isFixed) return new RegExp(literal(text), flags)
  const atoms = text.match(/\\[./[\]*^$-]|\[\^?[\w ,:.-]+\]|\.\*|\.|\^|\$|[^\\[\]*^$.]/g) ?? []
  if (atoms.join('') !== text || atoms.filter(atom => atom === '.*').length > 2) return undefined
  if (isExtended && /[+?(){}|]/.test(text)) return undefined
  const source = atoms.map((atom, index) => {
    if (atom === '^') return index === 0 ? '^' : '\\^'
    if (atom === '$') return index === atoms.length - 1 ? '$' : '\\$'
    return atom.length > 1 || atom === '.' ? atom : literal(atom)
  })
  try {
    return new RegExp(source.join(''), flags)
  } catch {
    // a set like [z-a]
    return undefined
  }
}

/** `{print $2}` and `{print $1, $NF}` */
function awk({ options, operands }: Call, text: string): ToolResult | undefined {
  const found = /^\s*\{\s*print\s+(\$(?:\d+|NF)(?:\s*,\s*\$(?:\d+|NF))*)\s*;?\s*\}\s*$/.exec(
    operands[0] ?? '',
  )
  const separator = options.get('F')
  if (found === null || options.has('v') || (separator !== undefined && !/^[^\\ ]$/.test(separator)))
    return undefined
  const wanted = found[1]!.split(',').map(field => field.trim().slice(1))
  return printed(
    linesOf(text).map(line => {
      const fields = separator === undefined ? line.trim().split(/[ \t]+/) : line.split(separator)
      const at = (field: string): string =>
        field === '0' ? line : ((field === 'NF' ? fields.at(-1) : fields[Number(field) - 1]) ?? '')
      return wanted.map(at).join(' ')
    }),
  )
}

function sort({ options }: Call, text: string): ToolResult | undefined {
  if (options.has('k') || options.has('t')) return undefined
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  const lines = linesOf(text).sort((a, b) =>
    options.has('n') ? Number.parseFloat(a) - Number.parseFloat(b) || compare(a, b) : compare(a, b),
  )
  return printed(options.has('u') ? [...new Set(lines)] : lines)
}

function uniq(_: Call, text: string): ToolResult {
  return printed(linesOf(text).filter((line, index, lines) => line !== lines[index - 1]))
}

function cutLines({ options }: Call, text: string, isHead: boolean): ToolResult | undefined {
  const number = options.get('n') ?? '10'
  if (!/^\d{1,9}$/.test(number)) return undefined
  const lines = linesOf(text)
  return printed(
    isHead ? lines.slice(0, Number(number)) : lines.slice(Math.max(0, lines.length - Number(number))),
  )
}

function cut({ options }: Call, text: string): ToolResult | undefined {
  const [separator = '\t', field = ''] = [options.get('d'), options.get('f')]
  if (!/^[1-9]\d{0,3}$/.test(field) || separator.length !== 1) return undefined
  const pick = (line: string): string =>
    line.includes(separator) ? (line.split(separator)[Number(field) - 1] ?? '') : line
  return printed(linesOf(text).map(pick))
}

/** `tr a b`, `tr -d ab`: single signs, and ranges of letters in full. */
function translate({ options, operands }: Call, text: string): ToolResult | undefined {
  const [from = '', to = ''] = operands.map(set => set.replaceAll('\\n', '\n').replaceAll('\\t', '\t'))
  if (/[\\[\]]|.-./.test(from + to)) {
    const cases: { readonly [sets: string]: string } = {
      'a-z A-Z': text.toUpperCase(),
      'A-Z a-z': text.toLowerCase(),
    }
    const output = cases[`${from} ${to}`]
    return output === undefined ? undefined : { output, code: 0 }
  }
  if (options.has('d')) return { output: [...text].filter(char => !from.includes(char)).join(''), code: 0 }
  if (from === '' || to === '') return undefined
  const output = [...text].map(char => {
    const index = from.lastIndexOf(char)
    return index < 0 ? char : (to[index] ?? to.at(-1)!)
  })
  return { output: output.join(''), code: 0 }
}

function count({ options }: Call, text: string): ToolResult | undefined {
  return options.has('l') ? printed([String(text.split('\n').length - 1)]) : undefined
}

function sequence({ operands }: Call): ToolResult | undefined {
  if (operands.length === 0 || operands.length > 3 || operands.some(text => !/^-?\d{1,9}$/.test(text)))
    return undefined
  const numbers = operands.map(Number)
  const [from, step, to] =
    numbers.length === 1
      ? [1, 1, numbers[0]!]
      : [numbers[0]!, numbers.length === 3 ? numbers[1]! : 1, numbers.at(-1)!]
  const length = step === 0 ? -1 : Math.floor((to - from) / step) + 1
  if (length > 10_000 || step === 0) return undefined
  return printed(Array.from({ length: Math.max(0, length) }, (_, index) => String(from + index * step)))
}

function baseName([path = '', suffix = '']: readonly string[]): string {
  const name = path.replace(/(?<=.)\/+$/, '').replace(/^.*\/(?=.)/, '')
  return suffix !== '' && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
}

function dirName([path = '']: readonly string[]): string {
  const end = path.replace(/(?<=.)\/+$/, '').lastIndexOf('/')
  return end < 0 ? '.' : end === 0 ? '/' : path.slice(0, end)
}
