import { readFileSync } from 'node:fs'

/** A fenced block of code in a document. */
export interface CodeBlock {
  readonly file: string
  readonly line: number
  readonly code: string
}

/** The blocks of one language in a Markdown file. */
export function codeBlocks(file: string, language: string): CodeBlock[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const blocks: CodeBlock[] = []
  let start = -1
  lines.forEach((line, index) => {
    if (start < 0 && line.trim() === `\`\`\`${language}`) start = index + 1
    else if (start >= 0 && line.trim() === '```') {
      blocks.push({ file, line: start + 1, code: lines.slice(start, index).join('\n') })
      start = -1
    }
  })
  return blocks
}

/** What a block says its `console.log(…)` lines print: the comment behind each. */
export function expectedOutput(code: string): string[] {
  return [...code.matchAll(/^\s*console\.log\(.*\) \/\/ (.*)$/gm)].map(match => match[1]!)
}

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<void>

/**
 * Runs a block and returns what it logged. Imports are taken from `modules`, so that documents can say
 * `import { step } from 'netfilter-sim'`.
 */
export async function runBlock(
  block: CodeBlock,
  modules: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const printed: string[] = []
  const code = block.code.replace(
    /^import \{([^}]*)\} from '([^']+)'$/gm,
    (_, names, from) => `const {${names}} = modules[${JSON.stringify(from)}]`,
  )
  const console = { log: (...values: unknown[]) => printed.push(values.map(String).join(' ')) }
  await new AsyncFunction('modules', 'console', code)(modules, console)
  return printed
}
