import { RuleError } from '../rule-error.ts'
import type { Word } from '../words.ts'
import { type Effects, effectsOf } from './effects.ts'
import { Environment } from './environment.ts'
import { Files } from './files.ts'
import type { ShellOptions } from './options.ts'
import { type Io, Jump, type RulePrograms, type Unset } from './runtime.ts'
import { type Status, SUCCESS } from './status.ts'
import type { Stream } from './stream.ts'
import type { Command, Place, ShellWord } from './syntax.ts'
import { type Origin, Unknowns, withOpenEnd, withoutMarks } from './unknowns.ts'

/** Steps for a script of no length, and for each of its characters. */
const STEPS = 300_000
const STEPS_EACH = 20
const MAX_DEPTH = 300
const MAX_COMMAND = 60
const HINT =
  'ParseOptions.shell says what programs print; or take what iptables-save prints where the script ran'

/** Where the shell says what is wrong. */
export interface ShellReporter {
  error(error: RuleError): void
  warning(message: string, place: Place): void
}

/** What a shell knows while it runs, and what it says. */
export class ShellSession {
  environment: Environment
  status: Status = SUCCESS
  readonly unknowns = new Unknowns()
  readonly programs: RulePrograms
  readonly options: ShellOptions
  readonly isBash: boolean
  /** See {@link ShellOptions.branches}. */
  readonly takesAll: boolean
  protected readonly reporter: ShellReporter
  protected readonly files: Files
  /** How many loops of the function that runs are open. */
  loops = 0
  /** The bodies of the function and of the loop that run. */
  protected function: Command | undefined
  protected loopBody: Command | undefined
  /** Functions whose commands were run where they are defined. */
  protected readonly inPlace = new Set<Command>()
  protected depth = 0
  /** Where it is. */
  protected here: Place = { line: 1, column: 1 }
  /** Variables of the command in hand that are not set. */
  protected unset: Unset[] = []
  private readonly name: string
  private readonly warned = new Set<string>()
  private steps = 0
  private readonly maxSteps: number
  /** A file that was to be sourced. */
  private unread: Origin | undefined

  constructor(
    programs: RulePrograms,
    reporter: ShellReporter,
    options: ShellOptions,
    name: string,
    text: string,
  ) {
    this.programs = programs
    this.reporter = reporter
    this.options = options
    this.name = name
    this.takesAll = options.branches === 'all'
    this.isBash = /^#!.*\b(?:bash|ksh|zsh)\b/.test(text)
    this.maxSteps = STEPS + text.length * STEPS_EACH
    const variables = Object.entries({ PATH: '/sbin:/bin', IFS: ' \t\n', ...options.variables })
    this.environment = new Environment(variables, [], options.args ?? ['start'])
    this.files = new Files(path => this.outside(path) ?? programs.file(path), this)
  }

  spend(steps: number): void {
    this.steps += steps
    if (this.steps > this.maxSteps || this.depth > MAX_DEPTH)
      throw new RuleError(
        this.depth > MAX_DEPTH ? 'commands call each other without end' : 'the script takes too many steps',
        { text: '', ...this.here },
        { code: 'shell', hint: `it is given ${this.maxSteps} steps, and ${MAX_DEPTH} levels` },
      )
  }

  /** The script ends here. */
  leave(code = 1): never {
    throw new Jump('exit', 1, { code })
  }

  protected effects(command: Command | undefined): Effects {
    return effectsOf(command, this.environment, this.programs, steps => this.spend(steps))
  }

  protected touchesRules(command: Command | undefined): boolean {
    return command !== undefined && this.effects(command).touchesRules
  }

  protected leaves({ leavesScript, leavesFunction, leavesLoop }: Effects): boolean {
    return leavesScript || leavesFunction || (leavesLoop && this.loops > 0)
  }

  /** Does it change rules, or leave a function or a loop that does? */
  protected mattersToRules({ touchesRules, leavesFunction, leavesLoop }: Effects): boolean {
    if (touchesRules) return true
    return (
      (leavesFunction && this.touchesRules(this.function)) || (leavesLoop && this.touchesRules(this.loopBody))
    )
  }

  /** What a part of the script would have changed is not known any more. */
  protected forget(effects: Effects, origin: Origin, io: Io): void {
    const mark = this.unknowns.mark(origin)
    // who changes IFS puts it back
    for (const name of effects.assigned) if (name !== 'IFS') this.environment.set(name, mark)
    if (effects.setsArguments) this.environment.args = [withOpenEnd(mark)]
    // where what is not known is left out, it must not take the next line with it
    if (effects.prints) io.output.write(this.takesAll ? `${mark}\n` : mark, origin)
    for (const path of effects.written) this.files.forget(path, mark, origin)
  }

  protected refuseBranch(origin: Origin): void {
    this.refuse(`'${origin.command}' is not run, and how it ends decides about iptables commands`, origin)
  }

  protected outside(path: string): string | undefined {
    const text = this.options.commandOutput?.(['cat', path])
    return text === undefined ? undefined : withoutMarks(text)
  }

  forgetUnset(words: readonly Word[]): void {
    this.unread = this.originOf(words)
  }

  open(path: string, place: Place): Stream {
    return this.files.open(path, place)
  }

  create(path: string, place: Place): Stream {
    return this.files.create(path, false, place)
  }

  readFile(path: string): string | undefined {
    return this.files.read(path)
  }

  special(name: string): string | undefined {
    switch (name) {
      case '?':
        return this.status.origin === undefined || this.status.isGuess
          ? String(this.status.code)
          : this.unknowns.mark(this.status.origin)
      case '$':
        return '1'
      case '0':
        return this.name
      case '!':
        return ''
      case '-':
        return [...this.environment.options].filter(option => option.length === 1).join('')
      case 'PWD':
        return this.unknowns.mark({ command: 'pwd', ...this.here })
      default:
        return this.bashVariable(name) ?? this.maybeRead()
    }
  }

  /** What bash gives a value itself. */
  private bashVariable(name: string): string | undefined {
    // iptables is for root
    if (name === 'UID' || name === 'EUID') return '0'
    if (!this.isBash) return undefined
    switch (name) {
      case 'BASH':
        return '/bin/bash'
      case 'BASH_VERSION':
        return '5.2.15(1)-release'
      case 'BASH_SOURCE':
        return this.name
      case 'FUNCNAME':
        return this.environment.functionName
      case 'LINENO':
        return String(this.here.line)
      case 'RANDOM':
      case 'SECONDS':
      case 'HOSTNAME':
      case 'PPID':
        return this.unknowns.mark({ command: `echo $${name}`, ...this.here })
      default:
        return undefined
    }
  }

  /** A file that was not read may have set it. */
  private maybeRead(): string | undefined {
    return this.unread === undefined ? undefined : this.unknowns.mark(this.unread)
  }

  noteUnset(name: string, word: ShellWord): void {
    this.unset.push({ name, word })
  }

  isUnknown(text: string): boolean {
    return this.unknowns.find(text) !== undefined
  }

  warn(kind: string, message: string, place: Place): void {
    if (this.warned.has(kind)) return
    this.warned.add(kind)
    this.reporter.warning(message, place)
  }

  refuseUse({ command }: Origin, place: Place): void {
    this.refuse(`'${command}' is not run, and what it prints is needed here`, place)
  }

  refuse(message: string, { line, column }: Place, hint = HINT): void {
    this.reporter.error(new RuleError(message, { text: '', line, column }, { code: 'shell', hint }))
  }

  /** A command as messages name it. */
  originOf(words: readonly Word[]): Origin {
    const texts = words.map(({ text }) => (this.isUnknown(text) ? '…' : text)).join(' ')
    const command = texts.length > MAX_COMMAND ? `${texts.slice(0, MAX_COMMAND)}…` : texts
    const { line, column } = words[0]!
    return { command, line, column }
  }
}
