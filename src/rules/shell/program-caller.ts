import type { Word } from '../words.ts'
import { BUILTINS } from './builtins.ts'
import { innerCommand, isElsewhere, type ShellCall, shellCall } from './prefixes.ts'
import type { Io, ShellRuntime, Unset } from './runtime.ts'
import { type Status, SUCCESS } from './status.ts'
import { isTool, runTool } from './tools/index.ts'
import { type Origin, withoutMarks } from './unknowns.ts'

/** Calls what is not a function of the script: builtins, programs for rules, text tools; the rest is not run. */
export class ProgramCaller {
  private readonly shell: ShellRuntime

  constructor(shell: ShellRuntime) {
    this.shell = shell
  }

  /** @param unset the variables in the words that are not set */
  call(words: readonly Word[], unset: readonly Unset[], io: Io): Status {
    const { shell } = this
    const first = words[0]!
    const builtin = BUILTINS.get(first.text)
    if (builtin !== undefined) return builtin(shell, words, io)
    // of Red Hat's /etc/init.d/functions: says something, and runs a command
    if (first.text === 'action' && words.length > 2) return shell.runWords(words.slice(2), io)
    const texts = words.map(({ text }) => text)
    const inner = innerCommand(texts)
    if (inner !== undefined) return shell.runWords(words.slice(inner), io)
    const called = shellCall(texts)
    if (called !== undefined) return this.callShell(called, words, unset, io)
    // a blank is missing behind the bracket: there is no such program
    if (/^\[[^[]/.test(first.text)) {
      shell.warn(`program ${first.text}`, `there is no program '${first.text}'`, first)
      return { code: 127 }
    }
    const kind = shell.programs.kind(programOf(first))
    if (kind === 'other') return this.callOtherFamily(words, io)
    return kind === 'rules' ? this.callRules(words, unset, io) : this.callOther(words, unset, io)
  }

  /** `sh -c …`: a shell of its own, with nothing but the variables of this one. */
  private callShell(called: ShellCall, words: readonly Word[], unset: readonly Unset[], io: Io): Status {
    const { shell } = this
    const { text, file, args } = called
    const script = text ?? (file === undefined ? io.input?.readAll() : shell.readFile(file))
    if (script === undefined || shell.isUnknown(script)) return this.notRun(words, unset, io)
    return shell.runApart(script, args, words[0]!, io)
  }

  private callRules(words: readonly Word[], unset: readonly Unset[], io: Io): Status {
    const { shell } = this
    if (shell.takesAll && !this.isKnown(words, unset)) return SUCCESS
    let isSound = true
    for (const word of words) {
      const origin = shell.unknowns.find(word.text)
      if (origin === undefined) continue
      shell.refuseUse(origin, word)
      isSound = false
    }
    const file = isSound ? shell.programs.fileOf(words[0]!, words.slice(1)) : undefined
    const input = file === undefined ? io.input : shell.open(file.text, file)
    const isRead = /-restore$/.test(words[0]!.text) && !shell.takesAll
    const read = isRead ? shell.unknowns.find(input?.text ?? '') : undefined
    if (read !== undefined) {
      shell.refuseUse(read, words[0]!)
      isSound = false
    }
    for (const { name, word } of unset) {
      shell.refuse(`'$${name}' is not set`, word, 'ParseOptions.shell.variables can give it a value')
    }
    if (!isSound) return SUCCESS
    return this.callKnown(words, input, { ...io, isBlamed: unset.length > 0 })
  }

  /** Of the other family: how it ends is known if its words are. */
  private callOtherFamily(words: readonly Word[], io: Io): Status {
    const { shell } = this
    const isKnown = !words.some(({ text }) => shell.isUnknown(text))
    const file = isKnown ? shell.programs.fileOf(words[0]!, words.slice(1)) : undefined
    const input = file === undefined ? io.input : shell.open(file.text, file)
    const isRead = /-restore$/.test(words[0]!.text)
    if (isKnown && !shell.takesAll && !(isRead && (input === undefined || shell.isUnknown(input.text))))
      return this.callKnown(words, input, io)
    shell.programs.pass()
    return SUCCESS
  }

  private callKnown(words: readonly Word[], input: Io['input'], io: Io): Status {
    const { shell } = this
    const before = io.output.length
    const saidBefore = io.errors?.length
    const target = shell.programs.savesTo(words[0]!, words.slice(1))
    const output = target === undefined ? io.output : shell.create(target.text, target)
    const code = shell.programs.call(words[0]!, words.slice(1), { ...io, input, output })
    // what it says of most mistakes is not known
    if (code !== 0 && io.errors?.length === saidBefore)
      io.errors?.write(shell.unknowns.mark(shell.originOf(words)), words[0]!)
    const isHelp = code === 0 && words.some(({ text }) => /^(?:-h|--help)$/.test(text))
    if (isHelp) io.output.write(shell.unknowns.mark(shell.originOf(words)), words[0]!)
    shell.spend(10 + (io.output.length - before + (input?.length ?? 0)) / 100)
    return { code }
  }

  /** Is all of the command known? What is not can only be passed over. */
  private isKnown(words: readonly Word[], [unset]: readonly Unset[]): boolean {
    const { shell } = this
    const unknown = words.find(({ text }) => shell.isUnknown(text))
    if (unset === undefined && unknown === undefined) return true
    const what =
      unset === undefined
        ? `what '${shell.unknowns.find(unknown!.text)!.command}' prints`
        : `'$${unset.name}'`
    const { line, column } = words[0]!
    shell.warn(`left out ${line}:${column}`, `left out: ${what} is not known here`, words[0]!)
    return false
  }

  private callOther(words: readonly Word[], unset: readonly Unset[], io: Io): Status {
    const { shell } = this
    const args = words.slice(1).map(({ text }) => text)
    // a tool that is given something unknown passes the doubt on
    let doubt = shell.unknowns.find(args.join(' '))
    const known = (text: string | undefined): string | undefined => {
      const origin = text === undefined ? undefined : shell.unknowns.find(text)
      doubt ??= origin
      return origin === undefined ? text : undefined
    }
    const readInput = (): string | undefined => {
      const text = io.input?.readAll()
      shell.spend((text?.length ?? 0) / 100)
      return known(text)
    }
    const result = runTool(programOf(words[0]!), args, readInput, path => known(shell.readFile(path)))
    if (doubt !== undefined && (result !== undefined || isTool(programOf(words[0]!))))
      return this.passOn(doubt, words, io)
    if (result === undefined) return this.notRun(words, unset, io)
    if (result.output !== '') io.output.write(result.output, words[0]!)
    return { code: result.code }
  }

  private passOn(origin: Origin, words: readonly Word[], io: Io): Status {
    io.output.write(this.shell.unknowns.mark(origin), words[0]!)
    return { code: 0, origin }
  }

  /** A program that nobody starts. */
  notRun(words: readonly Word[], unset: readonly Unset[], io: Io): Status {
    const { shell } = this
    const first = words[0]!
    const texts = words.map(({ text }) => text)
    const isKnown = shell.unknowns.find(texts.join(' ')) === undefined
    const isProgram = !first.text.startsWith('-')
    const output = isKnown && isProgram ? shell.options.commandOutput?.(texts) : undefined
    if (output !== undefined) {
      io.output.write(withoutMarks(output), first)
      return SUCCESS
    }
    const program = programOf(first)
    if (!this.mayBeRules(words)) shell.warn(`program ${program}`, `'${program}' is not run`, first)
    else if (unset[0] === undefined) shell.refuse(`'${program}' is not run`, first)
    else shell.refuse(`'$${unset[0].name}' is not set`, first)
    // the name of the program was missing before an option
    if (!isProgram) return { code: 127 }
    return this.passOn(shell.originOf(words), words, io)
  }

  /** `ebtables …`, `-A …` behind an empty variable, `xargs iptables -A …`: too close to be passed over. */
  private mayBeRules(words: readonly Word[]): boolean {
    if (isElsewhere(words.map(({ text }) => text))) return false
    // the lines of iptables-save text, which is no script
    if (/^(?:[-*:[]|COMMIT$)/.test(words[0]!.text)) return true
    if (/^-|^ip6?tab|tables/.test(programOf(words[0]!))) return true
    return words.some(
      (word, index) =>
        index > 0 &&
        this.shell.programs.kind(programOf(word)) === 'rules' &&
        words[index + 1]?.text.startsWith('-') === true,
    )
  }
}

function programOf({ text }: Word): string {
  return text.replace(/^.*\//, '')
}
