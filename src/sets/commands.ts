/** The commands of ipset, and the switches that may stand anywhere in a line: `ipset_commands`, `ipset_envopts` of its lib. */
import { SetError, type SetWord } from './set-error.ts'
import type { SetWords } from './words.ts'

export type Command =
  | 'create'
  | 'add'
  | 'del'
  | 'test'
  | 'destroy'
  | 'list'
  | 'save'
  | 'flush'
  | 'rename'
  | 'swap'
  | 'quit'

/** In the order in which ipset looks for them: a word that is the beginning of several is the first. */
const COMMANDS: readonly (readonly [Command | 'restore' | 'help' | 'version', ...others: string[]])[] = [
  ['create', 'new', '-N'],
  ['add', '-A'],
  ['del', '-D'],
  ['test', '-T'],
  ['destroy', 'x', '-X'],
  ['list', '-L'],
  ['save', '-S'],
  ['restore', '-R'],
  ['flush', '-F'],
  ['rename', 'e', '-E'],
  ['swap', 'w', '-W'],
  ['help', '-H'],
  ['version', '-V'],
  ['quit'],
]

/** @throws SetError for what is no command of a restore text */
export function commandNamed(word: SetWord): Command {
  const text = word.text.replace(/^--/, '')
  const found = COMMANDS.find(names =>
    names.some(name => (name.startsWith('-') ? name === word.text : text !== '' && name.startsWith(text))),
  )
  const name = found?.[0]
  if (name === undefined)
    throw new SetError(`unknown command '${word.text}'`, word, {
      expected: 'create, add, del, destroy, flush, rename or swap',
    })
  if (name === 'restore' || name === 'help' || name === 'version')
    throw new SetError(`${name} has no place in the text of a restore`, word)
  return name
}

/** Takes the switches out of a line. The others than `-exist` are about what ipset prints. */
export function withoutSwitches(words: SetWords): { readonly exist: boolean; readonly words: SetWords } {
  let exist = false
  const rest = words.filter((word, before) => {
    if (before !== undefined && WITH_ARGUMENT.test(before.text)) return false
    exist ||= /^--?(exist|!)$/.test(word.text)
    return !SWITCHES.test(word.text)
  })
  return { exist, words: rest }
}

const WITH_ARGUMENT = /^--?(output|o|file|f)$/
const SWITCHES = /^--?(exist|!|quiet|q|resolve|r|sorted|s|name|n|terse|t|output|o|file|f)$/
