import { RuleError } from '../rule-error.ts'
import type { Word } from '../words.ts'
import { expandBraces } from './braces.ts'
import { DECLARATIONS } from './builtins.ts'
import { Expander, type ExpansionHost } from './expand.ts'
import type { ShellOptions } from './options.ts'
import { parseShell } from './parse.ts'
import { matchesPattern } from './patterns.ts'
import { ProgramCaller } from './program-caller.ts'
import { type Io, Jump, type RulePrograms, type ShellRuntime } from './runtime.ts'
import { type ShellReporter, ShellSession } from './session.ts'
import { combined, negated, type Status, SUCCESS } from './status.ts'
import { Stream } from './stream.ts'
import { type Command, type List, type Place, plainText, type ShellWord, type Simple } from './syntax.ts'
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

class Shell extends ShellSession implements ShellRuntime, ExpansionHost {
  private readonly expander = new Expander(this)
  private readonly caller = new ProgramCaller(this)
  /** How the last `$(…)` of the command in hand ended. */
  private substituted: Status = SUCCESS

  run(text: string): void {
    const io = { input: undefined, output: new Stream(), isNull: false, isMuted: false, isChecked: false }
    try {
      this.runText(text, { line: 1, column: 1 }, io)
    } catch (error) {
      if (error instanceof RuleError) this.reporter.error(error)
      else if (!(error instanceof Jump)) throw error
    }
  }

  runText(text: string, place: Place, io: Io): Status {
    this.spend(text.length / 10)
    const program = parseShell(text, place)
    let status = SUCCESS
    for (const item of program.items) status = this.execute(item, io)
    if (program.error !== undefined) this.reporter.error(program.error)
    return status
  }

  private execute(command: Command, io: Io): Status {
    this.here = command
    this.depth++
    this.spend(1)
    // an error may pass through here, and ends everything; a jump must find the depth right
    const { depth } = this
    try {
      this.status = this.executeKind(command, io)
    } finally {
      this.depth = depth - 1
    }
    return this.status
  }

  private executeKind(command: Command, io: Io): Status {
    switch (command.kind) {
      case 'simple':
        return this.simple(command, io)
      case 'list':
        return this.list(command, io)
      case 'and-or': {
        const { left, right, isAnd } = command
        const first = this.execute(left, isAnd ? io : { ...io, isChecked: true })
        return this.branch(first, isAnd ? right : undefined, isAnd ? undefined : right, io) ?? first
      }
      case 'pipeline':
        return this.pipeline(command.commands, command.negated, io)
      case 'group':
        return command.isSubshell
          ? this.inSubshell(() => this.execute(command.body, io))
          : this.list(command.body, io)
      case 'if': {
        const condition = this.execute(command.condition, { ...io, isChecked: true })
        return this.branch(condition, command.then, command.otherwise, io) ?? SUCCESS
      }
      case 'while':
        return this.loop(command, io)
      case 'for':
        return this.forEach(command, io)
      case 'case':
        return this.choose(command, io)
      case 'function':
        this.environment.functions.set(command.name, command.body)
        return SUCCESS
      case 'redirected':
        return this.execute(
          command.body,
          this.files.redirect(command.redirections, io, word => this.expander.text(word)),
        )
      default:
        return command satisfies never
    }
  }

  private list({ items }: List, io: Io): Status {
    let status = SUCCESS
    const inner = io.isChecked ? { ...io, isChecked: false } : io
    items.forEach((item, index) => {
      status = this.execute(item, index === items.length - 1 ? io : inner)
    })
    return status
  }

  /** What runs if a command succeeds, or fails. Undefined: neither was there. */
  private branch(
    status: Status,
    yes: Command | undefined,
    no: Command | undefined,
    io: Io,
  ): Status | undefined {
    const run = (command: Command | undefined): Status | undefined =>
      command === undefined ? undefined : this.execute(command, io)
    const { origin } = status
    if (origin === undefined) return run(status.code === 0 ? yes : no)
    const ifYes = this.effects(yes)
    const ifNo = this.effects(no)
    const touches = ifYes.touchesRules || ifNo.touchesRules
    if (touches && !status.isGuess) this.refuseBranch(origin)
    // who wrote `… || exit 1` expects that the script goes on
    if (ifYes.leaves !== ifNo.leaves && !(touches && status.isGuess))
      return run(ifYes.leaves ? no : yes) ?? { code: ifYes.leaves ? 1 : 0 }
    const result = run(status.code === 0 ? yes : no)
    if (status.isGuess) return result
    this.forget(ifYes, origin)
    this.forget(ifNo, origin)
    return result === undefined ? undefined : combined({ ...result, origin }, status, true)
  }

  private pipeline(commands: readonly Command[], isNegated: boolean, io: Io): Status {
    let { input } = io
    let status = SUCCESS
    commands.forEach((command, index) => {
      const isLast = index === commands.length - 1
      const output = isLast ? io.output : new Stream()
      const inner = { ...io, input, output, isChecked: isNegated || (isLast && io.isChecked) }
      status =
        commands.length === 1
          ? this.execute(command, inner)
          : this.inSubshell(() => this.execute(command, inner))
      input = output
    })
    return isNegated ? negated(status) : status
  }

  /** Runs something with a copy of the variables; `exit` ends only that. */
  private inSubshell(run: () => Status): Status {
    const outer = this.environment
    this.spend(outer.size / 10)
    this.environment = outer.copy()
    const { depth } = this
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Jump)) throw error
      this.depth = depth
      return { code: error.kind === 'exit' || error.kind === 'return' ? error.value : 0 }
    } finally {
      this.environment = outer
    }
  }

  private loop({ condition, body, until }: Extract<Command, { kind: 'while' }>, io: Io): Status {
    let status = SUCCESS
    for (;;) {
      const asked = this.execute(condition, { ...io, isChecked: true })
      if (asked.origin !== undefined && !asked.isGuess) {
        const effects = this.effects(body)
        if (effects.touchesRules) this.refuseBranch(asked.origin)
        this.forget(effects, asked.origin)
        return SUCCESS
      }
      if ((asked.code === 0) === until) return status
      const turn = this.turn(body, io)
      if (turn === undefined) return SUCCESS
      status = turn
    }
  }

  /** One turn of a loop; undefined if it was the last. */
  private turn(body: List, io: Io): Status | undefined {
    const { depth, loops } = this
    this.loops++
    try {
      return this.execute(body, { ...io, isChecked: false })
    } catch (error) {
      if (!(error instanceof Jump) || (error.kind !== 'break' && error.kind !== 'continue')) throw error
      this.depth = depth
      if (error.value > 1) throw new Jump(error.kind, error.value - 1)
      return error.kind === 'break' ? undefined : SUCCESS
    } finally {
      this.loops = loops
    }
  }

  private forEach({ name, words, body, ...place }: Extract<Command, { kind: 'for' }>, io: Io): Status {
    this.unset = []
    const fields: readonly { readonly text: string }[] =
      words?.flatMap(word => this.fields(word)) ?? this.environment.args.map(text => ({ text }))
    const [unset] = this.unset
    if (fields.length === 0 && unset !== undefined && this.effects(body).touchesRules)
      this.warn(`unset ${unset.name}`, `'$${unset.name}' is not set: this loop does nothing`, place)
    let status = SUCCESS
    for (const { text } of fields) {
      this.environment.set(name, text)
      const origin = this.unknowns.find(text)
      if (origin !== undefined) {
        const effects = this.effects(body)
        if (effects.touchesRules) this.refuseUse(origin, place)
        this.forget(effects, origin)
        continue
      }
      const turn = this.turn(body, io)
      if (turn === undefined) break
      status = turn
    }
    return status
  }

  private choose({ subject, arms }: Extract<Command, { kind: 'case' }>, io: Io): Status {
    const text = this.expander.text(subject)
    const origin = this.unknowns.find(text)
    if (origin !== undefined) {
      const effects = arms.map(arm => this.effects(arm.body))
      if (effects.some(({ touchesRules }) => touchesRules)) this.refuseUse(origin, subject)
      for (const effect of effects) this.forget(effect, origin)
      return SUCCESS
    }
    const matches = (pattern: string): boolean => {
      this.spend((text.length * pattern.length) / 1000)
      return matchesPattern(text, pattern)
    }
    const arm = arms.find(({ patterns }) => patterns.some(pattern => matches(this.expander.pattern(pattern))))
    return arm === undefined ? SUCCESS : this.execute(arm.body, io)
  }

  private fields(word: ShellWord): Word[] {
    return (this.isBash ? expandBraces(word) : [word]).flatMap(one => this.expander.fields(one))
  }

  private simple({ assignments, words, redirections }: Simple, io: Io): Status {
    this.unset = []
    this.substituted = SUCCESS
    const isDeclaration = DECLARATIONS.includes(plainText(words[0]) ?? '')
    const fields = words.flatMap(word =>
      isDeclaration && /^\w+=/.test(firstText(word))
        ? [{ ...word, text: this.expander.text(word) }]
        : this.fields(word),
    )
    const { unset } = this
    const saved = new Map<string, string | undefined>()
    for (const { name, appends, value } of assignments) {
      const before = this.environment.variables.get(name)
      if (!saved.has(name)) saved.set(name, before)
      this.environment.set(name, (appends ? (before ?? '') : '') + this.expander.text(value))
    }
    const inner = this.files.redirect(redirections, io, word => this.expander.text(word))
    if (fields.length === 0) return this.substituted
    this.unset = unset
    const status = this.runWords(fields, inner)
    for (const [name, value] of saved) this.environment.set(name, value)
    return status
  }

  runWords(words: readonly Word[], io: Io): Status {
    const first = words[0]!
    const origin = this.unknowns.find(first.text)
    if (origin !== undefined) {
      this.refuseUse(origin, first)
      return SUCCESS
    }
    const body = this.environment.functions.get(first.text)
    return body === undefined
      ? this.caller.call(words, this.unset, io)
      : this.callFunction(body, words.slice(1), io)
  }

  private callFunction(body: Command, args: readonly Word[], io: Io): Status {
    const { depth, loops } = this
    this.loops = 0
    try {
      return this.environment.inFunction(
        args.map(({ text }) => text),
        () => this.execute(body, io),
      )
    } catch (error) {
      if (!(error instanceof Jump) || error.kind !== 'return') throw error
      this.depth = depth
      return { code: error.value }
    } finally {
      this.loops = loops
    }
  }

  notRun(words: readonly Word[], io: Io): Status {
    return this.caller.notRun(words, this.unset, io)
  }

  substitute(body: List): string {
    const output = new Stream()
    const io = { input: undefined, output, isNull: false, isMuted: false, isChecked: false }
    const { unset, depth, status: before } = this
    this.depth++
    this.spend(1)
    const status = this.inSubshell(() => this.execute(body, io))
    this.depth = depth
    this.unset = unset
    this.status = before
    this.substituted = status
    this.spend(output.text.length / 100)
    return output.text
  }
}

function firstText(word: ShellWord): string {
  const part = word.parts[0]
  return part?.kind === 'text' ? part.text : ''
}
