import type { Prefix } from '../address.ts'
import { parseHosts } from './addresses.ts'
import type { CommandContext, CommandKind } from './command.ts'
import { wrap } from './extension-use.ts'
import type { GivenOptions } from './given-options.ts'
import { parseInterface } from './interfaces.ts'
import type { Counters, InterfaceMatch, Match, ProtocolMatch, Rule, Target } from './model.ts'
import { parseProtocol } from './protocol-text.ts'
import { RuleError } from './rule-error.ts'
import { coreCounter } from './word-values.ts'
import type { Word } from './words.ts'

/** Undefined: any. */
interface AddressPair {
  readonly source: Prefix | undefined
  readonly destination: Prefix | undefined
}

/** The core options of a rule (`-s -d -i -o -p -f -c`) while it is read, and the rules made of them. */
export class RuleFields {
  private readonly given: GivenOptions
  private readonly hosts: { s?: Word; d?: Word } = {}
  private readonly interfaces: { i?: InterfaceMatch; o?: InterfaceMatch } = {}
  private protocolMatch: ProtocolMatch | undefined
  /** The argument of `-p` in lower case: the match of that name may be loaded later. */
  protocolName: string | undefined
  counters: Counters | undefined

  constructor(given: GivenOptions) {
    this.given = given
  }

  get protocol(): ProtocolMatch | undefined {
    return this.protocolMatch
  }

  readHosts(letter: 's' | 'd', word: Word): void {
    this.hosts[letter] = word
  }

  /** @throws RuleError */
  readInterface(letter: 'i' | 'o', word: Word): void {
    this.interfaces[letter] = wrap(word, () => parseInterface(word.text, this.given.isInverted(letter)))
  }

  /** @throws RuleError */
  readProtocol(word: Word): void {
    const text = word.text.toLowerCase()
    const number = wrap(word, () => parseProtocol(text))
    const negated = this.given.isInverted('p')
    if (number === 0 && negated)
      throw new RuleError('the rule would never match: it excludes every protocol', word)
    this.protocolMatch = { number, negated }
    this.protocolName = text
  }

  /** `-c packets bytes` or `-c packets,bytes` @throws RuleError */
  readCounters(word: Word, value: Word, next: () => Word | undefined): void {
    const comma = value.text.indexOf(',', 1)
    const packets = comma < 0 ? value.text : value.text.slice(0, comma)
    const bytes = comma < 0 ? next()?.text : value.text.slice(comma + 1)
    if (bytes === undefined) throw new RuleError('-c requires a packet and a byte counter', word)
    this.counters = { packets: coreCounter(packets, word, 'packet'), bytes: coreCounter(bytes, word, 'byte') }
  }

  /** Every pair of source and destination, sources outside: each is a rule of its own. @throws RuleError */
  addresses(kind: CommandKind, context: CommandContext): readonly AddressPair[] {
    const sources = this.prefixes('s', context)
    const destinations = this.prefixes('d', context)
    const several = [sources, destinations].findIndex(({ length }) => length > 1)
    const word = several === 0 ? this.hosts.s : this.hosts.d
    if (several >= 0 && (this.given.isInverted('s') || this.given.isInverted('d')))
      throw new RuleError('! is not allowed with several source or destination addresses', word)
    if (several >= 0 && kind === 'replace')
      throw new RuleError('a replacement must have one source and one destination', word)
    return sources.flatMap(source => destinations.map(destination => ({ source, destination })))
  }

  private prefixes(letter: 's' | 'd', context: CommandContext): readonly (Prefix | undefined)[] {
    const word = this.hosts[letter]
    if (word === undefined) return [undefined]
    return wrap(word, () => parseHosts(word.text, context.family, context.resolveHost))
  }

  rule({ source, destination }: AddressPair, matches: readonly Match[], target: Target, line: number): Rule {
    const { given, interfaces, protocolMatch, counters } = this
    const negated = (letter: string): { negated: boolean } => ({ negated: given.isInverted(letter) })
    return {
      ...(source === undefined ? {} : { source: { prefix: source, ...negated('s') } }),
      ...(destination === undefined ? {} : { destination: { prefix: destination, ...negated('d') } }),
      ...(interfaces.i === undefined ? {} : { inInterface: interfaces.i }),
      ...(interfaces.o === undefined ? {} : { outInterface: interfaces.o }),
      ...(protocolMatch === undefined ? {} : { protocol: protocolMatch }),
      ...(given.has('f') ? { fragment: negated('f') } : {}),
      matches,
      target,
      ...(counters === undefined ? {} : { counters }),
      line,
    }
  }
}
