import type { Family } from '../address.ts'
import { CORE_OPTIONS } from './core-options.ts'
import type { ParseContext } from './extension.ts'
import { ExtensionUse } from './extension-use.ts'
import type { LongOption } from './getopt.ts'
import type { Match } from './model.ts'
import { parseNumber } from './numbers.ts'
import { protocolText } from './protocol-text.ts'
import {
  canonicalMatchName,
  isKnownMatch,
  LACKING,
  matchExtension,
  notModelled,
  targetExtension,
} from './registry.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** The matches and the target that a rule loads while it is read, and the table of long options that they add to. */
export class ExtensionLoader {
  private readonly family: Family
  private readonly matches: ExtensionUse[] = []
  private target: ExtensionUse | undefined
  private protocolLoaded = false
  /** iptables' own first, then those of the extensions, the last loaded before the others (`xtables_merge_options`). */
  private options: readonly LongOption[] = CORE_OPTIONS

  constructor(family: Family) {
    this.family = family
  }

  get longOptions(): readonly LongOption[] {
    return this.options
  }

  get hasTarget(): boolean {
    return this.target !== undefined
  }

  /** Whom an option belongs to. Of several uses of a match, the last one is open. */
  useOf(option: LongOption): ExtensionUse | undefined {
    if (this.target?.extension === option.owner) return this.target
    return this.matches.findLast(use => use.extension === option.owner)
  }

  /** `-m name` @throws RuleError */
  loadMatch(name: string, word: Word, context: ParseContext): void {
    const extension = matchExtension(name, this.family)
    if (extension === undefined) throw this.noSuchMatch(name, word)
    const isFirst = !this.matches.some(use => use.extension === extension)
    const use = new ExtensionUse(extension, word, context)
    this.matches.push(use)
    if (isFirst) this.addOptions(use)
  }

  /** `-j NAME`; nothing if it is not the name of an extension. */
  loadTarget(word: Word, context: ParseContext): void {
    const extension = targetExtension(word.text, this.family)
    if (extension === undefined) return
    this.target = new ExtensionUse(extension, word, context)
    this.addOptions(this.target)
  }

  /**
   * An option that nobody knows loads the match of the rule's protocol, once (`load_proto`).
   *
   * @param protocol the argument of `-p`
   * @returns whether the option should be looked up again
   * @throws RuleError
   */
  loadProtocolMatch(protocol: string | undefined, word: Word, context: ParseContext): boolean {
    if (protocol === undefined || this.protocolLoaded) return false
    const name = parseNumber(protocol, 0, 255) === undefined ? protocol : protocolText(context.protocol)
    const extension = matchExtension(name, this.family)
    if (extension === undefined) {
      if (isKnownMatch(name, this.family)) throw this.noSuchMatch(canonicalMatchName(name), word)
      return false
    }
    this.protocolLoaded = true
    if (this.matches.some(use => use.extension === extension)) return false
    this.loadMatch(name, word, context)
    return true
  }

  finishMatches(context: ParseContext): readonly Match[] {
    return this.matches.map(use => ({ name: use.extension.name, options: use.finish(context) }))
  }

  finishTarget(context: ParseContext): { readonly name: string; readonly options: object } | undefined {
    if (this.target === undefined) return undefined
    return { name: this.target.extension.name, options: this.target.finish(context) }
  }

  private addOptions(use: ExtensionUse): void {
    const others = this.options.slice(CORE_OPTIONS.length)
    this.options = [...CORE_OPTIONS, ...use.longOptions(), ...others]
  }

  private noSuchMatch(name: string, word: Word): RuleError {
    if (isKnownMatch(name, this.family))
      return new RuleError(notModelled('match', name), word, { code: 'not-modelled', hint: LACKING })
    return new RuleError(`there is no match named '${name}'`, word, {
      expected: 'a match that iptables 1.8.9 comes with',
      hint: 'those of xtables-addons and of vendors are no part of it',
    })
  }
}
