import type { Environment } from './environment.ts'
import { parseShell } from './parse.ts'
import type { RulePrograms } from './runtime.ts'
import { type Command, type Part, plainText, type ShellWord, type Simple } from './syntax.ts'

/** What a piece of the script would do if it were run; said without running it, and rather too much than too little. */
export interface Effects {
  /** Runs a program that changes the rules, or may. */
  touchesRules: boolean
  /** Ends the script, the function or the loop. */
  leaves: boolean
  readonly assigned: Set<string>
}

const MAX_DEPTH = 300
const PREFIXES = ['sudo', 'command', 'exec', 'time', 'nohup', 'builtin']
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
  return finder.effects
}

class EffectFinder {
  readonly effects: Effects = { touchesRules: false, leaves: false, assigned: new Set() }
  private readonly environment: Environment
  private readonly programs: RulePrograms
  private readonly spend: (steps: number) => void
  private readonly visited = new Set<string>()
  private depth = 0
  private functionDepth = 0

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
        for (const item of command.commands) this.visit(item)
        break
      case 'if':
        this.visit(command.condition)
        this.visit(command.then)
        if (command.otherwise !== undefined) this.visit(command.otherwise)
        break
      case 'while':
        this.visit(command.condition)
        this.visit(command.body)
        break
      case 'for':
        this.effects.assigned.add(command.name)
        for (const word of command.words ?? []) this.word(word)
        this.visit(command.body)
        break
      case 'case':
        for (const arm of command.arms) this.visit(arm.body)
        break
      case 'group':
      case 'redirected':
        this.visit(command.body)
        break
      case 'function':
        break
      default:
        command satisfies never
    }
  }

  private simple(command: Simple): void {
    const { effects } = this
    for (const { name, value } of command.assignments) {
      effects.assigned.add(name)
      this.word(value)
    }
    for (const word of command.words) this.word(word)
    const texts = command.words.flatMap(word => this.resolved(word))
    let at = 0
    while (PREFIXES.includes(texts[at] ?? '')) at++
    const name = texts[at]
    if (texts.length <= at) return
    if (name === undefined) {
      effects.touchesRules = true
      return
    }
    const body = this.environment.functions.get(name)
    if (body !== undefined) this.callFunction(name, body)
    else if (name === 'exit') effects.leaves = true
    else if (/^(return|break|continue)$/.test(name)) effects.leaves ||= this.functionDepth === 0
    else if (name === 'eval') this.evaluated(texts.slice(at + 1))
    else if (ASSIGNING.includes(name))
      for (const text of texts.slice(at + 1)) effects.assigned.add(text?.split('=')[0] ?? '')
    else this.program(name, command, texts.slice(at + 1))
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
    if (this.programs.kind(name.replace(/^.*\//, '')) !== 'rules') return
    const known = command.words.map(word => plainText(word) ?? '').concat(args.map(arg => arg ?? ''))
    if (!this.programs.isListing(known)) this.effects.touchesRules = true
  }

  private word(word: ShellWord): void {
    for (const part of word.parts) if (part.kind === 'command') this.visit(part.body)
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
    return text !== undefined && /[\ue000]/.test(text) ? undefined : text
  }
}
