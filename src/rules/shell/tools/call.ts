/** What a tool printed, and how it ended. */
export interface ToolResult {
  readonly output: string
  readonly code: number
}

/** `-n 5 -q word`: letters, their values, and the rest. */
export interface Call {
  readonly options: ReadonlyMap<string, string>
  readonly operands: readonly string[]
}

export interface Tool {
  /** Letters of options without a value, and with one. */
  readonly flags: string
  readonly values: string
  /** How many operands stand before the files. */
  readonly operands?: number
  /** Prints nothing if nothing comes in. */
  readonly isFilter?: boolean
  /** Its operands are no files, and it does not read. */
  readonly isPure?: boolean
  /** Undefined: it is not known what it would print. */
  run(call: Call, text: string): ToolResult | undefined
}

export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

export function printed(lines: readonly string[]): ToolResult {
  return { output: lines.map(line => `${line}\n`).join(''), code: 0 }
}
