import { RuleError } from '../rule-error.ts'
import type { Word } from '../words.ts'
import { expandBraces } from './braces.ts'
import { ControlFlow } from './control.ts'
import { Expander } from './expand.ts'
import type { ExpansionHost } from './expressions.ts'
import type { ShellOptions } from './options.ts'
import { parseShell } from './parse.ts'
import { ProgramCaller } from './program-caller.ts'
import { type Io, Jump, type RulePrograms, type ShellRuntime } from './runtime.ts'
import type { ShellReporter } from './session.ts'
import { type Status, SUCCESS } from './status.ts'
import { Stream } from './stream.ts'
import {
  type Assignment,
  type Command,
  DECLARATIONS,
  type List,
  type Place,
  plainText,
  type ShellWord,
  type Simple,
} from './syntax.ts'
import { withoutMarks } from './unknowns.ts'

/**
 * Runs a script of the POSIX shell without starting anything: programs that change rules are called, text tools
 * compute, and what any other program would have printed or answered is not known. Where that would decide about
 * rules, it is an error; nothing is guessed silently. Ends after a bounded number of steps.
 */
export function runShell(
  text: string,
  programs: RulePrograms,
  reporter: ShellReporter,
  options: ShellOptions,
  name: string,
): void {
  new Shell(programs, reporter, options, name, text).run(withoutMarks(text))
}

class Shell extends ControlFlow implements ShellRuntime, ExpansionHost {
  protected readonly expander: Expander = new Expander(this)
  private readonly caller = new ProgramCaller(this)
  /** How the last `$(…)` of the command in hand ended. */
  private substituted: Status = SUCCESS

  run(text: string): void {
    const io = { input: undefined, output: new Stream(), isNull: false, isMuted: false, isChecked: false }
    this.toItsEnd(() => this.runText(text, { line: 1, column: 1 }, io))
    const { exitTrap } = this.environment
    if (exitTrap !== undefined) this.toItsEnd(() => this.runText(exitTrap.text, exitTrap.place, io))
  }

  private toItsEnd(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (error instanceof RuleError) this.reporter.error(error)
      else if (error instanceof Jump) this.status = error.status
      else throw error
    }
  }

  runText(text: string, place: Place, io: Io): Status {
    this.spend(text.length / 10)
    const program = parseShell(text, place, this.takesAll)
    let status = SUCCESS
    for (const item of program.items) status = this.execute(item, io)
    if (program.error !== undefined) this.reporter.error(program.error)
    return status
  }

  runApart(text: string, args: readonly string[], place: Place, io: Io): Status {
    return this.inSubshell(() => {
      this.environment.functions.clear()
      this.environment.args = args
      return this.runText(text, place, io)
    })
  }

  protected fields(word: ShellWord): Word[] {
    return (this.isBash ? expandBraces(word) : [word]).flatMap(one => this.expander.fields(one))
  }

  protected simple({ assignments, words, redirections, arrays = [] }: Simple, io: Io): Status {
    this.unset = []
    this.substituted = SUCCESS
    const isDeclaration = DECLARATIONS.includes(plainText(words[0]) ?? '')
    const isCondition = plainText(words[0]) === '[['
    const fields = words.flatMap((word, index) =>
      isCondition
        ? this.operand(word, plainText(words[index - 1]))
        : isDeclaration && /^\w+=/.test(firstText(word))
          ? [{ ...word, text: this.expander.text(word) }]
          : this.fields(word),
    )
    const { unset } = this
    const saved = new Map<string, string | undefined>()
    for (const assignment of assignments) {
      const { name } = assignment
      if (!saved.has(name)) saved.set(name, this.environment.variables.get(name))
      this.assign(assignment)
    }
    const inner = this.redirected(redirections, io)
    if (fields.length === 0) return this.substituted
    this.unset = unset
    const status = this.runWords(fields, inner)
    for (const array of arrays) this.assign(array)
    for (const [name, value] of saved) this.environment.set(name, value)
    return status
  }

  /** A word of `[[ … ]]`, which is not split. */
  private operand(word: ShellWord, before: string | undefined): Word {
    const { expander } = this
    if (before === '=~') return { ...word, text: expander.expression(word) }
    const isPattern = before === '=' || before === '==' || before === '!='
    return { ...word, text: isPattern ? expander.pattern(word) : expander.text(word) }
  }

  isSet(target: string): boolean {
    return this.expander.lookup(target) !== undefined
  }

  number(expression: string, place: Place): number {
    const { line, column } = place
    return Number(
      this.expander.arithmetic({ line, column, parts: [{ kind: 'text', text: expression, quoted: true }] }),
    )
  }

  private assign({ name, subscript, appends, value, elements }: Assignment): void {
    const { environment } = this
    if (elements !== undefined) {
      this.assignAll(name, appends, elements)
      return
    }
    const key = subscript === undefined ? '0' : this.expander.key(name, subscript)
    const text = (appends ? (environment.element(name, key) ?? '') : '') + this.expander.text(value)
    // where it went, nobody knows: it may be any element
    if (this.isUnknown(key)) environment.set(name, key)
    else environment.setElement(name, key, text)
  }

  /** bash: `name=(a b [7]=c)` */
  private assignAll(name: string, appends: boolean, elements: readonly Assignment[]): void {
    const { environment } = this
    const found: [string, string][] = []
    let next = appends ? Number(environment.keys(name).at(-1) ?? -1) + 1 : 0
    for (const { subscript, value } of elements) {
      const texts =
        subscript === undefined ? this.fields(value).map(({ text }) => text) : [this.expander.text(value)]
      const key = subscript === undefined ? undefined : this.expander.key(name, subscript)
      for (const text of texts) {
        found.push([key ?? String(next), text])
        next = (key === undefined ? next : Number(key)) + 1
      }
    }
    this.spend(found.length)
    if (!appends) environment.unset(name)
    for (const [key, text] of found) environment.setElement(name, key, text)
  }

  runWords(words: readonly Word[], io: Io): Status {
    const first = words[0]!
    const origin = this.unknowns.find(first.text)
    if (origin !== undefined) {
      this.refuseUse(origin, first)
      return SUCCESS
    }
    const body = this.environment.functions.get(first.text)
    if (body !== undefined && this.inPlace.has(body)) return SUCCESS
    return body === undefined ? this.caller.call(words, this.unset, io) : this.callFunction(body, words, io)
  }

  private callFunction(body: Command, [name, ...args]: readonly Word[], io: Io): Status {
    const { depth, loops, loopBody, functionDoubt, function: outer } = this
    this.functionDoubt = undefined
    this.loops = 0
    this.loopBody = undefined
    this.function = body
    const run = (): Status => {
      try {
        return this.execute(body, io)
      } catch (error) {
        if (!(error instanceof Jump) || error.kind !== 'return') throw error
        this.depth = depth
        return error.status
      }
    }
    try {
      const texts = args.map(({ text }) => text)
      return this.environment.inFunction(name!.text, texts, () => {
        const status = run()
        return this.doubted(body, this.functionDoubt, status, io)
      })
    } finally {
      this.functionDoubt = functionDoubt
      this.loops = loops
      this.loopBody = loopBody
      this.function = outer
    }
  }

  notRun(words: readonly Word[], io: Io): Status {
    return this.caller.notRun(words, this.unset, io)
  }

  /** What stands in `$(…)`; in bash `$(< file)` is what the file says. */
  private printing(body: List, io: Io): Status {
    const [first, second] = body.items
    if (!this.isBash || second !== undefined || !isOnlyRedirection(first)) return this.execute(body, io)
    io.output.write(this.redirected(first.redirections, io).input?.readAll() ?? '', first)
    return SUCCESS
  }

  pipe(body: List, word: ShellWord): string {
    return this.files.pipe(this.substitute(body), word)
  }

  substitute(body: List): string {
    const output = new Stream()
    const io = { input: undefined, output, isNull: false, isMuted: false, isChecked: this.tests > 0 }
    const { unset, depth, status: before } = this
    this.depth++
    this.spend(1)
    const status = this.inSubshell(() => this.printing(body, io))
    this.depth = depth
    this.unset = unset
    // for sh, `$?` in the same command is how the last one ended; for bash it is how this did
    this.status = this.isBash ? status : before
    this.substituted = status
    this.spend(output.text.length / 100)
    return output.text
  }
}

/** bash: `< file` */
function isOnlyRedirection(command: Command | undefined): command is Simple {
  return (
    command?.kind === 'simple' &&
    command.words.length + command.assignments.length === 0 &&
    command.redirections.every(({ operator }) => operator === '<')
  )
}

function firstText(word: ShellWord): string {
  const part = word.parts[0]
  return part?.kind === 'text' ? part.text : ''
}
