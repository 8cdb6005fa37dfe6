import type { Word } from '../words.ts'
import { type Io, Jump } from './runtime.ts'
import { ShellSession } from './session.ts'
import { FAILURE, type Status, SUCCESS } from './status.ts'
import type { Command, List, ShellWord } from './syntax.ts'
import type { Origin } from './unknowns.ts'

/** Runs loops, and knows when one may have been left in the middle. */
export abstract class Loops extends ShellSession {
  /** Why the loop that runs might have ended already. */
  protected loopDoubt: Origin | undefined
  /** How many conditions it is in. */
  protected tests = 0

  protected abstract execute(command: Command, io: Io): Status

  /** The words that a word becomes. */
  protected abstract fields(word: ShellWord): Word[]

  /** Runs something whose failure is an answer. */
  protected tested(command: Command, io: Io): Status {
    this.tests++
    try {
      return this.execute(command, io)
    } finally {
      this.tests--
    }
  }

  protected inLoop(command: Command, io: Io, run: () => Status): Status {
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

  protected loop({ condition, body, until, step }: Extract<Command, { kind: 'while' }>, io: Io): Status {
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

  protected forEach({ name, words, body, ...place }: Extract<Command, { kind: 'for' }>, io: Io): Status {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      this.refuse(`'${name}' is no name for a variable`, place, `for ${name.replace(/\W/g, '') || 'x'} in …`)
      return this.isBash || this.takesAll ? FAILURE : this.leave(2)
    }
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
}
