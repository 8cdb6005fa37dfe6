import { checkChainName, checkTargetName } from './chain-names.ts'
import { COMMANDS, type Command, type CommandContext, hasRule, type Switches } from './command.ts'
import { checkChain, checkCompany, checkNatDrop, type GivenCommand, parseContext } from './command-checks.ts'
import { CORE_LETTERS } from './core-options.ts'
import type { ParseContext } from './extension.ts'
import { ExtensionLoader } from './extension-loader.ts'
import { Getopt, type LongOption, type Parsed } from './getopt.ts'
import { GivenOptions } from './given-options.ts'
import type { Counters, Rule } from './model.ts'
import { parseNumber } from './numbers.ts'
import { isKnownTarget } from './registry.ts'
import { RuleError } from './rule-error.ts'
import { RuleFields } from './rule-fields.ts'
import { checkJump, type Jump, resolveTarget } from './rule-target.ts'
import { bangHint, optionHint, ruleNumber, wholeWord } from './word-values.ts'
import type { Word } from './words.ts'

/**
 * Reads one command line as iptables does (`do_parse` in xshared.c). Undefined: there is nothing to do (a rule with `-6`
 * in a file for iptables-restore).
 *
 * @param words without the program's name
 * @param start where the line begins
 * @throws RuleError
 */
export function parseCommand(
  words: readonly Word[],
  context: CommandContext,
  start: Word,
): Command | undefined {
  return new CommandParser(words, context, start).run()
}

class CommandParser {
  private readonly context: CommandContext
  private readonly start: Word
  private readonly getopt: Getopt
  private readonly loader: ExtensionLoader
  private readonly given = new GivenOptions()
  private readonly fields = new RuleFields(this.given)
  private table = 'filter'
  private tableWord: Word | undefined
  private command: GivenCommand | undefined
  /** `-L -Z` */
  private alsoZero = false
  private chain: Word | undefined
  private number: number | undefined
  private argument: Word | undefined
  private jump: Jump | undefined
  /** The `!` that waits for its option. */
  private bang: Word | undefined

  constructor(words: readonly Word[], context: CommandContext, start: Word) {
    this.context = context
    this.start = start
    this.loader = new ExtensionLoader(context.family)
    this.getopt = new Getopt(words, CORE_LETTERS, () => this.loader.longOptions)
    if (context.restoreTable !== undefined) this.table = context.restoreTable
  }

  run(): Command | undefined {
    for (;;) {
      const parsed = this.getopt.read()
      if (parsed.kind === 'end') return this.finish()
      if (parsed.kind === 'word') this.readBang(parsed.word)
      else if (parsed.kind === 'option') {
        if (this.isOtherFamily(parsed.option)) return this.cutShort(parsed.word)
        this.readOption(parsed)
        this.bang = undefined
      } else this.readUnknown(parsed)
    }
  }

  private readBang(word: Word): void {
    if (word.text !== '!') throw new RuleError(`bad argument '${word.text}'`, word, bangHint(this.given))
    if (this.bang !== undefined) throw new RuleError('multiple consecutive ! not allowed', word)
    this.bang = word
  }

  private isOtherFamily(option: LongOption): boolean {
    const family = option.short === '4' ? 4 : option.short === '6' ? 6 : this.context.family
    if (family === this.context.family) return false
    if (this.context.restoreTable !== undefined) return true
    throw new RuleError(`-${family} in a command for IPv${this.context.family}`, this.start)
  }

  /** The match of `-p` may know the option; if not, nobody does. */
  private readUnknown(parsed: Extract<Parsed, { kind: 'unknown' | 'missing' }>): void {
    const { word } = parsed
    if (this.loader.loadProtocolMatch(this.fields.protocolName, word, this.parseContext())) {
      this.getopt.retry()
      return
    }
    if (parsed.kind === 'missing')
      throw new RuleError(`option '${word.text}' requires an argument`, word, { expected: 'a value' })
    if (parsed.candidates.length > 1)
      throw new RuleError(`option '${word.text}' is ambiguous`, word, {
        expected: parsed.candidates.map(name => `--${name}`).join(' or '),
      })
    if (this.jump !== undefined && !this.loader.hasTarget) checkJump(this.jump, this.table, this.context)
    throw new RuleError(`unknown option '${word.text}'`, word, optionHint(word.text, this.context.family))
  }

  private readOption({ option, word, argument }: Extract<Parsed, { kind: 'option' }>): void {
    if (option.spec !== undefined) {
      const use = this.loader.useOf(option)
      use?.read(option.spec, word, argument, this.bang !== undefined, this.getopt, this.parseContext())
      return
    }
    const letter = option.short!
    if (COMMANDS.has(letter)) this.readCommand(letter, word, argument)
    else if ('psdiojgfmc'.includes(letter)) this.readRuleOption(letter, word, argument ?? word)
    else this.readOtherOption(letter, word, argument)
  }

  private readCommand(letter: string, word: Word, attached: Word | undefined): void {
    if (this.bang !== undefined) throw new RuleError("unexpected '!' flag", this.bang)
    this.setCommand(letter, word)
    this.chain = attached ?? this.chain
    if ('LSFZX'.includes(letter)) this.chain = attached ?? this.getopt.takeArgument() ?? this.chain
    if (letter === 'N') checkChainName(attached ?? word, this.context.family)
    if (letter === 'E') this.argument = this.needArgument(word, '-E requires an old and a new chain name')
    if (letter === 'P') this.argument = this.needArgument(word, '-P requires a chain and a policy')
    if ('DRILSZ'.includes(letter)) this.readNumber(letter, word)
  }

  private readNumber(letter: string, word: Word): void {
    const number = this.getopt.takeArgument()
    if (number !== undefined) this.number = ruleNumber(number)
    else if (letter === 'R') throw new RuleError('-R requires a rule number', word)
    else if (letter === 'I') this.number = 1
    if (letter === 'D' && number !== undefined) this.command = { letter, kind: 'delete-number', word }
  }

  private setCommand(letter: string, word: Word): void {
    const kind = COMMANDS.get(letter)!.kind
    const other = this.command
    if (other === undefined) this.command = { letter, kind, word }
    else if (letter === 'Z' && other.kind === 'list') this.alsoZero = true
    else if (other.letter === 'Z' && kind === 'list') {
      this.alsoZero = true
      this.command = { letter, kind, word }
    } else
      throw new RuleError(`cannot use -${letter} with -${other.letter}`, word, {
        expected: 'one command a line',
      })
  }

  private needArgument(word: Word, message: string): Word {
    const argument = this.getopt.takeArgument()
    if (argument === undefined) throw new RuleError(message, word)
    return argument
  }

  private readRuleOption(letter: string, word: Word, value: Word): void {
    const { bang, given, fields } = this
    // iptables takes the word before the next one for these, whether the argument is attached to it or not
    const previous = wholeWord(word, value)
    switch (letter) {
      case 's':
      case 'd':
        given.give(letter, word, bang, true)
        fields.readHosts(letter, previous)
        break
      case 'i':
      case 'o':
        given.give(letter, word, bang, true)
        fields.readInterface(letter, previous)
        break
      case 'p':
        given.give('p', word, bang, true)
        fields.readProtocol(previous)
        break
      case 'f':
        if (this.context.family === 6)
          throw new RuleError("'-f' is not supported in IPv6, use -m frag instead", word, {
            hint: '-m frag --fragmore',
          })
        given.give('f', word, bang, true)
        break
      case 'c':
        given.give('c', word, bang, false)
        fields.readCounters(word, value, () => this.getopt.takeArgument())
        break
      case 'm':
        if (bang !== undefined) throw new RuleError('unexpected ! flag before --match', bang)
        this.loader.loadMatch(value.text, value, this.parseContext())
        break
      default:
        given.give('j', word, bang, false)
        this.readJump({ word: checkTargetName(letter === 'j' ? previous : value), isGoto: letter === 'g' })
    }
  }

  private readJump(jump: Jump): void {
    this.jump = jump
    if (jump.isGoto || this.context.hasChain(this.table, jump.word.text)) return
    this.loader.loadTarget(jump.word, this.parseContext())
    if (!this.loader.hasTarget) this.refuseUnmodelled(jump)
  }

  /** Its options could not be read: it is better named at once. Any other name may be that of a chain in another `-t`. */
  private refuseUnmodelled(jump: Jump): void {
    if (isKnownTarget(jump.word.text, this.context.family)) checkJump(jump, this.table, this.context)
  }

  private readOtherOption(letter: string, word: Word, argument: Word | undefined): void {
    const isRestored = this.context.restoreTable !== undefined
    if (isRestored && 'twW'.includes(letter))
      throw new RuleError(`-${letter} cannot be used between *table and COMMIT`, word)
    switch (letter) {
      case 't':
        if (this.bang !== undefined) throw new RuleError('unexpected ! flag before --table', this.bang)
        this.tableWord = argument
        this.table = argument!.text
        break
      case 'v':
        if (!this.given.has('v')) this.given.give('v', word, this.bang, false)
        break
      case 'n':
      case 'x':
      case '0':
        this.given.give(letter, word, this.bang, false)
        break
      case 'w':
      case 'W':
        checkSeconds(letter, argument ?? this.getopt.takeArgument())
        break
      case 'h':
      case 'V':
        throw new RuleError(`${word.text} only prints a text, and ends`, word, { exitCode: 0 })
      default:
        // -4, -6, --modprobe: nothing to do
        break
    }
  }

  private finish(): Command {
    const { command, table, loader, start } = this
    checkNatDrop(table, this.argument, this.jump?.word)
    const context = this.parseContext()
    const matches = loader.finishMatches(context)
    const extension = loader.finishTarget(context)
    const rest = this.getopt.rest[0]
    if (rest !== undefined) throw new RuleError(`unexpected argument '${rest.text}'`, rest)
    if (command === undefined)
      throw new RuleError('no command', start, { expected: 'one of -A -I -D -R -C -P -N -X -F -E -Z -L -S' })
    if (this.bang !== undefined) throw new RuleError('nothing follows the !', this.bang)
    checkCompany(command, this.given)
    checkChain(this.chain, command.kind, this.given)
    const { fields } = this
    const addresses = hasRule(command.kind) ? fields.addresses(command.kind, this.context) : []
    this.context.openTable(this.tableWord ?? { ...command.word, text: table })
    const target = resolveTarget(this.jump, extension, table, this.context)
    const rules = addresses.map(pair => fields.rule(pair, matches, target, start.line))
    return this.commandOf(command, rules, fields.counters)
  }

  /**
   * `-4` between `*table` and `COMMIT` of ip6tables-restore, `-6` of iptables-restore: there `do_parse` stops reading. What
   * the words before it ask for is done, but a rule for no address at all is no rule.
   */
  private cutShort(word: Word): Command | undefined {
    const { command, jump } = this
    if (command === undefined) return undefined
    if (command.kind === 'replace')
      throw new RuleError(`${word.text} behind -R: iptables-restore 1.8.9 crashes`, word)
    if (!hasRule(command.kind)) return this.commandOf(command, [], undefined)
    if (jump !== undefined && !this.loader.hasTarget) checkJump(jump, this.table, this.context)
    return undefined
  }

  private commandOf(command: GivenCommand, rules: readonly Rule[], counters: Counters | undefined): Command {
    return {
      kind: this.alsoZero ? 'zero' : command.kind,
      table: this.table,
      tableWord: this.tableWord,
      chain: this.chain,
      number: this.number,
      argument: this.argument,
      rules,
      counters,
      listing: command.letter === 'L' || command.letter === 'S' ? command.letter : undefined,
      switches: this.switches(),
      word: command.word,
    }
  }

  private switches(): Switches {
    const { given } = this
    return {
      verbose: given.has('v'),
      numeric: given.has('n'),
      exact: given.has('x'),
      lineNumbers: given.has('0'),
    }
  }

  private parseContext(): ParseContext {
    return parseContext(this.context, this.table, this.fields.protocol)
  }
}

/** `-w`, `-W` @throws RuleError */
function checkSeconds(letter: string, seconds: Word | undefined): void {
  if (seconds !== undefined && parseNumber(seconds.text, 0, 0xffff_ffff) === undefined)
    throw new RuleError(`-${letter}: '${seconds.text}' is not a number of seconds`, seconds)
}
