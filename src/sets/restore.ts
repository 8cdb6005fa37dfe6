import type { Diagnostic } from '../diagnostic.ts'
import { addElement, deleteElement, type Refusal } from './change.ts'
import type { ElementKey } from './element.ts'
import { type ElementSet, emptySet, type IpSet, type ListSet } from './ip-set.ts'
import { MAX_RANGE } from './limits.ts'
import { addMember, deleteMember } from './list-members.ts'
import { readElements } from './read-element.ts'
import { readExtensions, readPlace } from './read-extensions.ts'
import { readCreateOptions } from './read-options.ts'
import { checkBitmap, checkName, checkStorable, noSuchType, refused } from './set-checks.ts'
import { SetError, type SetWord } from './set-error.ts'
import type { SetTable } from './set-table.ts'
import { findSetType } from './set-type.ts'
import { SetWords } from './words.ts'

export interface RestoreOptions {
  /** The text's name in diagnostics. */
  readonly file?: string
  readonly nowJiffies: number
  /** Sets that rules name: they can be neither destroyed nor renamed. */
  readonly isInUse: (name: string) => boolean
}

/**
 * Reads what `ipset restore` reads: a command a line. Goes on behind every error, so that all are reported.
 *
 * @returns the sets afterwards, of use only without errors
 */
export function restoreSets(
  text: string,
  base: SetTable,
  options: RestoreOptions,
): { readonly table: SetTable; readonly diagnostics: readonly Diagnostic[] } {
  const reader = new SetReader(base, options)
  const diagnostics: Diagnostic[] = []
  for (const [index, line] of text.split('\n').entries()) {
    try {
      if (!reader.readLine(line)) break
    } catch (error) {
      if (!(error instanceof SetError)) throw error
      const { message, code, help, word } = error
      diagnostics.push({
        severity: 'error',
        ...(options.file !== undefined && { file: options.file }),
        line: index + 1,
        column: word.column,
        message,
        code,
        ...help,
      })
    }
  }
  return { table: reader.table, diagnostics }
}

type Command = 'create' | 'add' | 'del' | 'test' | 'destroy' | 'flush' | 'rename' | 'swap' | 'list' | 'save'

const COMMANDS: { readonly [word: string]: Command } = {
  ...named('create', 'n', '-N', '--create'),
  ...named('add', '-A', '--add'),
  ...named('del', '-D', '--del'),
  ...named('test', '-T', '--test'),
  ...named('destroy', 'x', '-X', '--destroy'),
  ...named('flush', '-F', '--flush'),
  ...named('rename', 'e', '-E', '--rename'),
  ...named('swap', 'w', '-W', '--swap'),
  ...named('list', '-L', '--list'),
  ...named('save', '-S', '--save'),
}

function named(command: Command, ...others: readonly string[]): { readonly [word: string]: Command } {
  return Object.fromEntries([command, ...others].map(word => [word, command]))
}

class SetReader {
  table: SetTable
  private readonly options: RestoreOptions
  private readonly owner = {}

  constructor(table: SetTable, options: RestoreOptions) {
    this.table = table
    this.options = options
  }

  /** @returns false behind `quit` */
  readLine(line: string): boolean {
    if (/^\s*(#|$)/.test(line)) return true
    const { found: exist, words } = SetWords.split(line).without('-exist', '-!')
    const name = words.required('a command')
    if (name.text === 'COMMIT') return true
    if (name.text === 'quit') return false
    const command = name.text === 'ipset' ? words.required('a command') : name
    this.run(commandNamed(command), words, exist)
    return true
  }

  private run(command: Command, words: SetWords, exist: boolean): void {
    switch (command) {
      case 'create':
        this.create(words, exist)
        break
      case 'add':
        this.add(words, exist)
        break
      case 'del':
        this.delete(words, exist)
        break
      case 'destroy':
        for (const name of this.namedOrAll(words)) this.destroy(name)
        break
      case 'flush':
        for (const name of this.namedOrAll(words)) this.flush(name)
        break
      case 'rename':
        this.rename(words)
        break
      case 'swap':
        this.swap(words)
        break
      case 'test':
      case 'list':
      case 'save':
        // they only print
        break
      default:
        command satisfies never
    }
  }

  private create(words: SetWords, exist: boolean): void {
    const name = words.required('the name of the set')
    checkName(name)
    const typeName = words.required('the type of the set')
    const type = findSetType(typeName.text)
    if (type === undefined) throw noSuchType(typeName)
    const options = readCreateOptions(type, words)
    checkBitmap(type, options, typeName)
    const old = this.table.get(name.text)
    if (old === undefined) this.table = this.table.create(name.text, emptySet(type, options), this.owner)
    else if (!exist || old.type !== type || old.options.family !== options.family)
      throw new SetError(
        `set '${name.text}' exists already`,
        name,
        { hint: 'create -exist lets a set of the same type stand' },
        'kernel',
      )
  }

  private add(words: SetWords, exist: boolean): void {
    const { name, set } = this.setNamed(words.required('the name of the set'))
    const element = words.required('the element')
    const { nowJiffies } = this.options
    const read = readExtensions(set.type, set.options, words, nowJiffies)
    if (set.kind === 'list') {
      this.replace(name, addMember(set, this.setNamed(element), read, exist, nowJiffies))
      return
    }
    const addition = { extensions: read.extensions, keepsCounters: read.keepsCounters, exist }
    this.change(name, set, element, (changed, key) => {
      key.isWildcard = read.isWildcard
      return addElement(changed, key, addition, nowJiffies, this.owner)
    })
  }

  private delete(words: SetWords, exist: boolean): void {
    const { name, set } = this.setNamed(words.required('the name of the set'))
    const element = words.required('the element')
    const { nowJiffies } = this.options
    const place = readPlace(set.type, words)
    if (set.kind === 'list') {
      this.replace(name, deleteMember(set, this.setNamed(element).word, place, exist, nowJiffies))
      return
    }
    this.change(name, set, element, (changed, key) => {
      const rest = deleteElement(changed, key, nowJiffies, this.owner)
      return rest === 'missing' && exist ? changed : rest
    })
  }

  private change(
    name: string,
    set: ElementSet,
    word: SetWord,
    apply: (set: ElementSet, key: ElementKey) => ElementSet | Refusal,
  ): void {
    let changed = set
    let count = 0
    for (const key of readElements(set.type, set.options, word)) {
      if (++count > MAX_RANGE) throw new SetError('the range is too large', word, {}, 'kernel')
      checkStorable(set, key, word)
      const next = apply(changed, key)
      if (typeof next === 'string') throw refused(next, word, set)
      changed = next
    }
    this.replace(name, changed)
  }

  private replace(name: string, set: IpSet): void {
    this.table = this.table.replace(name, set, this.owner)
  }

  private destroy(name: SetWord): void {
    if (this.isReferenced(name.text))
      throw new SetError(
        `set '${name.text}' cannot be destroyed: it is in use`,
        name,
        { hint: 'a rule or a list names it' },
        'kernel',
      )
    this.table = this.table.destroy(name.text, this.owner)
  }

  private flush(name: SetWord): void {
    const { type, options } = this.table.get(name.text)!
    this.replace(name.text, emptySet(type, options))
  }

  private rename(words: SetWords): void {
    const from = this.setNamed(words.required('the name of the set'))
    const to = words.required('the new name')
    words.end()
    checkName(to)
    if (this.isReferenced(from.name))
      throw new SetError(`set '${from.name}' cannot be renamed: it is in use`, from.word, {}, 'kernel')
    if (this.table.has(to.text)) throw new SetError(`set '${to.text}' exists already`, to, {}, 'kernel')
    this.table = this.table.rename(from.name, to.text, this.owner)
  }

  private swap(words: SetWords): void {
    const first = this.setNamed(words.required('the name of the set'))
    const second = this.setNamed(words.required('the other set'))
    words.end()
    if (first.set.type !== second.set.type || first.set.options.family !== second.set.options.family)
      throw new SetError('the sets cannot be swapped: their types differ', second.word, {}, 'kernel')
    this.table = this.table.swap(first.name, second.name, this.owner)
  }

  /** `destroy` and `flush` without a name mean every set, lists first. */
  private namedOrAll(words: SetWords): readonly SetWord[] {
    const word = words.next()
    words.end()
    if (word !== undefined) return [this.setNamed(word).word]
    const names = this.table.names()
    const isList = (name: string): boolean => this.table.get(name)?.kind === 'list'
    return [...names.filter(isList), ...names.filter(name => !isList(name))].map(text => ({
      text,
      column: 1,
    }))
  }

  private setNamed(word: SetWord): { readonly name: string; readonly set: IpSet; readonly word: SetWord } {
    const set = this.table.get(word.text)
    if (set !== undefined) return { name: word.text, set, word }
    throw new SetError(`there is no set '${word.text}'`, word, { hint: 'create it first' }, 'kernel')
  }

  private isReferenced(name: string): boolean {
    return this.options.isInUse(name) || this.lists().some(list => list.members.some(m => m.name === name))
  }

  private lists(): ListSet[] {
    return this.table
      .names()
      .map(name => this.table.get(name)!)
      .filter(set => set.kind === 'list')
  }
}

function commandNamed(word: SetWord): Command {
  const command = Object.hasOwn(COMMANDS, word.text) ? COMMANDS[word.text] : undefined
  if (command !== undefined) return command
  throw new SetError(`unknown command '${word.text}'`, word, {
    expected: 'create, add, del, destroy, flush, rename or swap',
  })
}
