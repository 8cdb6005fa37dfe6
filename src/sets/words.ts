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

  /** As `build_argv` of ipset's lib/ipset.c: a word may be quoted in part. @throws SetError for a quote that is never closed */
  static split(line: string): SetWords {
    const words: SetWord[] = []
    for (const found of line.matchAll(/(?:[^ \t\r\n"]|"[^"]*(?:"|$))+/g)) {
      const word = { text: found[0].replaceAll('"', ''), column: found.index + 1 }
      if (found[0].split('"').length % 2 === 0)
        throw new SetError('a quote that is never closed', word, { expected: '"' })
      if (word.text !== '') words.push(word)
    }
    return new SetWords(words)
  }

  /** Without the words that a filter does not want. */
  filter(isWanted: (word: SetWord, before: SetWord | undefined) => boolean): SetWords {
    return new SetWords(this.words.filter((word, at) => isWanted(word, this.words[at - 1])))
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
