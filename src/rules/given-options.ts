import { coreOptionName } from './core-options.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** iptables' own options that a line has given so far, by letter (`set_option`: once each). */
export class GivenOptions {
  private readonly words = new Map<string, Word>()
  private readonly inverted = new Set<string>()

  /**
   * @param bang the `!` before the option, if there was one
   * @param invertible may there be one?
   * @throws RuleError
   */
  give(letter: string, word: Word, bang: Word | undefined, invertible: boolean): void {
    if (this.words.has(letter))
      throw new RuleError(`multiple ${coreOptionName(letter)} flags not allowed`, word, {
        ...('sd'.includes(letter) ? { hint: 'write several addresses as a list: a,b,c' } : {}),
      })
    this.words.set(letter, word)
    if (bang === undefined) return
    if (!invertible) throw new RuleError(`cannot have ! before ${coreOptionName(letter)}`, bang)
    this.inverted.add(letter)
  }

  has(letter: string): boolean {
    return this.words.has(letter)
  }

  isInverted(letter: string): boolean {
    return this.inverted.has(letter)
  }

  /** Where the option stood. */
  word(letter: string): Word | undefined {
    return this.words.get(letter)
  }

  entries(): Iterable<readonly [letter: string, word: Word]> {
    return this.words
  }
}
