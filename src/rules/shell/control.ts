import type { Effects } from './effects.ts'
import type { Expander } from './expand.ts'
import { Loops } from './loops.ts'
import { matchesPattern } from './patterns.ts'
import { type Io, Jump } from './runtime.ts'
import { negated, type Status, SUCCESS, statusOf } from './status.ts'
import { Stream } from './stream.ts'
import type { CaseArm, Command, List, Redirection, Simple } from './syntax.ts'
import type { Origin } from './unknowns.ts'

/** What runs after success, and after failure. */
type Branches = readonly [Command | undefined, Command | undefined]

/** Runs what is made of commands: lists, conditions, pipelines. What a doubt would decide is said or forgotten. */
export abstract class ControlFlow extends Loops {
  protected abstract readonly expander: Expander
  /** Why the function that runs might have returned already. */
  protected functionDoubt: Origin | undefined

  protected abstract simple(command: Simple, io: Io): Status

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
