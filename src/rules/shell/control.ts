import type { Word } from '../words.ts'
import type { Effects } from './effects.ts'
import type { Expander } from './expand.ts'
import { matchesPattern } from './patterns.ts'
import { type Io, Jump } from './runtime.ts'
import { ShellSession } from './session.ts'
import { negated, type Status, SUCCESS, statusOf } from './status.ts'
import { Stream } from './stream.ts'
import type { CaseArm, Command, List, Redirection, ShellWord, Simple } from './syntax.ts'
import type { Origin } from './unknowns.ts'

/** What runs after success, and after failure. */
type Branches = readonly [Command | undefined, Command | undefined]

/** Runs what is made of commands: lists, conditions, loops, pipelines. What a doubt would decide is said or forgotten. */
export abstract class ControlFlow extends ShellSession {
  protected abstract readonly expander: Expander
  /** Why the function that runs might have returned already, and the loop might have ended. */
  protected functionDoubt: Origin | undefined
  private loopDoubt: Origin | undefined
  /** How many conditions it is in. */
  private tests = 0

  protected abstract simple(command: Simple, io: Io): Status

  /** The words that a word becomes. */
  protected abstract fields(word: ShellWord): Word[]

  protected redirected(redirections: readonly Redirection[], io: Io): Io {
    return this.files.redirect(redirections, io, word => this.expander.text(word))
  }

  protected execute(command: Command, io: Io): Status {
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
    this.leaveOnError(command)
    return this.status
  }

  /** `set -e`: whatever fails ends the script, unless somebody asks how it ended. */
  private leaveOnError(command: Command): void {
    if (this.tests > 0 || this.takesAll || !this.environment.options.has('e')) return
    const { code, origin } = this.status
    if (code === 0 || origin !== undefined) return
    const isOwn =
      command.kind === 'simple' ||
      command.kind === 'arithmetic' ||
      (command.kind === 'pipeline' && !command.negated) ||
      (command.kind === 'group' && command.isSubshell)
    if (isOwn) throw new Jump('exit', 1, this.status)
  }

  /** Runs something whose failure is an answer. */
  private tested(command: Command, io: Io): Status {
    this.tests++
    try {
      return this.execute(command, io)
    } finally {
      this.tests--
    }
  }

  private executeKind(command: Command, io: Io): Status {
    switch (command.kind) {
      case 'simple':
        return this.simple(command, io)
      case 'list':
        return this.list(command, io)
      case 'and-or': {
        const { left, right, isAnd } = command
        const first = this.tested(left, isAnd ? io : { ...io, isChecked: true })
        return this.branch(first, isAnd ? [right, undefined] : [undefined, right], false, io)
      }
      case 'pipeline':
        return this.pipeline(command.commands, command.negated, io)
      case 'group':
        return command.isSubshell
          ? this.inSubshell(() => this.execute(command.body, io))
          : this.list(command.body, io)
      case 'if': {
        const condition = this.tested(command.condition, { ...io, isChecked: true })
        return this.branch(condition, [command.then, command.otherwise], true, io)
      }
      case 'while':
        return this.inLoop(command, io, () => this.loop(command, io))
      case 'for':
        return this.inLoop(command, io, () => this.forEach(command, io))
      case 'case':
        return this.choose(command, io)
      case 'function':
        this.environment.functions.set(command.name, command.body)
        return this.takesAll ? this.readInPlace(command.body, io) : SUCCESS
      case 'arithmetic': {
        const value = this.expander.arithmetic(command.expression)
        const origin = this.unknowns.find(value)
        return origin === undefined ? statusOf(value !== '0') : { code: 0, origin }
      }
      case 'redirected':
        return this.execute(command.body, this.redirected(command.redirections, io))
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

  /** Runs what is to be run if a command succeeds, or fails. @param isIf neither: that is success */
  private branch(status: Status, [yes, no]: Branches, isIf: boolean, io: Io): Status {
    const run = (command: Command | undefined, skipped: Status): Status => {
      if (command !== undefined) return this.execute(command, io)
      return isIf ? SUCCESS : skipped
    }
    const { origin } = status
    if (this.takesAll && (this.touchesRules(yes) || this.touchesRules(no)))
      return this.everyBranch(status.code === 0 ? yes : no, [yes, no], io)
    if (origin === undefined) return run(status.code === 0 ? yes : no, status)
    const [ifYes, ifNo] = [this.effects(yes), this.effects(no)]
    const matters = this.mattersToRules(ifYes) || this.mattersToRules(ifNo)
    if (matters && !status.isGuess) this.refuseBranch(origin)
    // who wrote `… || exit 1` expects that the script goes on
    const isLast = this.leaves(ifYes)
    if (isLast !== this.leaves(ifNo) && !(matters && status.isGuess))
      return this.staying(isLast ? ifYes : ifNo, status, () =>
        run(isLast ? no : yes, { code: isLast ? 1 : 0 }),
      )
    const result = run(status.code === 0 ? yes : no, status)
    if (status.isGuess) return result
    this.forget(ifYes, origin, io)
    this.forget(ifNo, origin, io)
    return { code: result.code, origin }
  }

  /** Whichever is taken: those with iptables commands are run in their order. What is not taken may well fail. */
  private everyBranch(taken: Command | undefined, all: readonly (Command | undefined)[], io: Io): Status {
    for (const branch of all) {
      if (branch === undefined || (branch !== taken && !this.touchesRules(branch))) continue
      this.execute(branch, branch === taken ? io : { ...io, isMuted: true })
    }
    return SUCCESS
  }

  /** A function without parameters stands for its commands where it is written, not where it is called. */
  private readInPlace(body: Command, io: Io): Status {
    const { touchesRules, readsArguments } = this.effects(body)
    if (!touchesRules || readsArguments) return SUCCESS
    this.inPlace.add(body)
    return this.execute(body, io)
  }

  /** The script goes on, though it might have left the loop or the function: what these change is in doubt. */
  private staying(left: Effects, { origin, isGuess }: Status, run: () => Status): Status {
    if (left.leavesLoop && isGuess !== true) this.loopDoubt ??= origin
    if (left.leavesFunction && isGuess !== true) this.functionDoubt ??= origin
    return run()
  }

  private pipeline(commands: readonly Command[], isNegated: boolean, io: Io): Status {
    let { input } = io
    const ends = commands.map((command, index) => {
      const isLast = index === commands.length - 1
      const output = isLast ? io.output : new Stream()
      const inner = { ...io, input, output, isChecked: isNegated || (isLast && io.isChecked) }
      const run = (): Status => (isNegated ? this.tested(command, inner) : this.execute(command, inner))
      const status = commands.length === 1 ? run() : this.inSubshell(run)
      input = output
      return status
    })
    const failed = this.environment.options.has('pipefail')
      ? ends.findLast(({ code, origin }) => code !== 0 || origin !== undefined)
      : undefined
    if (this.isBash && commands.length > 1) {
      this.environment.unset('PIPESTATUS')
      for (const [index, { code, origin }] of ends.entries())
        this.environment.setElement(
          'PIPESTATUS',
          String(index),
          origin === undefined ? String(code) : this.unknowns.mark(origin),
        )
    }
    const status = failed ?? ends.at(-1)!
    return isNegated ? negated(status) : status
  }

  /** Runs something with a copy of the variables; `exit` ends only that. */
  protected inSubshell(run: () => Status): Status {
    const outer = this.environment
    this.spend(outer.size / 10)
    this.environment = outer.copy()
    const { depth } = this
    try {
      return run()
    } catch (error) {
      if (!(error instanceof Jump)) throw error
      this.depth = depth
      return error.status
    } finally {
      this.environment = outer
    }
  }

  private inLoop(command: Command, io: Io, run: () => Status): Status {
    const outer = this.loopDoubt
    this.loopDoubt = undefined
    try {
      const status = run()
      return this.doubted(command, this.loopDoubt, status, io)
    } finally {
      this.loopDoubt = outer
    }
  }

  /** What a loop or a function did that may have been left in the middle. */
  protected doubted(command: Command, origin: Origin | undefined, status: Status, io: Io): Status {
    if (origin === undefined) return status
    this.forget(this.effects(command), origin, io)
    return { code: status.code, origin }
  }

  private loop({ condition, body, until, step }: Extract<Command, { kind: 'while' }>, io: Io): Status {
    let status = SUCCESS
    for (;;) {
      const asked = this.tested(condition, { ...io, isChecked: true })
      if (asked.origin !== undefined && !asked.isGuess) {
        const effects = this.effects(body)
        if (this.takesAll && effects.touchesRules) {
          this.turn(body, io)
          return SUCCESS
        }
        if (this.mattersToRules({ ...effects, leavesLoop: false })) this.refuseBranch(asked.origin)
        this.forget(effects, asked.origin, io)
        return SUCCESS
      }
      if ((asked.code === 0) === until) return status
      const turn = this.turn(body, io)
      if (turn === undefined) return SUCCESS
      status = turn
      if (step !== undefined) this.execute(step, io)
    }
  }

  /** One turn of a loop; undefined if it was the last. */
  private turn(body: List, io: Io): Status | undefined {
    const { depth, loops, loopBody } = this
    this.loops++
    this.loopBody = body
    try {
      return this.execute(body, { ...io, isChecked: false })
    } catch (error) {
      if (!(error instanceof Jump) || (error.kind !== 'break' && error.kind !== 'continue')) throw error
      this.depth = depth
      if (error.levels > 1) throw new Jump(error.kind, error.levels - 1, SUCCESS)
      return error.kind === 'break' ? undefined : SUCCESS
    } finally {
      this.loops = loops
      this.loopBody = loopBody
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
        if (this.takesAll && effects.touchesRules) {
          this.turn(body, io)
          continue
        }
        if (this.mattersToRules({ ...effects, leavesLoop: false })) this.refuseUse(origin, place)
        this.loopDoubt ??= origin
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
    const matches = (pattern: string): boolean => {
      this.spend((text.length * pattern.length) / 1000)
      return matchesPattern(text, pattern)
    }
    const chosen = (): Command | undefined =>
      arms.find(({ patterns }) => patterns.some(pattern => matches(this.expander.pattern(pattern))))?.body
    if (this.takesAll && arms.some(({ body }) => this.touchesRules(body))) {
      const bodies = arms.map(({ body }) => body)
      return this.everyBranch(origin === undefined ? chosen() : undefined, bodies, io)
    }
    if (origin !== undefined) {
      const effects = arms.map(arm => this.effects(arm.body))
      if (effects.some(effect => this.mattersToRules(effect))) this.refuseUse(origin, subject)
      for (const effect of effects) this.forget(effect, origin, io)
      return SUCCESS
    }
    return this.chosenArms(
      arms,
      arm => arm.patterns.some(pattern => matches(this.expander.pattern(pattern))),
      io,
    )
  }

  /** Runs the first arm that matches, and where bash's `;&` and `;;&` say so, others. */
  private chosenArms(arms: readonly CaseArm[], isChosen: (arm: CaseArm) => boolean, io: Io): Status {
    let status = SUCCESS
    let end = ';;&'
    for (const arm of arms) {
      if (end !== ';&' && !isChosen(arm)) continue
      status = this.execute(arm.body, io)
      end = arm.end
      if (end !== ';&' && end !== ';;&') break
    }
    return status
  }
}
