import type { Diagnostic } from '../diagnostic.ts'
import { checkNameLength } from './chain-names.ts'
import { parseCommand } from './command-parser.ts'
import type { Counters } from './model.ts'
import { diagnosticOf, RuleError } from './rule-error.ts'
import type { RulesetDraft } from './ruleset-draft.ts'
import type { TableDraft } from './table-draft.ts'
import { restoreWords, type Word } from './words.ts'

/** The switches of `iptables-restore`. */
export interface RestoreOptions {
  /** `-c` */
  readonly readCounters?: boolean
  /** `-n`: what is loaded stays; a user chain that is named again is emptied. */
  readonly noFlush?: boolean
}

/** Reads iptables-save text into a draft as `iptables-restore` does, and goes on behind every error. */
export function readRestoreText(text: string, draft: RulesetDraft, options: RestoreOptions): Diagnostic[] {
  const reader = new RestoreReader(draft, options)
  const lines = text.split('\n')
  lines.forEach((line, index) => {
    const isLast = index === lines.length - 1
    if (!isLast || line !== '') reader.readLine(line, index + 1, isLast)
  })
  reader.end(lines.length)
  return reader.diagnostics
}

class RestoreReader {
  readonly diagnostics: Diagnostic[] = []
  private readonly draft: RulesetDraft
  private readonly readCounters: boolean
  private readonly noFlush: boolean
  private table: TableDraft | undefined
  /** Inside a table that could not be opened: its lines are read, but say nothing. */
  private isBroken = false

  constructor(draft: RulesetDraft, { readCounters = false, noFlush = false }: RestoreOptions) {
    this.draft = draft
    this.readCounters = readCounters
    this.noFlush = noFlush
  }

  /** @param isOpen the text ends without a newline behind this line */
  readLine(line: string, number: number, isOpen: boolean): void {
    const start: Word = { text: line, line: number, column: 1 }
    if (line === '' || line.startsWith('#')) return
    try {
      if (this.table === undefined && !this.isBroken) this.openTable(start)
      else if (line === 'COMMIT' && !isOpen) this.commit()
      else if (this.table !== undefined) this.readInTable(start, this.table)
    } catch (error) {
      this.diagnostics.push(withForeignHint(diagnosticOf(error, this.draft.file, start), line))
    }
  }

  end(lastLine: number): void {
    if (this.table === undefined && !this.isBroken) return
    const place = { text: '', line: lastLine, column: 1 }
    const error = new RuleError('the table is never committed', place, { expected: 'a line COMMIT' })
    this.diagnostics.push(diagnosticOf(error, this.draft.file, place))
  }

  private openTable(start: Word): void {
    if (!start.text.startsWith('*'))
      throw new RuleError('this line stands outside of any table', start, {
        expected: '*filter, or another table',
        ...(start.text.startsWith('-')
          ? { hint: 'iptables -S prints no tables: put *filter before it and COMMIT behind it' }
          : {}),
      })
    const [name] = fields(start, 1)
    this.isBroken = true
    if (name === undefined) throw new RuleError('a table without a name', start)
    this.table = this.draft.openTable(name)
    this.table.beginRestore(this.noFlush)
    this.isBroken = false
  }

  private commit(): void {
    this.table?.endRestore()
    this.table = undefined
    this.isBroken = false
  }

  private readInTable(start: Word, table: TableDraft): void {
    if (start.text.startsWith(':')) this.readChain(start, table)
    else this.readRule(start, table)
  }

  /** `:name policy [packets:bytes]` */
  private readChain(start: Word, table: TableDraft): void {
    const [name, policy, counters] = fields(start, 1)
    if (name === undefined) throw new RuleError('a chain without a name', start)
    checkNameLength(name)
    if (!table.isBuiltin(name.text))
      if (this.noFlush) table.emptyOrCreateChain(name)
      else table.createChain(name)
    if (policy === undefined)
      throw new RuleError(`chain '${name.text}' without a policy`, name, { expected: 'ACCEPT, DROP or -' })
    if (policy.text === '-') return
    table.setPolicy(name, policy, this.readCounters ? policyCounters(counters, name) : undefined)
  }

  private readRule(start: Word, table: TableDraft): void {
    const { counters, words } = splitCounters(start)
    const prefix = this.readCounters && counters !== undefined ? counterWords(counters, start) : []
    const command = parseCommand([...prefix, ...words], this.draft.context(table.name), start)
    if (command !== undefined) table.apply(command)
  }
}

/** The words behind the first character, split as `strtok(…, " \t\n")` does. */
function fields(start: Word, from: number): Word[] {
  return [...start.text.slice(from).matchAll(/[^ \t]+/g)].map(found => ({
    text: found[0],
    line: start.line,
    column: from + found.index + 1,
  }))
}

function policyCounters(word: Word | undefined, chain: Word): Counters {
  const found = /^\[(\d+):(\d+)\]/.exec(word?.text ?? '')
  if (found === null)
    throw new RuleError(`invalid policy counters for chain '${chain.text}'`, word ?? chain, {
      expected: '[packets:bytes]',
    })
  return { packets: Number(found[1]), bytes: Number(found[2]) }
}

/** `[packets:bytes]` in front of a rule (`tokenize_rule_counters`), and the words behind it. */
function splitCounters(start: Word): {
  readonly counters: readonly [string, string] | undefined
  readonly words: readonly Word[]
} {
  // fgets keeps the newline, and an unterminated quote therefore swallows it
  const text = `${start.text}\n`
  if (!text.startsWith('[')) return { counters: undefined, words: restoreWords(text, start.line, 1) }
  const end = text.indexOf(']')
  // two calls of strtok: up to a colon, then up to a bracket, each passing over the ones it begins with
  const found = /^\[:*([^:]+):\]*([^\]]+)/.exec(text)
  if (end < 0 || found === null)
    throw new RuleError('bad counters in front of the rule', start, { expected: '[packets:bytes]' })
  return { counters: [found[1]!, found[2]!], words: restoreWords(text.slice(end + 1), start.line, end + 2) }
}

function counterWords(counters: readonly [string, string], { line }: Word): readonly Word[] {
  return ['--set-counters', ...counters].map(text => ({ text, line, column: 1 }))
}

/** What editors of other systems leave in a text, iptables-restore takes for a part of the line; and it cannot be seen. */
function withForeignHint(diagnostic: Diagnostic, line: string): Diagnostic {
  if (diagnostic.hint !== undefined) return diagnostic
  if (line.endsWith('\r'))
    return { ...diagnostic, hint: 'the line ends in CR LF; iptables-restore takes LF only (tr -d "\\r")' }
  if (line.startsWith('\uFEFF'))
    return {
      ...diagnostic,
      hint: 'the text begins with a byte-order mark, which iptables-restore does not skip',
    }
  return diagnostic
}
