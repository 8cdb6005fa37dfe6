import type { Diagnostic } from '../diagnostic.ts'
import { checkNameLength } from './chain-names.ts'
import { parseCommand } from './command-parser.ts'
import type { Counters } from './model.ts'
import { diagnosticOf, RuleError } from './rule-error.ts'
import type { RulesetDraft } from './ruleset-draft.ts'
import type { TableDraft } from './table-draft.ts'
import { restoreWords, type Word } from './words.ts'

/** The switches of `iptables-restore`, and how its text is read. */
export interface RestoreOptions {
  /** `-c` */
  readonly readCounters?: boolean
  /** `-n`: what is loaded stays; a user chain that is named again is emptied. */
  readonly noFlush?: boolean
  /** `-T`: other tables are passed over. */
  readonly onlyTable?: string
  /** `-t`: nothing is committed. */
  readonly isTest?: boolean
  /** Commit only what stands before the first error, as the program does; what is wrong is said of all of the text. */
  readonly stopsAtErrors?: boolean
}

export interface RestoreResult {
  readonly diagnostics: readonly Diagnostic[]
  /** How the program ends. */
  readonly exitCode: 0 | 1 | 2
}

/** Reads iptables-save text into a draft as `iptables-restore` does, and goes on behind every error. */
export function readRestoreText(text: string, draft: RulesetDraft, options: RestoreOptions): RestoreResult {
  const reader = new RestoreReader(draft, options)
  const lines = text.split('\n')
  lines.forEach((line, index) => {
    const isLast = index === lines.length - 1
    if (!isLast || line !== '') reader.readLine(line, index + 1, isLast)
  })
  reader.end(lines.length)
  return reader
}

class RestoreReader implements RestoreResult {
  readonly diagnostics: Diagnostic[] = []
  exitCode: RestoreResult['exitCode'] = 0
  private readonly draft: RulesetDraft
  private readonly options: RestoreOptions
  /** The program would have ended: what follows is only looked at. */
  private hasStopped = false
  /** There is a rule with an extension that the kernel lacks: it says so when the table is committed. */
  private isUnloadable = false
  private table: TableDraft | undefined
  /** Inside a table that could not be opened: its lines are read, but say nothing. */
  private isBroken = false
  /** Behind the name of a table that is not the one of `-T`. */
  private isPassedOver: boolean

  constructor(draft: RulesetDraft, options: RestoreOptions) {
    this.draft = draft
    this.options = options
    this.isPassedOver = options.onlyTable !== undefined
  }

  /** @param isOpen the text ends without a newline behind this line */
  readLine(line: string, number: number, isOpen: boolean): void {
    const start: Word = { text: line, line: number, column: 1 }
    if (line === '' || line.startsWith('#')) return
    try {
      if (this.table === undefined && !this.isBroken) this.openTable(start)
      else if (line === 'COMMIT') this.commit(isOpen, start)
      else if (this.table !== undefined) this.readInTable(start, this.table)
    } catch (error) {
      this.complain(error, start)
    }
  }

  end(lastLine: number): void {
    if (this.table === undefined && !this.isBroken) return
    this.draft.endRestore(this.options.stopsAtErrors !== true)
    const place = { text: '', line: lastLine, column: 1 }
    this.complain(
      new RuleError('the table is never committed', place, { expected: 'a line COMMIT', exitCode: 1 }),
      place,
    )
  }

  private complain(error: unknown, start: Word): void {
    this.diagnostics.push(withForeignHint(diagnosticOf(error, this.draft.file, start), start.text))
    if (!(error instanceof RuleError)) return
    if (error.code === 'not-modelled') this.isUnloadable = true
    else this.stop(error.exitCode === 3 ? 2 : error.exitCode)
  }

  private stop(exitCode: RestoreResult['exitCode']): void {
    if (!this.hasStopped) this.exitCode = exitCode
    this.hasStopped = true
  }

  private openTable(start: Word): void {
    const [name] = start.text.startsWith('*') ? fields(start, 1) : []
    const { onlyTable, noFlush = false } = this.options
    if (name !== undefined) this.isPassedOver = onlyTable !== undefined && onlyTable !== name.text
    if (this.isPassedOver) return
    if (!start.text.startsWith('*'))
      throw new RuleError('this line stands outside of any table', start, {
        expected: '*filter, or another table',
        exitCode: 1,
        ...hintOutside(start.text),
      })
    this.isBroken = true
    if (name === undefined) throw new RuleError('a table without a name', start)
    this.table = this.draft.beginRestore(
      name,
      noFlush,
      !this.hasStopped || this.options.stopsAtErrors !== true,
    )
    this.isBroken = false
  }

  private commit(isOpen: boolean, start: Word): void {
    if (isOpen)
      throw new RuleError(`bad argument '${start.text}'`, start, {
        expected: 'a newline behind it',
        hint: 'end the text with a newline: iptables-restore knows COMMIT only as a whole line',
      })
    const { table } = this
    const { isTest = false, stopsAtErrors = false } = this.options
    this.table = undefined
    this.isBroken = false
    if (this.isUnloadable) this.stop(1)
    const refusals = isTest ? [] : (table?.endRestore() ?? [])
    // where errors do not stop it, the ruleset is judged as a whole in the end
    if (stopsAtErrors && !this.hasStopped && refusals.length > 0) {
      this.stop(1)
      const { file } = this.draft
      for (const refusal of refusals)
        this.diagnostics.push({ ...refusal, ...(file !== undefined && { file }) })
    }
    this.draft.endRestore(!isTest && (!stopsAtErrors || !this.hasStopped))
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
    if (!table.isBuiltin(name.text)) this.openChain(name, table)
    if (policy === undefined)
      throw new RuleError(`chain '${name.text}' without a policy`, name, { expected: 'ACCEPT, DROP or -' })
    if (policy.text === '-') return
    table.setPolicy(name, policy, this.options.readCounters ? policyCounters(counters, name) : undefined)
  }

  private openChain(name: Word, table: TableDraft): void {
    try {
      if (this.options.noFlush) table.emptyOrCreateChain(name)
      else table.createChain(name)
    } catch (error) {
      throw error instanceof RuleError ? error.endingWith(2) : error
    }
  }

  private readRule(start: Word, table: TableDraft): void {
    const { counters, words } = splitCounters(start)
    const prefix = this.options.readCounters && counters !== undefined ? counterWords(counters, start) : []
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

function hintOutside(line: string): { readonly hint?: string } {
  if (line.startsWith('-'))
    return { hint: 'iptables -S prints no tables: put *filter before it and COMMIT behind it' }
  return /^[ \t]/.test(line) ? { hint: 'lines begin in the first column: take the indentation away' } : {}
}
