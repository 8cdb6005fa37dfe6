import type { Address, Family, Prefix } from '../address.ts'
import { type HostResolver, parseAddress, parseHosts } from './addresses.ts'
import { checkChainName, checkNameLength, checkTargetName, verdictOf } from './chain-names.ts'
import { COMMANDS, type Command, type CommandKind, hasRule } from './command.ts'
import { CORE_LETTERS, CORE_OPTIONS, coreOptionName } from './core-options.ts'
import { OptionError, type ParseContext } from './extension.ts'
import { ExtensionUse, wrap } from './extension-use.ts'
import { Getopt, type LongOption, type Parsed } from './getopt.ts'
import { parseInterface } from './interfaces.ts'
import type { Counters, InterfaceMatch, Match, Rule, TableName, Target } from './model.ts'
import { parseNumber } from './numbers.ts'
import { parseProtocol, protocolText } from './protocol-text.ts'
import {
  canonicalMatchName,
  isKnownMatch,
  isKnownTarget,
  matchExtension,
  targetExtension,
} from './registry.ts'
import { RuleError } from './rule-error.ts'
import { bangHint, coreCounter, optionHint, ruleNumber, wholeWord } from './word-values.ts'
import type { Word } from './words.ts'

/** What surrounds a command line. */
export interface CommandContext {
  readonly family: Family
  /** Inside `*table … COMMIT`: the table, which `-t` may then not name. */
  readonly restoreTable: string | undefined
  /** Does the table have the chain (built-in ones included)? */
  hasChain(table: string, chain: string): boolean
  readonly resolveHost: HostResolver
}

const NO_TARGET: Target = { kind: 'none' }

/**
 * Reads one command line as iptables does (`do_parse` in xshared.c). Undefined: the line is not for this family
 * (`-6` in a file for iptables-restore).
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
  private readonly getopt: Getopt
  private readonly first: Word
  private table = 'filter'
  private tableWord: Word | undefined
  private command: { letter: string; kind: CommandKind; word: Word } | undefined
  private alsoZero = false
  private chain: Word | undefined
  private number: number | undefined
  private argument: Word | undefined
  /** iptables' own options given so far, by letter. */
  private readonly given = new Map<string, Word>()
  private readonly inverted = new Set<string>()
  private hosts: { source?: Word; destination?: Word } = {}
  private interfaces: { in?: InterfaceMatch; out?: InterfaceMatch } = {}
  private protocol: { number: number; text: string } | undefined
  private protocolLoaded = false
  private counters: Counters | undefined
  private jump: Word | undefined
  private isGoto = false
  private target: ExtensionUse | undefined
  private readonly matches: ExtensionUse[] = []
  /** Long options: iptables' own, then those of the extensions, the last loaded first. */
  private extensionOptions: readonly LongOption[] = []
  private options: readonly LongOption[] = CORE_OPTIONS
  private bang: Word | undefined

  constructor(words: readonly Word[], context: CommandContext, start: Word) {
    this.context = context
    this.first = start
    this.getopt = new Getopt(words, CORE_LETTERS, () => this.options)
    if (context.restoreTable !== undefined) this.table = context.restoreTable
  }

  run(): Command | undefined {
    for (;;) {
      const parsed = this.getopt.read()
      if (parsed.kind === 'end') break
      if (parsed.kind === 'word') this.readBang(parsed.word)
      else if (parsed.kind === 'option') {
        if (this.isOtherFamily(parsed.option)) return undefined
        this.readOption(parsed)
        this.bang = undefined
      } else if (!this.loadProtocolMatch(parsed.word)) throw this.unreadable(parsed)
    }
    return this.finish()
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
    throw new RuleError(`-${family} in a command for IPv${this.context.family}`, this.first)
  }

  private readOption({ option, word, argument }: Extract<Parsed, { kind: 'option' }>): void {
    if (option.spec !== undefined) {
      this.useOf(option)?.read(
        option.spec,
        word,
        argument,
        this.bang !== undefined,
        this.getopt,
        this.parseContext(),
      )
      return
    }
    const letter = option.short!
    if (COMMANDS.has(letter)) this.readCommand(letter, word, argument)
    else this.readCoreOption(letter, word, argument)
  }

  /** Of several uses of a match, the last one is open. */
  private useOf(option: LongOption): ExtensionUse | undefined {
    if (this.target?.extension === option.owner) return this.target
    return this.matches.findLast(use => use.extension === option.owner)
  }

  private readCommand(letter: string, word: Word, attached: Word | undefined): void {
    if (this.bang !== undefined) throw new RuleError("unexpected '!' flag", this.bang)
    this.setCommand(letter, word)
    this.chain = attached ?? this.chain
    if ('LSFZX'.includes(letter)) this.chain = attached ?? this.getopt.takeArgument() ?? this.chain
    if (letter === 'N') checkChainName(attached ?? word, this.context.family)
    if (letter === 'E') this.argument = this.needArgument(word, '-E requires an old and a new chain name')
    if (letter === 'P') this.argument = this.needArgument(word, '-P requires a chain and a policy')
    if (!'DRILSZ'.includes(letter)) return
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
    } else throw new RuleError(`cannot use -${letter} with -${other.letter}`, word)
  }

  private needArgument(word: Word, message: string): Word {
    const argument = this.getopt.takeArgument()
    if (argument === undefined) throw new RuleError(message, word)
    return argument
  }

  private readCoreOption(letter: string, word: Word, argument: Word | undefined): void {
    const value = argument ?? word
    // iptables takes the word before the next one for these, whether the argument is attached or not
    const previous = wholeWord(word, value)
    switch (letter) {
      case 'p':
        this.give('p', word, true)
        this.readProtocol(previous)
        break
      case 's':
        this.give('s', word, true)
        this.hosts.source = previous
        break
      case 'd':
        this.give('d', word, true)
        this.hosts.destination = previous
        break
      case 'i':
        this.give('i', word, true)
        this.interfaces.in = wrap(previous, () => parseInterface(previous.text, this.bang !== undefined))
        break
      case 'o':
        this.give('o', word, true)
        this.interfaces.out = wrap(previous, () => parseInterface(previous.text, this.bang !== undefined))
        break
      case 'f':
        if (this.context.family === 6)
          throw new RuleError("'-f' is not supported in IPv6, use -m frag instead", word)
        this.give('f', word, true)
        break
      case 'j':
        this.give('j', word, false)
        this.readJump(previous)
        break
      case 'g':
        this.give('j', word, false)
        this.isGoto = true
        this.jump = checkTargetName(value)
        break
      case 'm':
        if (this.bang !== undefined) throw new RuleError('unexpected ! flag before --match', this.bang)
        this.loadMatch(value.text, value)
        break
      case 'c':
        this.give('c', word, false)
        this.readCounters(word, value)
        break
      default:
        this.readOtherOption(letter, word, argument)
    }
  }

  private readOtherOption(letter: string, word: Word, argument: Word | undefined): void {
    const inRestore = this.context.restoreTable !== undefined
    switch (letter) {
      case 't':
        if (this.bang !== undefined) throw new RuleError('unexpected ! flag before --table', this.bang)
        if (inRestore) throw new RuleError('-t cannot be used between *table and COMMIT', word)
        this.tableWord = argument
        this.table = argument!.text
        break
      case 'v':
        if (!this.given.has('v')) this.give('v', word, false)
        break
      case 'n':
      case 'x':
      case '0':
        this.give(letter, word, false)
        break
      case 'w':
      case 'W':
        if (inRestore) throw new RuleError(`-${letter} cannot be used between *table and COMMIT`, word)
        this.readSeconds(letter, argument ?? this.getopt.takeArgument())
        break
      case 'h':
      case 'V':
        throw new RuleError(`${word.text} only prints a text, and ends`, word)
      default:
        // -4, -6, --modprobe: nothing to do
        break
    }
  }

  private readSeconds(letter: string, seconds: Word | undefined): void {
    if (seconds !== undefined && parseNumber(seconds.text, 0, 0xffff_ffff) === undefined)
      throw new RuleError(`-${letter}: '${seconds.text}' is not a number of seconds`, seconds)
  }

  /** `set_option`: once each, and `!` only where it means something. */
  private give(letter: string, word: Word, invertible: boolean): void {
    if (this.given.has(letter))
      throw new RuleError(`multiple ${coreOptionName(letter)} flags not allowed`, word, {
        ...(letter === 's' || letter === 'd' ? { hint: 'write several addresses as a list: a,b,c' } : {}),
      })
    this.given.set(letter, word)
    if (this.bang === undefined) return
    if (!invertible) throw new RuleError(`cannot have ! before ${coreOptionName(letter)}`, this.bang)
    this.inverted.add(letter)
  }

  private readProtocol(word: Word): void {
    const text = word.text.toLowerCase()
    const number = wrap(word, () => parseProtocol(text))
    if (number === 0 && this.bang !== undefined)
      throw new RuleError('the rule would never match: it excludes every protocol', word)
    this.protocol = { number, text }
  }

  private readJump(word: Word): void {
    this.jump = checkTargetName(word)
    const extension = targetExtension(word.text, this.context.family)
    if (extension === undefined) {
      if (isKnownTarget(word.text, this.context.family)) this.resolveJump(word)
      return
    }
    this.target = new ExtensionUse(extension, word, this.parseContext())
    this.addOptions(this.target)
  }

  private readCounters(word: Word, value: Word): void {
    const comma = value.text.indexOf(',', 1)
    const packets = comma < 0 ? value.text : value.text.slice(0, comma)
    const bytes = comma < 0 ? this.getopt.takeArgument()?.text : value.text.slice(comma + 1)
    if (bytes === undefined) throw new RuleError('-c requires a packet and a byte counter', word)
    this.counters = { packets: coreCounter(packets, word, 'packet'), bytes: coreCounter(bytes, word, 'byte') }
  }

  private loadMatch(name: string, word: Word): void {
    const extension = matchExtension(name, this.context.family)
    if (extension === undefined) throw this.noSuchMatch(name, word)
    const isFirst = !this.matches.some(use => use.extension === extension)
    const use = new ExtensionUse(extension, word, this.parseContext())
    this.matches.push(use)
    if (isFirst) this.addOptions(use)
  }

  private noSuchMatch(name: string, word: Word): RuleError {
    if (isKnownMatch(name, this.context.family))
      return new RuleError(`match '${name}' is not modelled`, word, { code: 'not-modelled' })
    return new RuleError(`there is no match named '${name}'`, word)
  }

  private addOptions(use: ExtensionUse): void {
    this.extensionOptions = [...use.longOptions(), ...this.extensionOptions]
    this.options = [...CORE_OPTIONS, ...this.extensionOptions]
  }

  /** An option that nobody knows loads the match of the rule's protocol, once (`load_proto`). */
  private loadProtocolMatch(word: Word): boolean {
    if (this.protocol === undefined || this.protocolLoaded) return false
    const { text, number } = this.protocol
    const name = parseNumber(text, 0, 255) === undefined ? text : protocolText(number)
    const extension = matchExtension(name, this.context.family)
    if (extension === undefined) {
      if (isKnownMatch(name, this.context.family)) throw this.noSuchMatch(canonicalMatchName(name), word)
      return false
    }
    this.protocolLoaded = true
    if (this.matches.some(use => use.extension === extension)) return false
    this.loadMatch(name, word)
    this.getopt.retry()
    return true
  }

  private unreadable(parsed: Extract<Parsed, { kind: 'unknown' | 'missing' }>): RuleError {
    const { word } = parsed
    if (parsed.kind === 'missing') return new RuleError(`option '${word.text}' requires an argument`, word)
    const { candidates } = parsed
    if (candidates.length > 1)
      return new RuleError(`option '${word.text}' is ambiguous`, word, {
        expected: candidates.map(name => `--${name}`).join(' or '),
      })
    if (this.jump !== undefined && this.target === undefined) this.resolveJump(this.jump)
    return new RuleError(`unknown option '${word.text}'`, word, optionHint(word.text, this.context.family))
  }

  private finish(): Command {
    const { command, table } = this
    this.checkNatDrop()
    const context = this.parseContext()
    const matches = this.matches.map(
      (use): Match => ({ name: use.extension.name, options: use.finish(context) }),
    )
    const options = this.target?.finish(context)
    const rest = this.getopt.rest[0]
    if (rest !== undefined) throw new RuleError(`unexpected argument '${rest.text}'`, rest)
    if (command === undefined)
      throw new RuleError('no command', this.first, {
        expected: 'one of -A -I -D -R -C -P -N -X -F -E -Z -L -S',
      })
    if (this.bang !== undefined) throw new RuleError('nothing follows the !', this.bang)
    const isRule = hasRule(command.kind)
    const pairs = isRule ? this.hostPairs() : []
    this.checkCompany(command)
    this.checkChain(isRule)
    const target = isRule ? this.resolveTarget(options) : NO_TARGET
    return {
      kind: this.alsoZero ? 'zero' : command.kind,
      table,
      tableWord: this.tableWord,
      chain: this.chain,
      number: this.number,
      argument: this.argument,
      rules: pairs.map(([source, destination]) => this.rule(source, destination, matches, target)),
      counters: this.counters,
      word: command.word,
    }
  }

  private checkNatDrop(): void {
    if (this.table !== 'nat') return
    const word =
      this.argument?.text === 'DROP' ? this.argument : this.jump?.text === 'DROP' ? this.jump : undefined
    if (word !== undefined)
      throw new RuleError('the nat table is not intended for filtering: DROP cannot be used there', word, {
        hint: 'drop in the filter, mangle or raw table',
      })
  }

  private hostPairs(): readonly (readonly [Prefix | undefined, Prefix | undefined])[] {
    const sources = this.resolveHosts(this.hosts.source)
    const destinations = this.resolveHosts(this.hosts.destination)
    const isSeveral = sources.length > 1 || destinations.length > 1
    if (isSeveral && (this.inverted.has('s') || this.inverted.has('d')))
      throw new RuleError(
        '! is not allowed with several source or destination addresses',
        this.hosts.source ?? this.first,
      )
    if (isSeveral && this.command?.kind === 'replace')
      throw new RuleError('a replacement must have one source and one destination', this.command.word)
    return sources.flatMap(source => destinations.map(destination => [source, destination] as const))
  }

  private resolveHosts(word: Word | undefined): readonly (Prefix | undefined)[] {
    if (word === undefined) return [undefined]
    return wrap(word, () => parseHosts(word.text, this.context.family, this.context.resolveHost))
  }

  /** Options that the command may not have, and the interfaces that a built-in chain cannot see. */
  private checkCompany({ letter, kind, word }: { letter: string; kind: CommandKind; word: Word }): void {
    const allowed = kind === 'delete-number' ? 'v' : COMMANDS.get(letter)!.options
    for (const [option, at] of this.given)
      if (!allowed.includes(option))
        throw new RuleError(`${coreOptionName(option)} cannot be used with ${word.text}`, at)
  }

  private checkChain(isRule: boolean): void {
    const { chain } = this
    if (chain === undefined) return
    checkNameLength(chain)
    if (!isRule && this.command?.kind !== 'delete-number') return
    const sees = (option: string, names: readonly string[]): void => {
      if (this.given.has(option) && names.includes(chain.text))
        throw new RuleError(`-${option} cannot be used with ${chain.text}`, this.given.get(option))
    }
    sees('o', ['PREROUTING', 'INPUT'])
    sees('i', ['POSTROUTING', 'OUTPUT'])
  }

  private resolveTarget(options: object | undefined): Target {
    const { jump } = this
    if (jump === undefined) return NO_TARGET
    if (!this.context.hasChain(this.table, jump.text)) {
      if (this.target !== undefined)
        return { kind: 'extension', name: this.target.extension.name, options: options ?? {} }
      const verdict = this.isGoto ? undefined : verdictOf(jump.text)
      if (verdict !== undefined) return { kind: 'verdict', verdict }
    }
    this.resolveJump(jump)
    return { kind: this.isGoto ? 'goto' : 'jump', chain: jump.text }
  }

  /** @throws RuleError where the name is that of nothing that could be jumped to */
  private resolveJump(jump: Word): void {
    const name = jump.text
    if (this.context.hasChain(this.table, name) || (!this.isGoto && verdictOf(name) !== undefined)) return
    const { family } = this.context
    if (this.isGoto) throw new RuleError(`goto '${name}' is not a chain`, jump)
    if (isKnownTarget(name, family))
      throw new RuleError(`target '${name}' is not modelled`, jump, { code: 'not-modelled' })
    throw new RuleError(`there is no chain and no target named '${name}'`, jump, {
      hint: `a chain must be created before it is jumped to: -N ${name}, or :${name} - [0:0]`,
    })
  }

  private rule(
    source: Prefix | undefined,
    destination: Prefix | undefined,
    matches: readonly Match[],
    target: Target,
  ): Rule {
    const not = (letter: string): { negated: boolean } => ({ negated: this.inverted.has(letter) })
    return {
      ...(source === undefined ? {} : { source: { prefix: source, ...not('s') } }),
      ...(destination === undefined ? {} : { destination: { prefix: destination, ...not('d') } }),
      ...(this.interfaces.in === undefined ? {} : { inInterface: this.interfaces.in }),
      ...(this.interfaces.out === undefined ? {} : { outInterface: this.interfaces.out }),
      ...(this.protocol === undefined ? {} : { protocol: { number: this.protocol.number, ...not('p') } }),
      ...(this.given.has('f') ? { fragment: not('f') } : {}),
      matches,
      target,
      ...(this.counters === undefined ? {} : { counters: this.counters }),
      line: this.first.line,
    }
  }

  private parseContext(): ParseContext {
    const { family, resolveHost } = this.context
    return {
      family,
      table: this.table as TableName,
      protocol: this.protocol?.number ?? 0,
      protocolNegated: this.inverted.has('p'),
      resolveHost(name: string): readonly Address[] {
        const numeric = parseAddress(name, family)
        const addresses = numeric === undefined ? resolveHost(name, family) : [numeric]
        if (addresses.length === 0) throw new OptionError(`host '${name}' not found`)
        return addresses
      },
    }
  }
}
