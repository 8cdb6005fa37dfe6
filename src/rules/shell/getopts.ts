import type { Word } from '../words.ts'
import type { Io, ShellRuntime } from './runtime.ts'
import { FAILURE, type Status, SUCCESS } from './status.ts'

/** `getopts optstring name [args]` (POSIX): one option each time. */
export function getopts(shell: ShellRuntime, words: readonly Word[], io: Io): Status {
  const { environment } = shell
  const [, { text: wanted } = { text: '' }, { text: name } = { text: '' }, ...given] = words
  const args = given.length > 0 ? given.map(({ text }) => text) : environment.args
  const doubt = args.map(text => shell.unknowns.find(text)).find(origin => origin !== undefined)
  if (doubt !== undefined) {
    for (const variable of [name, 'OPTARG', 'OPTIND']) environment.set(variable, shell.unknowns.mark(doubt))
    return { code: 0, origin: doubt }
  }
  const index = Number(environment.variables.get('OPTIND') || 1)
  const at = index === environment.optionAt.index ? environment.optionAt.letter : 1
  const word = args[index - 1] ?? ''
  if (at === 1 && (!/^-./.test(word) || word === '--')) {
    environment.set('OPTIND', String(word === '--' ? index + 1 : index))
    environment.set(name, '?')
    environment.set('OPTARG', undefined)
    return FAILURE
  }
  const letter = word[at]!
  const known = letter === ':' ? -1 : wanted.replace(/^:/, '').indexOf(letter)
  const takesValue = known >= 0 && wanted.replace(/^:/, '')[known + 1] === ':'
  const isLast = at + 1 >= word.length
  let next = isLast || takesValue ? index + 1 : index
  let value: string | undefined
  let found = known < 0 ? '?' : letter
  if (takesValue && !isLast) value = word.slice(at + 1)
  else if (takesValue && index < args.length) value = args[next++ - 1]
  else if (takesValue || known < 0) {
    if (takesValue) found = wanted.startsWith(':') ? ':' : '?'
    if (wanted.startsWith(':')) value = letter
    else if (!io.isMuted)
      shell.warn(
        `getopts ${letter}`,
        `getopts: '-${letter}' is no option here, or lacks its value`,
        words[0]!,
      )
  }
  environment.set('OPTIND', String(next))
  environment.optionAt = { index: next, letter: next === index ? at + 1 : 1 }
  environment.set(name, found)
  environment.set('OPTARG', value)
  return SUCCESS
}
