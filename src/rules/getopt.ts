import type { OptionSpec } from './extension.ts'
import type { Word } from './words.ts'

/** An option that `getopt_long` may find. `short` is set for iptables' own; extensions' options carry their `spec`. */
export interface LongOption {
  readonly name: string
  readonly argument: 'none' | 'required' | 'optional'
  /** iptables' own option letter. */
  readonly short?: string
  /** The extension's option, and which use of an extension it belongs to. */
  readonly spec?: OptionSpec<object>
  readonly owner?: object
}

export type Parsed =
  | { readonly kind: 'option'; readonly option: LongOption; readonly word: Word; readonly argument?: Word }
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: 'unknown'; readonly word: Word; readonly candidates: readonly string[] }
  | { readonly kind: 'missing'; readonly word: Word }
  | { readonly kind: 'end' }

/** A program's own options: name, letter, and whether an argument follows. */
export function longOptions(
  options: readonly (readonly [name: string, short: string, argument: LongOption['argument']])[],
): LongOption[] {
  return options.map(([name, short, argument]) => ({ name, short, argument }))
}

/**
 * glibc's `getopt_long` with `-` in front of the option string (words that are no options are handed out in order),
 * over a table that grows while the words are read.
 */
export class Getopt {
  private readonly words: readonly Word[]
  private readonly letters: ReadonlyMap<string, LongOption>
  private readonly table: () => readonly LongOption[]
  private next = 0
  /** Inside `-nL`: where in the word the next letter is. */
  private letter = 0

  /**
   * @param letters the short options
   * @param table the long options in the order of precedence; asked again for every word
   */
  constructor(
    words: readonly Word[],
    letters: ReadonlyMap<string, LongOption>,
    table: () => readonly LongOption[],
  ) {
    this.words = words
    this.letters = letters
    this.table = table
  }

  read(): Parsed {
    const word = this.words[this.next]
    if (word === undefined) return { kind: 'end' }
    if (this.letter > 0) return this.readLetter(word)
    if (word.text === '--') {
      this.next++
      return { kind: 'end' }
    }
    if (word.text.startsWith('--')) return this.readLong(word)
    if (word.text.startsWith('-') && word.text !== '-') {
      this.letter = 1
      return this.readLetter(word)
    }
    this.next++
    return { kind: 'word', word }
  }

  /** The last word was unknown; the table has grown: read it again. */
  retry(): void {
    this.next--
    this.letter = 0
  }

  /** The following word, if it does not look like an option or `!` (`xs_has_arg`). */
  takeArgument(): Word | undefined {
    const word = this.words[this.next]
    if (word === undefined || word.text.startsWith('-') || word.text.startsWith('!')) return undefined
    this.next++
    return word
  }

  /** What was left behind `--`. */
  get rest(): readonly Word[] {
    return this.words.slice(this.next)
  }

  private readLong(word: Word): Parsed {
    this.next++
    const equals = word.text.indexOf('=')
    const name = equals < 0 ? word.text.slice(2) : word.text.slice(2, equals)
    const found = lookUp(this.table(), name)
    if (found.length !== 1) return { kind: 'unknown', word, candidates: found.map(option => option.name) }
    const option = found[0]!
    if (equals >= 0) {
      if (option.argument === 'none') return { kind: 'unknown', word, candidates: [] }
      return { kind: 'option', option, word, argument: part(word, equals + 1) }
    }
    if (option.argument !== 'required') return { kind: 'option', option, word }
    const argument = this.words[this.next]
    if (argument === undefined) return { kind: 'missing', word }
    this.next++
    return { kind: 'option', option, word, argument }
  }

  private readLetter(word: Word): Parsed {
    const option = this.letters.get(word.text[this.letter]!)
    this.letter++
    const isLast = this.letter >= word.text.length
    const attached = isLast || option?.argument === 'none' ? undefined : part(word, this.letter)
    if (isLast || attached !== undefined) this.endWord()
    if (option === undefined) {
      if (!isLast && attached === undefined) this.endWord()
      return { kind: 'unknown', word, candidates: [] }
    }
    if (option.argument === 'none') return { kind: 'option', option, word }
    if (attached !== undefined) return { kind: 'option', option, word, argument: attached }
    if (option.argument === 'optional') return { kind: 'option', option, word }
    const argument = this.words[this.next]
    if (argument === undefined) return { kind: 'missing', word }
    this.next++
    return { kind: 'option', option, word, argument }
  }

  private endWord(): void {
    this.next++
    this.letter = 0
  }
}

function part(word: Word, offset: number): Word {
  return { text: word.text.slice(offset), line: word.line, column: word.column + offset }
}

/** An exact name, first in the table, or all different options that it abbreviates. */
function lookUp(table: readonly LongOption[], name: string): readonly LongOption[] {
  const exact = table.find(option => option.name === name)
  if (exact !== undefined) return [exact]
  const candidates: LongOption[] = []
  for (const option of table)
    if (option.name.startsWith(name) && !candidates.some(other => isSame(other, option)))
      candidates.push(option)
  return candidates
}

/** Synonyms do not make an abbreviation ambiguous. */
function isSame(a: LongOption, b: LongOption): boolean {
  return a.short === b.short && a.spec === b.spec && a.owner === b.owner && a.argument === b.argument
}
