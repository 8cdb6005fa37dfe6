import type { Diagnostic } from '../diagnostic.ts'
import type { Refusal } from './addition.ts'
import { addElement, deleteElement } from './change.ts'
import { type Command, commandNamed, withoutSwitches } from './commands.ts'
import type { ElementKey } from './element.ts'
import { type ElementSet, emptySet, type IpSet, type ListSet } from './ip-set.ts'
import { MAX_RANGE } from './limits.ts'
import { addMember, deleteMember } from './list-members.ts'
import { readElements } from './read-element.ts'
import { readExtensions, readPlace } from './read-extensions.ts'
import { readCreateOptions } from './read-options.ts'
import { checkName, checkStorable, fitBitmap, isSame, noSuchType, refused } from './set-checks.ts'
import { SetError, type SetWord } from './set-error.ts'
import type { SetTable } from './set-table.ts'
import { findSetType } from './set-type.ts'
import { isInSet } from './test-element.ts'
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

interface Batch {
  readonly command: Command
  readonly setName: string
  /** `-exist` of its first line. */
  readonly exist: boolean
  /** As they were before it: `quit` goes without sending it. */
  readonly before: SetTable
}

class SetReader {
  table: SetTable
  private readonly options: RestoreOptions
  private owner = {}
  /** `-exist`: it stays on for all lines behind. */
  private exist = false
  /** Additions to one set, or deletions from one, that ipset sends together. */
  private batch: Batch | undefined

  constructor(table: SetTable, options: RestoreOptions) {
    this.table = table
    this.options = options
  }

  /** @returns false behind `quit` */
  readLine(line: string): boolean {
    if (/^\s*(#|$)/.test(line)) return true
    const { exist, words } = withoutSwitches(SetWords.split(line))
    if (exist) this.exist = true
    const first = words.required('a command')
    if (/^\s*COMMIT\r?$/.test(line)) {
      this.batch = undefined
      return true
    }
    const command = commandNamed(first.text === 'ipset' ? words.required('a command') : first)
    return this.run(command, words)
  }

  /** @returns whether there is more to read */
  private run(command: Command, words: SetWords): boolean {
    if (command === 'quit') {
      this.table = this.batch?.before ?? this.table
      return false
    }
    if (command !== 'add' && command !== 'del') this.batch = undefined
    switch (command) {
      case 'create':
        this.create(words)
        return true
      case 'add':
        this.add(words)
        return true
      case 'del':
        this.delete(words)
        return true
      case 'destroy':
        this.destroy(this.namedOrAll(words))
        return true
      case 'flush':
        for (const name of this.namedOrAll(words)) this.flush(name)
        return true
      case 'rename':
        this.rename(words)
        return true
      case 'swap':
        this.swap(words)
        return true
      case 'test':
        this.test(words)
        return false
      case 'list':
      case 'save':
        // they only print
        this.namedOrAll(words)
        return true
      default:
        return command satisfies never
    }
  }

  /** ipset sends what is added to one set in one message, which has the `-exist` of its first line. */
  private mayExist(command: Command, setName: string): boolean {
    if (this.batch?.command !== command || this.batch.setName !== setName) {
      // what belongs to the old owner is never written to again, so that it can be gone back to
      this.owner = {}
      this.batch = { command, setName, exist: this.exist, before: this.table }
    }
    return this.batch.exist
  }

  private create(words: SetWords): void {
    const name = words.required('the name of the set')
    checkName(name)
    const typeName = words.required('the type of the set')
    const type = findSetType(typeName.text)
    if (type === undefined) throw noSuchType(typeName)
    const options = fitBitmap(type, readCreateOptions(type, words), typeName)
    const old = this.table.get(name.text)
    if (old === undefined) this.table = this.table.create(name.text, emptySet(type, options), this.owner)
    else if (!this.exist || old.type !== type || !isSame(old.options, options))
      throw new SetError(
        `set '${name.text}' exists already`,
        name,
        { hint: 'create -exist lets a set of the same type stand' },
        'kernel',
      )
  }

  private add(words: SetWords): void {
    const { name, set } = this.setNamed(words.required('the name of the set'))
    const element = words.required('the element')
    const { nowJiffies } = this.options
    const read = readExtensions(set.type, set.options, words, nowJiffies)
    const exist = this.mayExist('add', name)
    if (set.kind === 'list') {
      this.replace(name, addMember(set, this.setNamed(element), read, exist, nowJiffies))
      return
    }
    const { extensions, keeps, seconds } = read
    const addition = { extensions, keeps, seconds, exist }
    this.change(name, set, element, (changed, key) => {
      key.isWildcard = read.isWildcard
      return addElement(changed, key, addition, nowJiffies, this.owner)
    })
  }

  private delete(words: SetWords): void {
    const { name, set } = this.setNamed(words.required('the name of the set'))
    const element = words.required('the element')
    const { nowJiffies } = this.options
    const place = readPlace(set.type, words)
    const exist = this.mayExist('del', name)
    if (set.kind === 'list') {
      this.replace(name, deleteMember(set, this.setNamed(element), place, exist, nowJiffies))
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
      if (typeof next === 'string') throw refused(next, word, set, this.exist && this.batch?.exist === false)
      changed = next
    }
    this.replace(name, changed)
  }

  /** What is there ends the text well: ipset warns that it is there, and goes. @throws SetError for what is not */
  private test(words: SetWords): void {
    const { set } = this.setNamed(words.required('the name of the set'))
    const element = words.required('the element')
    const { nowJiffies } = this.options
    if (!isInSet(set, element, words, nowJiffies))
      throw new SetError(`'${element.text}' is not in the set`, element, {}, 'kernel')
  }

  private replace(name: string, set: IpSet): void {
    this.table = this.table.replace(name, set, this.owner)
  }

  /** All of them, or none while one is in use. */
  private destroy(names: readonly SetWord[]): void {
    for (const name of names)
      if (this.isReferenced(name.text))
        throw new SetError(
          `set '${name.text}' cannot be destroyed: it is in use`,
          name,
          { hint: 'a rule or a list names it' },
          'kernel',
        )
    for (const { text } of names) this.table = this.table.destroy(text, this.owner)
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

  /** `destroy` and `flush` without a name mean every set. */
  private namedOrAll(words: SetWords): readonly SetWord[] {
    const word = words.next()
    words.end()
    if (word !== undefined) return [this.setNamed(word).word]
    return this.table.names().map(text => ({ text, column: 1 }))
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
