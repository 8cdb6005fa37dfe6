import { baseName, dirName, expression, sequence } from './arguments.ts'
import { awk } from './awk.ts'
import { type Call, printed, type Tool, type ToolResult } from './call.ts'
import { grep } from './grep.ts'
import { backwards, count, cut, cutLines, paste, sort, translate, uniq, upsideDown } from './lines.ts'
import { sed } from './sed.ts'

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
  const isGrep = name.endsWith('grep')
  const operands = call.operands.slice(call.options.has('e') ? 0 : (tool.operands ?? 0))
  const files = tool.isPure ? [] : operands.length === 0 ? ['-'] : operands
  // before each line of several files, grep says which it is from
  if (files.length > 1 && isGrep && !/[hq]/.test([...call.options.keys()].join(''))) return undefined
  let text = ''
  for (const file of files) {
    const content = file === '-' ? readInput() : readFile(file)
    if (content === undefined) return undefined
    text += content
  }
  // whatever they filter out of nothing, it is nothing
  const saysSomething = isGrep && call.options.has('c')
  if (
    text === '' &&
    tool.isFilter &&
    !saysSomething &&
    !/\bEND\b|BEGIN\s*\{[^}]*print/.test(call.operands[0] ?? '')
  )
    return { output: '', code: isGrep ? 1 : 0 }
  if (text.length > MAX_INPUT) return undefined
  return tool.run(call, text)
}

const MAX_INPUT = 100_000
const MAX_LINE = 2_000

/** Is it one of the programs that filter text? */
export function isTool(name: string): boolean {
  return TOOLS.has(name)
}

const FILTER = { isFilter: true } as const
const PURE = { flags: '', values: '', isPure: true } as const
const GREP = { flags: 'qvicEFPwxhso', values: 'em', operands: 1, isFilter: true } as const

const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ['cat', { flags: 'u', values: '', run: (_, text) => ({ output: text, code: 0 }) }],
  ['grep', { ...GREP, run: grep }],
  ['egrep', { ...GREP, run: (call, text) => grep(call, text, 'extended') }],
  ['fgrep', { ...GREP, run: (call, text) => grep(call, text, 'fixed') }],
  ['sed', { ...FILTER, flags: 'nrEu', values: 'e', operands: 1, run: sed }],
  ['awk', { ...FILTER, flags: '', values: 'Fv', operands: 1, run: awk }],
  ['sort', { ...FILTER, flags: 'unr', values: 'kt', run: sort }],
  ['uniq', { ...FILTER, flags: 'cdu', values: '', run: uniq }],
  ['tac', { ...FILTER, flags: '', values: '', run: upsideDown }],
  ['rev', { ...FILTER, flags: '', values: '', run: backwards }],
  ['paste', { ...FILTER, flags: 's', values: 'd', run: paste }],
  ['head', { ...FILTER, flags: '', values: 'nc', run: (call, text) => cutLines(call, text, true) }],
  ['tail', { ...FILTER, flags: '', values: 'nc', run: (call, text) => cutLines(call, text, false) }],
  ['cut', { ...FILTER, flags: 's', values: 'dfcb', run: cut }],
  ['tr', { ...FILTER, flags: 'dscC', values: '', operands: 2, run: translate }],
  ['wc', { flags: 'lwc', values: '', run: count }],
  ['seq', { ...PURE, values: 's', run: sequence }],
  ['expr', { ...PURE, run: expression }],
  ['basename', { ...PURE, run: ({ operands }) => printed([baseName(operands)]) }],
  ['dirname', { ...PURE, run: ({ operands }) => printed([dirName(operands)]) }],
])

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
