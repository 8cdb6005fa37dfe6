import { SetError, type SetWord } from './set-error.ts'

/** The words of one line, taken one by one. Double quotes keep blanks together. */
export class SetWords {
  /** The word taken last; the line's beginning before any. */
  last: SetWord = { text: '', column: 1 }
  private readonly words: readonly SetWord[]
  private at = 0

  private constructor(words: readonly SetWord[]) {
    this.words = words
  }

  /** @throws SetError for a quote that is never closed */
  static split(line: string): SetWords {
    const words: SetWord[] = []
    for (const found of line.matchAll(/"([^"]*)("?)|[^\s"]+/g)) {
      const [whole, quoted, closing] = found
      const word = { text: quoted ?? whole, column: found.index + 1 }
      if (closing === '') throw new SetError('a quote that is never closed', word, { expected: '"' })
      words.push(word)
    }
    return new SetWords(words)
  }

  /** Takes out every occurrence of the words; says whether there was one. */
  without(...texts: readonly string[]): { readonly found: boolean; readonly words: SetWords } {
    const rest = this.words.filter(({ text }) => !texts.includes(text))
    return { found: rest.length < this.words.length, words: new SetWords(rest) }
  }

  next(): SetWord | undefined {
    const word = this.words[this.at]
    if (word === undefined) return undefined
    this.at++
    this.last = word
    return word
  }

  /** @throws SetError when the line ends */
  required(what: string): SetWord {
    const word = this.next()
    if (word === undefined) throw new SetError(`${what} is missing`, this.last)
    return word
  }

  /** What stands behind an option. @throws SetError */
  argument(option: SetWord): SetWord {
    const word = this.next()
    if (word === undefined) throw new SetError(`${option.text} needs an argument`, option)
    return word
  }

  /** @throws SetError for words that nobody has taken */
  end(): void {
    const word = this.next()
    if (word !== undefined) throw new SetError(`unknown argument '${word.text}'`, word)
  }
}
