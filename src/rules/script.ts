import type { Family } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { parseCommand } from './command-parser.ts'
import { printRules } from './print.ts'
import { listed, told } from './printed.ts'
import { readRestoreText } from './restore.ts'
import { readRestoreCall } from './restore-call.ts'
import { diagnosticOf, RuleError } from './rule-error.ts'
import type { RulesetDraft } from './ruleset-draft.ts'
import { readSaveCall } from './save-call.ts'
import type { ShellOptions } from './shell/options.ts'
import { runShell } from './shell/run.ts'
import type { Io, RulePrograms } from './shell/runtime.ts'
import type { ShellReporter } from './shell/session.ts'
import type { Place } from './shell/syntax.ts'
import { withoutUnknownLines } from './shell/unknowns.ts'
import { restoreWords, type Word } from './words.ts'

/**
 * Reads a shell script into a draft: its `iptables` and `ip6tables` commands are carried out in the order in which sh
 * would come to them, and it goes on behind every error. Those of the other family are carried out on tables of their
 * own, since how they end may decide what comes next, and nothing is said about them; what any other program would do is
 * not known (see {@link runShell}).
 */
export function readScript(text: string, draft: RulesetDraft, options: ShellOptions): Diagnostic[] {
  const reader = new ScriptReader(draft, options.branches === 'all')
  runShell(text, reader, reader, options, draft.file ?? 'sh')
  if (!reader.hasCalls && !reader.diagnostics.some(({ severity }) => severity === 'error'))
    reader.error(
      new RuleError('the script runs no iptables command', undefined, {
        code: 'shell',
        hint: 'is it called with the right arguments? ParseOptions.shell.args gives them',
      }),
    )
  return reader.diagnostics
}

/**
 * Reads bare commands as `iptables -S` prints them, one a line, quoted as in iptables-save text: `-A INPUT -j ACCEPT`.
 */
export function readCommands(text: string, draft: RulesetDraft): Diagnostic[] {
  const reader = new ScriptReader(draft)
  for (const [index, line] of text.split('\n').entries()) {
    const start = { text: line, line: index + 1, column: 1 }
    const words = /^\s*#/.test(line) ? [] : restoreWords(line, start.line, 1)
    if (words.length === 0) continue
    reader.attempt(start, undefined, () => {
      reader.apply(words, start)
      return 0
    })
  }
  return reader.diagnostics
}

class ScriptReader implements RulePrograms, ShellReporter {
  readonly diagnostics: Diagnostic[] = []
  hasCalls = false
  private readonly draft: RulesetDraft
  private readonly takesAll: boolean
  private readonly said = new Set<string>()
  /** Whoever reads the other family's commands. */
  private twin: ScriptReader | undefined

  constructor(draft: RulesetDraft, takesAll = false) {
    this.draft = draft
    this.takesAll = takesAll
  }

  error(error: RuleError): void {
    this.say(diagnosticOf(error, this.draft.file, { text: '', line: 1, column: 1 }))
  }

  warning(message: string, { line, column }: Place): void {
    const error = new RuleError(message, { text: '', line, column }, { code: 'shell' })
    this.say({ ...diagnosticOf(error, this.draft.file, error.word!), severity: 'warning' })
  }

  kind(program: string): 'rules' | 'other' | undefined {
    const family = familyOf(program)
    if (family === undefined) return undefined
    return family === this.draft.family ? 'rules' : 'other'
  }

  isListing(args: readonly string[]): boolean {
    return args.some(arg => /^(-[nvx]*[LS][nvx]*|--list|--list-rules|\S*-save)$/.test(arg))
  }

  file(path: string): string | undefined {
    const found = /^\/proc\/net\/ip(6?)_tables_names$/.exec(path)
    if (found === null) return undefined
    const { draft } = this.readerOf(found[1] === '6' ? 6 : 4)
    // the kernel puts a new table in front of the others
    const names = Object.keys(draft.ruleset().tables).reverse()
    return names.map(name => `${name}\n`).join('')
  }

  private readerOf(family: Family): ScriptReader {
    if (family === this.draft.family) return this
    this.twin ??= new ScriptReader(this.draft.ofOtherFamily(), this.takesAll)
    return this.twin
  }

  pass(): void {
    this.hasCalls = true
  }

  call(name: Word, args: readonly Word[], io: Io): number {
    this.hasCalls = true
    const family = familyOf(programOf(name)) ?? this.draft.family
    if (family !== this.draft.family) return this.readerOf(family).call(name, args, io)
    const [first, second] = args
    // without a command iptables only complains; its -save and -restore need none
    if (first === undefined && io.isMuted && !/-(save|restore)$/.test(name.text)) return 2
    if (second === undefined && /^(-V|--version)$/.test(first?.text ?? ''))
      io.output.write(`${programOf(name)} v1.8.9 (legacy)\n`, name)
    else
      return this.attempt(name, io, () => {
        if (/-save$/.test(name.text)) return this.save(name, args, io)
        if (/-restore$/.test(name.text)) return this.restore(name, args, io)
        this.apply(args, name, io)
        return 0
      })
    return 0
  }

  fileOf(name: Word, args: readonly Word[]): Word | undefined {
    return /-restore$/.test(name.text) ? ifSound(() => readRestoreCall(args).file) : undefined
  }

  savesTo(name: Word, args: readonly Word[]): Word | undefined {
    return /-save$/.test(name.text) ? ifSound(() => readSaveCall(args).file) : undefined
  }

  /**
   * Says what is wrong with a command, and goes on.
   *
   * @param io absent: nobody asks how it ended
   * @returns the exit code
   */
  attempt(start: Word, io: Io | undefined, run: () => number): number {
    try {
      return run()
    } catch (error) {
      const diagnostic = diagnosticOf(error, this.draft.file, start)
      const { exitCode, said } = error as RuleError
      if (said !== undefined) io?.errors?.write(`${programOf(start)}: ${said}\n`, start)
      if (exitCode !== 0 || io === undefined) this.complain(diagnostic, io)
      return exitCode
    }
  }

  apply(args: readonly Word[], start: Word, io?: Io): void {
    const command = parseCommand(args, this.draft.context(undefined), start)
    if (command === undefined) return
    const place = command.tableWord ?? { ...command.word, text: command.table }
    const table = this.draft.openTable(place)
    const isHeard = io !== undefined && !io.isNull
    if (isHeard && command.switches.verbose) io.output.write(told(command, this.draft.ruleset()), start)
    table.apply(command)
    if (isHeard && command.listing !== undefined)
      io.output.write(listed(command, this.draft.ruleset()), start)
  }

  /** A command that the kernel refuses may be meant to be: `iptables -C … || iptables -A …`. */
  private complain(diagnostic: Diagnostic, io: Io | undefined): void {
    if (io?.isBlamed === true) return
    if (diagnostic.code !== 'kernel' || io === undefined) this.say(diagnostic)
    else if (!io.isChecked)
      this.say(io.isMuted || io.errors !== undefined ? { ...diagnostic, severity: 'warning' } : diagnostic)
  }

  /** `… | iptables-restore`: its lines keep the places where the script wrote them. @throws RuleError */
  private restore(name: Word, args: readonly Word[], io: Io): number {
    const call = readRestoreCall(args)
    if (call.isHelp) return 0
    if (io.input === undefined)
      throw new RuleError(`${name.text}: what it reads is not known`, name, { code: 'shell' })
    const places = io.input.lines().map(({ place }) => place)
    const { text, lineOf } = placed(withoutUnknownLines(io.input.readAll()), places)
    const options = { ...call, stopsAtErrors: !this.takesAll }
    const { diagnostics, exitCode } = readRestoreText(text, this.draft, options)
    for (const found of diagnostics) this.complain({ ...found, ...(lineOf(found.line) ?? name) }, io)
    return exitCode
  }

  /** `iptables-save`; a table that it is asked for is loaded. @throws RuleError */
  private save(name: Word, args: readonly Word[], io: Io): number {
    const { table, withCounters, isHelp } = readSaveCall(args)
    if (isHelp) return 0
    if (table !== undefined) this.draft.openTable(table)
    const ruleset = this.draft.ruleset()
    const tables = Object.entries(ruleset.tables).filter(
      ([known]) => table === undefined || known === table.text,
    )
    io.output.write(printRules({ ...ruleset, tables: Object.fromEntries(tables) }, { withCounters }), name)
    return 0
  }

  private say({ severity, file, line, column, message, code, expected, hint }: Diagnostic): void {
    const key = `${line}:${column}:${severity}:${message}`
    if (this.said.has(key)) return
    this.said.add(key)
    this.diagnostics.push({
      severity,
      ...(file === undefined ? {} : { file }),
      line,
      column,
      message,
      ...(code === undefined ? {} : { code }),
      ...(expected === undefined ? {} : { expected }),
      ...(hint === undefined ? {} : { hint }),
    })
  }
}

/** Undefined where a command line is wrong: that is said when it is run. */
function ifSound<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof RuleError) return undefined
    throw error
  }
}

function programOf({ text }: Word): string {
  return text.replace(/^.*\//, '')
}

/** Whose rules the program changes or prints. */
function familyOf(program: string): Family | undefined {
  const found = /^ip(6?)tables(-legacy|-nft)?(-restore|-save)?$/.exec(program)
  return found === null ? undefined : found[1] === '6' ? 6 : 4
}

/**
 * A text for iptables-restore with empty lines put in, so that rules know the lines of the script. Where those do not
 * go up (a loop printed them), the text stays as it is.
 */
function placed(
  text: string,
  places: readonly Place[],
): { readonly text: string; readonly lineOf: (line: number) => Place | undefined } {
  const isRising = places.every(({ line }, index) => index === 0 || line > places[index - 1]!.line)
  if (!isRising) return { text, lineOf: line => places[line - 1] }
  const byLine = new Map(places.map(place => [place.line, place]))
  let next = 1
  const lines = text.split('\n').map((line, index) => {
    const place = places[index]
    if (place === undefined) return line
    const padded = '\n'.repeat(place.line - next) + line
    next = place.line + 1
    return padded
  })
  return { text: lines.join('\n'), lineOf: line => byLine.get(line) ?? places.at(-1) }
}
