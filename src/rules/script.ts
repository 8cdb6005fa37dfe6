import type { Family } from '../address.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { parseCommand } from './command-parser.ts'
import { diagnosticOf, RuleError } from './rule-error.ts'
import type { RulesetDraft } from './ruleset-draft.ts'
import { type ShellToken, shellTokens } from './shell.ts'
import type { Word } from './words.ts'

/** Programs that have nothing to do with the rules: not run, and a warning says so. */
const IGNORED = [
  'set',
  'echo',
  'printf',
  'modprobe',
  'sysctl',
  'exit',
  'sleep',
  'ip',
  'ipset',
  'service',
  'systemctl',
]
/** Words that begin what only a shell can run. The ones that end it (`fi`, `done`) are passed over. */
const CONTROL = [
  'if',
  'for',
  'while',
  'until',
  'case',
  'function',
  'select',
  '{',
  '[',
  '[[',
  '!',
  'test',
  '.',
  'source',
  'eval',
]
const CONTROL_END = ['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}', ';;']

/** `iptables …` with its redirections taken off. */
interface SimpleCommand {
  readonly words: readonly Extract<ShellToken, { kind: 'word' }>[]
  /** The operator before it: `&&` and `||` make it depend on the command before. */
  readonly joint: string
  /** Its error messages are thrown away (`2>/dev/null`). */
  readonly muted: boolean
}

/**
 * Reads a script of `iptables` and `ip6tables` commands into a draft, in order, and goes on behind every error.
 * Commands of the other family are passed over. What only a shell could run is an error that says so.
 */
export function readScript(text: string, draft: RulesetDraft): Diagnostic[] {
  const reader = new ScriptReader(draft)
  const commands = simpleCommands(shellTokens(text))
  commands.forEach((command, index) => {
    reader.run(command, commands[index + 1]?.joint)
  })
  return reader.diagnostics
}

class ScriptReader {
  readonly diagnostics: Diagnostic[] = []
  private readonly draft: RulesetDraft
  private succeeded = true

  constructor(draft: RulesetDraft) {
    this.draft = draft
  }

  /** @param nextJoint `||` if the next command is there for the case that this one fails */
  run(command: SimpleCommand, nextJoint: string | undefined): void {
    if (command.joint === '&&' && !this.succeeded) return
    if (command.joint === '||' && this.succeeded) return
    this.succeeded = true
    const start = command.words[0]?.word ?? { text: '', line: 1, column: 1 }
    try {
      this.execute(command)
    } catch (error) {
      const diagnostic = diagnosticOf(error, this.draft.file, start)
      this.succeeded = false
      if (diagnostic.code !== 'kernel') this.diagnostics.push(diagnostic)
      else if (nextJoint !== '||')
        this.diagnostics.push(command.muted ? { ...diagnostic, severity: 'warning' } : diagnostic)
    }
  }

  private execute({ words, joint }: SimpleCommand): void {
    const first = words[0]!
    if (joint === '|' || joint === '(') throw notRun(joint, first.word)
    if (first.plain && CONTROL_END.includes(first.word.text)) return
    const substitution = words.find(word => word.substitution !== undefined)
    if (substitution !== undefined) throw notRun(substitution.substitution!, substitution.word)
    if (first.word.text === 'true' || first.word.text === ':') return
    if (needsShell(first)) throw notRun(first.word.text, first.word)
    const plain = withoutSudo(words.map(({ word }) => word))
    const name = plain[0]
    if (name !== undefined) this.call(name, plain.slice(1))
  }

  private call(name: Word, args: readonly Word[]): void {
    const program = name.text.replace(/^.*\//, '')
    const family = familyOf(program)
    if (family === undefined) this.callOther(program, name)
    else if (family === this.draft.family) {
      const command = parseCommand(args, this.draft.context(undefined), name)
      if (command === undefined) return
      const place = command.tableWord ?? { ...command.word, text: command.table }
      this.draft.openTable(place).apply(command)
    }
  }

  private callOther(program: string, word: Word): void {
    if (/^ip6?tables-(\w+-)?save$/.test(program)) return
    const message = `'${program}' is not run`
    if (!IGNORED.includes(program))
      throw new RuleError(message, word, { code: 'shell', expected: 'iptables or ip6tables' })
    this.diagnostics.push({
      ...diagnosticOf(new RuleError(message, word, { code: 'shell' }), this.draft.file, word),
      severity: 'warning',
    })
  }
}

/** A keyword, an assignment, or the beginning of a function. */
function needsShell({ word, plain }: SimpleCommand['words'][number]): boolean {
  return (plain && CONTROL.includes(word.text)) || /^\w+=|^\w+\(\)/.test(word.text)
}

function notRun(what: string, word: Word): RuleError {
  return new RuleError(`'${what}': this script needs a shell, and scripts are only read`, word, {
    code: 'shell',
    expected: 'plain iptables commands',
    hint: 'run the script in a namespace and take what iptables-save prints',
  })
}

function familyOf(program: string): Family | undefined {
  const found = /^ip(6?)tables(-legacy|-nft)?$/.exec(program)
  return found === null ? undefined : found[1] === '6' ? 6 : 4
}

function withoutSudo(words: readonly Word[]): readonly Word[] {
  if (words[0]?.text !== 'sudo') return words
  const next = words.findIndex((word, index) => index > 0 && !word.text.startsWith('-'))
  return next < 0 ? [] : words.slice(next)
}

/** Groups tokens into commands; redirections are left out. */
function simpleCommands(tokens: readonly ShellToken[]): SimpleCommand[] {
  const commands: SimpleCommand[] = []
  let words: SimpleCommand['words'][number][] = []
  let joint = ''
  let muted = false
  const end = (next: string): void => {
    if (words.length > 0) commands.push({ words, joint, muted })
    // a newline behind && or || does not end the list
    if (words.length > 0 || next !== '\n') joint = next
    words = []
    muted = false
  }
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    if (token.kind === 'word') {
      words.push(token)
      continue
    }
    const operator = token.word.text
    if (!/[<>]/.test(operator)) end(operator)
    else {
      if (/^2>|^&>/.test(operator) && tokens[at + 1]?.word.text === '/dev/null') muted = true
      if (/^2>&/.test(operator)) muted ||= isMutedOutput(tokens, at)
      at++
    }
  }
  end('')
  return commands
}

/** `>/dev/null 2>&1` */
function isMutedOutput(tokens: readonly ShellToken[], at: number): boolean {
  return tokens[at - 1]?.word.text === '/dev/null' && /^1?>/.test(tokens[at - 2]?.word.text ?? '')
}
