import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml'
import type { Diagnostic } from '../diagnostic.ts'

/** The way to a value in a scenario: `['network', 'nodes', 'fw', 'rules']`. */
export type Path = readonly (string | number)[]

export interface Position {
  readonly line: number
  readonly column: number
}

/** A YAML text with the place of everything in it. */
export class SourceText {
  readonly file: string | undefined
  private readonly text: string
  private readonly document: Document
  private readonly lines = new LineCounter()

  constructor(text: string, file?: string) {
    this.text = text
    this.file = file
    this.document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false })
  }

  get value(): unknown {
    return this.document.toJS()
  }

  /** What the YAML itself gets wrong. */
  get diagnostics(): readonly Diagnostic[] {
    return this.document.errors.map(error => {
      const { line, col } = this.lines.linePos(error.pos[0])
      return this.diagnostic({ line, column: col }, shortened(error.message))
    })
  }

  /** Where a value stands; the nearest one around it if there is none. */
  at(path: Path): Position {
    return this.position(this.find(path).node)
  }

  /** Where a key stands. */
  atKey(path: Path, key: string): Position {
    const { node } = this.find(path)
    const pair = isMap(node) ? node.items.find(item => isPair(item) && keyOf(item) === key) : undefined
    return this.position((pair?.key as Node | undefined) ?? node)
  }

  /**
   * A place within a text that the YAML quotes: of a block (`|`) exactly, of any other scalar as far as its only line
   * goes.
   */
  within(path: Path, inner: Position): Position {
    const { node, isExact } = this.find(path)
    const start = this.position(node)
    if (!isExact || !isScalar(node)) return start
    if (node.type === 'BLOCK_LITERAL') {
      const line = start.line + inner.line
      const indent = this.indentBelow(start.line)
      return { line, column: inner.column + indent }
    }
    const quote = node.type === 'PLAIN' ? 0 : 1
    return inner.line === 1 ? { line: start.line, column: start.column + quote + inner.column - 1 } : start
  }

  diagnostic(
    { line, column }: Position,
    message: string,
    help: Pick<Diagnostic, 'hint' | 'expected'> = {},
  ): Diagnostic {
    const base = { severity: 'error', line, column, message, ...help } as const
    return this.file === undefined ? base : { ...base, file: this.file }
  }

  /** Of the first line behind a block's header that is not blank. */
  private indentBelow(header: number): number {
    const below = this.text.split('\n').slice(header)
    return /^ */.exec(below.find(line => line.trim() !== '') ?? '')![0].length
  }

  private position(node: Node | null | undefined): Position {
    const { line, col } = this.lines.linePos(node?.range?.[0] ?? 0)
    return { line, column: Math.max(1, col) }
  }

  private find(path: Path): { readonly node: Node | null; readonly isExact: boolean } {
    let node = this.document.contents as Node | null
    for (const step of path) {
      const next: unknown = isMap(node) || isSeq(node) ? this.child(node, step) : undefined
      if (next === undefined || next === null) return { node, isExact: false }
      node = next as Node
    }
    return { node, isExact: true }
  }

  private child(node: Node, step: string | number): unknown {
    if (isSeq(node)) return node.items[Number(step)]
    if (!isMap(node)) return undefined
    const pair = node.items.find(item => keyOf(item) === String(step))
    const value = pair?.value as Node | null | undefined
    const alias = value as { resolve?: (document: Document) => Node | undefined } | null | undefined
    return typeof alias?.resolve === 'function' ? alias.resolve(this.document) : value
  }
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key)
}

/** The YAML reader quotes what it did not expect, and if that is half the file. */
function shortened(message: string): string {
  return message.length > 120 ? `${message.slice(0, 119)}…` : message
}
