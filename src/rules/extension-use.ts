import type { Draft, MatchExtension, OptionSpec, ParseContext, TargetExtension } from './extension.ts'
import { OptionError } from './extension.ts'
import type { Getopt, LongOption } from './getopt.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** One `-m name` or `-j NAME` of a rule while its options are read. */
export class ExtensionUse {
  readonly extension: MatchExtension | TargetExtension
  readonly word: Word
  private readonly options: Draft<object>
  /** The options given so far, by name, and where. */
  private readonly given = new Map<string, Word>()

  /** @param word where the extension was loaded: a `-m`, `-j`, or the option that `-p` lent its match to */
  constructor(extension: MatchExtension | TargetExtension, word: Word, context: ParseContext) {
    this.extension = extension
    this.word = word
    this.options = { ...extension.defaults?.(context) }
  }

  /** What this use adds to the table of long options. */
  longOptions(): LongOption[] {
    return this.extension.options.flatMap(spec =>
      [spec.name, ...(spec.aliases ?? [])].map(
        (name): LongOption => ({ name, argument: getoptArgument(spec), spec, owner: this.extension }),
      ),
    )
  }

  /** Reads one option: `xtables_option_parse`, then the option's own codec. */
  read(
    spec: OptionSpec<object>,
    word: Word,
    argument: Word | undefined,
    negated: boolean,
    getopt: Getopt,
    context: ParseContext,
  ): void {
    const option = `${this.extension.name}: option "--${spec.name}"`
    if (this.given.has(spec.name) && spec.repeatable !== true)
      throw new RuleError(`${option} can only be used once`, word)
    if (negated && spec.negatable !== true) throw new RuleError(`${option} cannot be inverted`, word)
    const words = argumentsOf(spec, word, argument, getopt)
    this.given.set(spec.name, word)
    wrap(words[0] ?? word, () =>
      spec.set(
        this.options,
        words.map(({ text }) => text),
        negated,
        context,
      ),
    )
  }

  /** After the rule's last word: `xtables_options_fcheck`, then the extension's own check. */
  finish(context: ParseContext): object {
    for (const spec of this.extension.options) this.checkCompany(spec)
    const { extension, options } = this
    return wrap(this.word, () => extension.finish?.(options, context) ?? options)
  }

  private checkCompany(spec: OptionSpec<object>): void {
    const option = `${this.extension.name}: option "--${spec.name}"`
    const word = this.given.get(spec.name)
    if (word === undefined) {
      if (spec.mandatory === true)
        throw new RuleError(`${option} must be specified`, this.word, { expected: `--${spec.name}` })
      return
    }
    for (const other of spec.requires ?? [])
      if (!this.given.has(other)) throw new RuleError(`${option} also requires "--${other}"`, word)
    for (const other of spec.excludes ?? [])
      if (other !== spec.name && this.given.has(other))
        throw new RuleError(`${option} cannot be used together with "--${other}"`, word)
  }
}

function getoptArgument(spec: OptionSpec<object>): LongOption['argument'] {
  if (spec.arguments === 0) return 'none'
  return spec.arguments === 'optional' ? 'optional' : 'required'
}

function argumentsOf(
  spec: OptionSpec<object>,
  word: Word,
  argument: Word | undefined,
  getopt: Getopt,
): readonly Word[] {
  const first = argument ?? (spec.arguments === 'optional' ? getopt.takeArgument() : undefined)
  if (first === undefined) return []
  if (spec.arguments !== 2) return [first]
  const second = getopt.takeArgument()
  if (second !== undefined) return [first, second]
  throw new RuleError(
    `--${spec.name} requires two arguments`,
    word,
    spec.placeholder === undefined ? {} : { expected: `--${spec.name} ${spec.placeholder}` },
  )
}

/** Gives an OptionError its place. */
export function wrap<T>(word: Word, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new RuleError(error.message, word, { expected: error.expected, hint: error.hint })
  }
}
