import { assignedNames } from './arithmetic.ts'
import type { Environment } from './environment.ts'
import { parseShell } from './parse.ts'
import { innermost, shellCall } from './prefixes.ts'
import type { RulePrograms } from './runtime.ts'
import {
  type Command,
  type Part,
  plainText,
  type Redirection,
  type ShellWord,
  type Simple,
} from './syntax.ts'

/** What a piece of the script would do if it were run; said without running it, and rather too much than too little. */
export interface Effects {
  /** Runs a program that changes the rules, or may. */
  touchesRules: boolean
  /** `exit` */
  leavesScript: boolean
  /** `return` */
  leavesFunction: boolean
  /** `break`, `continue` */
  leavesLoop: boolean
  /** Prints something, or may: who reads it would read something else. */
  prints: boolean
  /** `set -- …`, `shift` */
  setsArguments: boolean
  /** `$1`, `$@` …, as they were at the beginning. */
  readsArguments: boolean
  readonly assigned: Set<string>
  /** Files; undefined stands for one whose name is not known. */
  readonly written: Set<string | undefined>
}

const MAX_DEPTH = 300
const SILENT = [
  ...[
    ':',
    'true',
    'false',
    'test',
    '[',
    '[[',
    'cd',
    'umask',
    'wait',
    'trap',
    'exit',
    'return',
    'break',
    'continue',
  ],
  ...['set', 'shift', '.', 'source', 'eval', 'hash', 'ulimit'],
]
const ASSIGNING = ['read', 'export', 'local', 'readonly', 'declare', 'typeset', 'unset', 'getopts']

/** @param spend counts work */
export function effectsOf(
  command: Command | undefined,
  environment: Environment,
  programs: RulePrograms,
  spend: (steps: number) => void,
): Effects {
  const finder = new EffectFinder(environment, programs, spend)
  if (command !== undefined) finder.visit(command)
  // nobody could say how words are divided from then on
  if (finder.leavesSeparators) finder.effects.touchesRules = true
  return finder.effects
}

class EffectFinder {
  readonly effects: Effects = {
    touchesRules: false,
    leavesScript: false,
    leavesFunction: false,
    leavesLoop: false,
    prints: false,
    setsArguments: false,
    readsArguments: false,
    assigned: new Set(),
    written: new Set(),
  }
  private readonly environment: Environment
  private readonly programs: RulePrograms
  private readonly spend: (steps: number) => void
  /** IFS was changed, and not put back (`IFS=$old`). */
  leavesSeparators = false
  private readonly visited = new Set<string>()
  private depth = 0
  private functionDepth = 0
  private loopDepth = 0

  constructor(environment: Environment, programs: RulePrograms, spend: (steps: number) => void) {
    this.environment = environment
    this.programs = programs
    this.spend = spend
  }

  visit(command: Command): void {
    this.spend(1)
    if (this.depth > MAX_DEPTH) this.effects.touchesRules = true
    if (this.depth > MAX_DEPTH) return
    this.depth++
    this.visitInside(command)
    this.depth--
  }

  private visitInside(command: Command): void {
    switch (command.kind) {
      case 'simple':
        this.simple(command)
        break
      case 'list':
        for (const item of command.items) this.visit(item)
        break
      case 'and-or':
        this.visit(command.left)
        this.visit(command.right)
        break
      case 'pipeline':
        this.pipeline(command.commands)
        break
      case 'if':
        this.visit(command.condition)
        this.visit(command.then)
        if (command.otherwise !== undefined) this.visit(command.otherwise)
        break
      case 'while':
        this.visit(command.condition)
        this.loop(command.body)
        if (command.step !== undefined) this.visit(command.step)
        break
      case 'arithmetic':
        this.word(command.expression)
        for (const name of assignedNames(writtenIn(command.expression))) this.effects.assigned.add(name)
        break
      case 'for':
        this.effects.assigned.add(command.name)
        for (const word of command.words ?? []) this.word(word)
        this.loop(command.body)
        break
      case 'case':
        this.word(command.subject)
        for (const arm of command.arms) this.visit(arm.body)
        break
      case 'group':
        if (command.isSubshell) this.subshell(command.body)
        else this.visit(command.body)
        break
      case 'redirected':
        this.redirected(command.redirections, () => this.visit(command.body))
        break
      case 'function':
        // what the name means from then on is too much to follow
        this.effects.touchesRules = true
        break
      default:
        command satisfies never
    }
  }

  private loop(body: Command): void {
    this.loopDepth++
    this.visit(body)
    this.loopDepth--
  }

  /** What it leaves and how it divides words stays inside. */
  private subshell(body: Command): void {
    const { leavesScript, leavesFunction, leavesLoop, setsArguments } = this.effects
    const { leavesSeparators } = this
    this.visit(body)
    Object.assign(this.effects, { leavesScript, leavesFunction, leavesLoop, setsArguments })
    this.leavesSeparators = leavesSeparators
  }

  /** Only the last command's output goes on. */
  private pipeline(commands: readonly Command[]): void {
    const { prints } = this.effects
    for (const [index, command] of commands.entries()) {
      if (commands.length > 1) this.subshell(command)
      else this.visit(command)
      if (index < commands.length - 1) this.effects.prints = prints
    }
  }

  private redirected(redirections: readonly Redirection[], visit: () => void): void {
    const { prints } = this.effects
    visit()
    for (const { operator, descriptor, target } of redirections) {
      if (!/^(>>?|&>)$/.test(operator) || (descriptor !== 1 && operator !== '&>')) continue
      this.effects.prints = prints
      const texts = this.resolved(target)
      this.effects.written.add(texts.length === 1 ? texts[0] : undefined)
    }
  }

  private simple(command: Simple): void {
    this.redirected(command.redirections, () => this.plain(command))
  }

  private plain(command: Simple): void {
    const { effects } = this
    for (const { name, value, elements = [] } of [...command.assignments, ...(command.arrays ?? [])]) {
      effects.assigned.add(name)
      for (const element of [{ value }, ...elements]) this.word(element.value)
      if (name === 'IFS') this.leavesSeparators = value.parts[0]?.kind !== 'variable'
    }
    for (const word of command.words) this.word(word)
    const texts = command.words.flatMap(word => this.resolved(word))
    const at = innermost(texts.map(text => text ?? ''))
    const name = texts[at]
    if (texts.length <= at) return
    if (name === undefined) {
      effects.touchesRules = true
      return
    }
    const args = texts.slice(at + 1)
    if (this.functionDepth === 0 && setsArguments(name, args)) effects.setsArguments = true
    const body = this.environment.functions.get(name)
    if (body !== undefined) this.callFunction(name, body)
    else if (/^(exit|return|break|continue)$/.test(name)) this.leave(name)
    else if (name === 'eval') this.evaluated(args)
    else if (shellCall(texts.slice(at).map(text => text ?? 'x'))?.text !== undefined) this.evaluated(args)
    else if (ASSIGNING.includes(name))
      for (const text of args) effects.assigned.add(text?.split('=')[0] ?? '')
    else if (!SILENT.includes(name)) this.program(name, command, args)
  }

  /** A function that is called may return, and a loop may end. */
  private leave(name: string): void {
    const { effects } = this
    if (name === 'exit') effects.leavesScript = true
    else if (name === 'return') effects.leavesFunction ||= this.functionDepth === 0
    else effects.leavesLoop ||= this.functionDepth === 0 && this.loopDepth === 0
  }

  private callFunction(name: string, body: Command): void {
    if (this.visited.has(name)) return
    this.visited.add(name)
    this.functionDepth++
    this.visit(body)
    this.functionDepth--
  }

  private evaluated(texts: readonly (string | undefined)[]): void {
    const text = texts.map(part => part ?? 'x').join(' ')
    this.spend(text.length / 10)
    for (const item of parseShell(text).items) this.visit(item)
  }

  private program(name: string, command: Simple, args: readonly (string | undefined)[]): void {
    const kind = this.kind(name)
    if (kind === undefined) this.effects.prints = true
    const isPassedOn = name === 'xargs' && args.some(arg => this.kind(arg ?? '') === 'rules')
    if (isPassedOn) this.effects.touchesRules = true
    if (kind !== 'rules') return
    const known = command.words.map(word => plainText(word) ?? '').concat(args.map(arg => arg ?? ''))
    if (this.programs.isListing(known)) this.effects.prints = true
    else this.effects.touchesRules = true
  }

  private kind(name: string): 'rules' | 'other' | undefined {
    return this.programs.kind(name.replace(/^.*\//, ''))
  }

  private word(word: ShellWord): void {
    for (const part of word.parts) {
      if (part.kind === 'command') this.visit(part.body)
      if (part.kind === 'variable' && /^[1-9@*#]$/.test(part.name))
        this.effects.readsArguments ||= this.functionDepth === 0 && !this.effects.setsArguments
    }
  }

  /** The word's text as far as it is known now: undefined if not, nothing if it would vanish. */
  private resolved(word: ShellWord): readonly (string | undefined)[] {
    const text = word.parts.map(part => this.partText(part))
    if (text.includes(undefined)) return [undefined]
    const joined = text.join('')
    if (word.parts.every(part => part.kind === 'text' || part.quoted)) return [joined]
    return joined.trim() === '' ? [] : joined.trim().split(/\s+/)
  }

  private partText(part: Part): string | undefined {
    if (part.kind === 'text') return part.text
    if (part.kind !== 'variable' || part.operator !== '') return undefined
    const text = this.environment.variables.get(part.name)
    return text !== undefined && /\ue000/.test(text) ? undefined : text
  }
}

function setsArguments(name: string, args: readonly (string | undefined)[]): boolean {
  return name === 'shift' || (name === 'set' && args.some(arg => arg === '--' || !/^[-+]./.test(arg ?? '')))
}

function writtenIn({ parts }: ShellWord): string {
  return parts.map(part => (part.kind === 'text' ? part.text : '0')).join('')
}
