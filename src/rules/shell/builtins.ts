import type { Word } from '../words.ts'
import { type ConditionContext, evaluateCondition } from './condition.ts'
import { getopts } from './getopts.ts'
import { escapesOf, formatted } from './printing.ts'
import { fill, read, readLines } from './reading.ts'
import { type Io, Jump, type ShellRuntime } from './runtime.ts'
import { FAILURE, type Status, SUCCESS, statusOf } from './status.ts'
import { hasOpenEnd } from './unknowns.ts'
import { xargs } from './xargs.ts'

/** @param words with the builtin's own name */
export type Builtin = (shell: ShellRuntime, words: readonly Word[], io: Io) => Status

const nothing: Builtin = () => SUCCESS

/** Commands that the shell itself carries out (POSIX 2.14 and XCU). */
export const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', nothing],
  ['true', nothing],
  ['false', () => FAILURE],
  ['cd', nothing],
  ['umask', nothing],
  ['ulimit', nothing],
  ['wait', nothing],
  ['hash', nothing],
  ['exit', jumpWith('exit')],
  ['return', jumpWith('return')],
  ['break', leaveLoops('break')],
  ['continue', leaveLoops('continue')],
  ['echo', echo],
  ['printf', printf],
  ['read', read],
  ['test', (shell, words) => condition(shell, words, words.slice(1))],
  ['[', (shell, words) => condition(shell, words, words.slice(1, -1))],
  ['[[', (shell, words) => condition(shell, words, words.slice(1, -1))],
  ['set', set],
  ['shift', shift],
  ['export', declare],
  ['readonly', declare],
  ['declare', declare],
  ['typeset', declare],
  ['local', declare],
  ['unset', unset],
  ['let', evaluate],
  ['getopts', getopts],
  ['trap', trap],
  ['mapfile', readLines],
  ['readarray', readLines],
  ['eval', (shell, words, io) => shell.runText(texts(words).slice(1).join(' '), words[0]!, io)],
  ['.', source],
  ['source', source],
  ['exec', (shell, words, io) => (words.length === 1 ? SUCCESS : leave(shell.runWords(words.slice(1), io)))],
  ['command', command],
  ['which', find],
  ['type', find],
  ['xargs', xargs],
])

function texts(words: readonly Word[]): string[] {
  return words.map(({ text }) => text)
}

function jump(kind: Jump['kind'], levels: number, status = SUCCESS): never {
  throw new Jump(kind, Number.isInteger(levels) ? levels : 1, status)
}

function jumpWith(kind: 'exit' | 'return'): Builtin {
  return (shell, words) => {
    if (shell.takesAll) return SUCCESS
    const text = words[1]?.text
    const origin = shell.unknowns.find(text ?? '')
    const status = origin === undefined ? { code: Number(text) & 255 } : { code: 0, origin }
    return jump(kind, 1, text === undefined ? shell.status : status)
  }
}

/** Outside of loops they do nothing. */
function leaveLoops(kind: 'break' | 'continue'): Builtin {
  return (shell, words) =>
    shell.loops === 0 ? SUCCESS : jump(kind, Math.min(Number(words[1]?.text ?? 1), shell.loops))
}

function leave(status: Status): never {
  return jump('exit', 1, status)
}

function echo(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const args = texts(words).slice(1)
  let ends = '\n'
  let isEscaped = !shell.isBash
  while (/^-[neE]+$/.test(args[0] ?? '')) {
    const option = args.shift()!
    if (option.includes('n')) ends = ''
    if (option.includes('e')) isEscaped = true
  }
  const text = args.join(' ')
  io.output.write((isEscaped ? escapesOf(text) : text) + ends, words[0]!)
  return SUCCESS
}

function printf(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const all = texts(words).slice(1)
  // bash: into a variable
  const [name, from] = all[0] === '-v' ? [all[1], 2] : [undefined, all[0] === '--' ? 1 : 0]
  const [format = '', ...args] = all.slice(from)
  shell.spend((format.length * (args.length + 1)) / 10)
  const text = formatted(format, args)
  if (text === undefined) shell.refuse(`'printf' with '${format}' is not supported`, words[0]!)
  else if (name === undefined) io.output.write(text, words[0]!)
  else shell.environment.assign(name, text)
  return SUCCESS
}

/** bash: `let "i = 1"` … as `((i = 1))` */
function evaluate(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const expressions = texts(words).slice(1)
  return shell.runText(expressions.map(text => `((${text}))`).join('\n'), words[0]!, io)
}

function condition(shell: ShellRuntime, words: readonly Word[], inside: readonly Word[]): Status {
  const name = words[0]!.text
  const origin = shell.originOf(words)
  const context: ConditionContext = {
    number: text => (name === '[[' ? shell.number(text, words[0]!) : Number(text.trim() || 'none')),
    isSet: target => shell.isSet(target),
    unknown: text => shell.unknowns.find(text),
    unsupported: text => ({ ...origin, command: text }),
    found: groups => fill(shell, 'BASH_REMATCH', groups),
    file(operator, path) {
      const doubt = shell.unknowns.find(path)
      if (doubt !== undefined) return { code: 1, origin: doubt }
      const program = path.replace(/^.*\//, '')
      if (path === '/dev/null' || shell.programs.kind(program) !== undefined) return SUCCESS
      const text = shell.readFile(path)
      if (text !== undefined) return statusOf(operator !== '-d' && (operator !== '-s' || text !== ''))
      shell.warn(`file ${path}`, `'${path}' is taken not to exist`, origin)
      return { code: 1, origin, isGuess: true }
    },
  }
  // words that may be many, or none, leave nothing to evaluate
  const open = words.find(({ text }) => hasOpenEnd(text))
  if (open !== undefined) return { code: 1, origin: shell.unknowns.find(open.text)! }
  return evaluateCondition(texts(inside), context, name === '[[')
}

const OPTION_LETTERS: Readonly<Record<string, string>> = { errexit: 'e', nounset: 'u' }

/** `set -- a b`; of the options, `-e`, `-u` and `-o pipefail` change something here. */
function set(shell: ShellRuntime, words: readonly Word[]): Status {
  const args = texts(words).slice(1)
  const { options } = shell.environment
  let at = 0
  for (; /^[-+]./.test(args[at] ?? '') && args[at] !== '--'; at++) {
    const word = args[at]!
    const names = [...word.slice(1)].filter(letter => letter !== 'o')
    if (word.includes('o')) names.push(OPTION_LETTERS[args[++at] ?? ''] ?? args[at] ?? '')
    for (const name of names)
      if (word.startsWith('-')) options.add(name)
      else options.delete(name)
  }
  if (args[at] === '--') shell.environment.args = args.slice(at + 1)
  else if (at < args.length) shell.environment.args = args.slice(at)
  return SUCCESS
}

/** `trap command EXIT`: nobody sends signals here. */
function trap(shell: ShellRuntime, words: readonly Word[]): Status {
  const [action = '', ...conditions] = texts(words).slice(1)
  const place = words[1] ?? words[0]!
  for (const condition of conditions) {
    if (/^(ERR|DEBUG|RETURN)$/.test(condition)) shell.refuse(`'trap … ${condition}' is not supported`, place)
    if (condition !== 'EXIT' && condition !== '0') continue
    shell.environment.exitTrap = action === '-' || action === '' ? undefined : { text: action, place }
  }
  return SUCCESS
}

function shift({ environment, unknowns }: ShellRuntime, words: readonly Word[]): Status {
  const done = environment.shift(Number(words[1]?.text ?? 1))
  return typeof done === 'boolean' ? statusOf(done) : { code: 0, origin: unknowns.find(done)! }
}

function declare(shell: ShellRuntime, words: readonly Word[]): Status {
  const { environment } = shell
  const isLocal = words[0]!.text === 'local' || (/^[dt]/.test(words[0]!.text) && environment.isInFunction)
  const options = texts(words)
    .filter(text => /^-[A-Za-z]+$/.test(text))
    .join('')
  const unsupported = /^[dt]|^local/.test(words[0]!.text) ? /[nilu]/.exec(options)?.[0] : undefined
  if (unsupported !== undefined)
    shell.refuse(`'${words[0]!.text} -${unsupported}' is not supported`, words[0]!)
  for (const text of texts(words).slice(1)) {
    const [, name, equals, value = ''] = /^([A-Za-z_]\w*)(=?)([\s\S]*)$/.exec(text) ?? []
    if (name === undefined) continue
    if (isLocal && !options.includes('g')) environment.makeLocal(name, shell.isBash)
    if (options.includes('A')) environment.associative.add(name)
    if (equals === '=') environment.set(name, value)
  }
  return SUCCESS
}

function unset({ environment }: ShellRuntime, words: readonly Word[]): Status {
  for (const name of texts(words).slice(1)) {
    if (words[1]?.text === '-f') environment.functions.delete(name)
    else environment.assign(name, undefined)
  }
  return SUCCESS
}

/** `. file`: its text, if somebody knows it. */
function source(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const path = words[1]?.text ?? ''
  const text = shell.readFile(path)
  const { environment } = shell
  const outer = environment.args
  // sh has no arguments for it
  if (text !== undefined && shell.isBash && words.length > 2) {
    environment.args = texts(words).slice(2)
    const status = shell.runText(text, words[0]!, io)
    environment.args = outer
    return status
  }
  if (text !== undefined) return shell.runText(text, words[0]!, io)
  shell.warn(`. ${path}`, `'${path}' is not read`, words[0]!)
  shell.forgetUnset(words)
  return SUCCESS
}

function command(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  if (words[1]?.text.startsWith('-')) return find(shell, words, io)
  return words.length === 1 ? SUCCESS : shell.runWords(words.slice(1), io)
}

/** `which iptables`, `command -v iptables` */
function find(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const name = words.slice(1).find(({ text }) => !text.startsWith('-'))?.text ?? ''
  const program = name.replace(/^.*\//, '')
  const isOwn = BUILTINS.has(name) || shell.environment.functions.has(name)
  if (!isOwn && shell.programs.kind(program) === undefined) return shell.notRun(words, io)
  io.output.write(`${isOwn || name.includes('/') ? name : `/sbin/${name}`}\n`, words[0]!)
  return SUCCESS
}
