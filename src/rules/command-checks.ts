import type { Address } from '../address.ts'
import { parseHostAddress } from './addresses.ts'
import { checkNameLength } from './chain-names.ts'
import { COMMANDS, type CommandContext, type CommandKind, hasRule } from './command.ts'
import { coreOptionName } from './core-options.ts'
import { OptionError, type ParseContext } from './extension.ts'
import type { GivenOptions } from './given-options.ts'
import type { ProtocolMatch, TableName } from './model.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** The command that a line gave. */
export interface GivenCommand {
  readonly letter: string
  readonly kind: CommandKind
  readonly word: Word
}

/** Options that the command may not have (`generic_opt_check`). @throws RuleError */
export function checkCompany({ letter, kind, word }: GivenCommand, given: GivenOptions): void {
  const allowed = kind === 'delete-number' ? 'v' : COMMANDS.get(letter)!.options
  for (const [option, at] of given.entries())
    if (!allowed.includes(option))
      throw new RuleError(`${coreOptionName(option)} cannot be used with ${word.text}`, at)
}

/** The chain's name, and the devices that a built-in chain cannot see. @throws RuleError */
export function checkChain(chain: Word | undefined, kind: CommandKind, given: GivenOptions): void {
  if (chain === undefined) return
  checkNameLength(chain)
  if (!hasRule(kind)) return
  const isBlind = (option: string, names: readonly string[]): void => {
    if (given.has(option) && names.includes(chain.text))
      throw new RuleError(`-${option} cannot be used with ${chain.text}`, given.word(option))
  }
  isBlind('o', ['PREROUTING', 'INPUT'])
  isBlind('i', ['POSTROUTING', 'OUTPUT'])
}

/** Only the word DROP is looked for: `:PREROUTING DROP` in save text passes. @throws RuleError */
export function checkNatDrop(table: string, policy: Word | undefined, jump: Word | undefined): void {
  const word = [policy, jump].find(candidate => candidate?.text === 'DROP')
  if (table === 'nat' && word !== undefined)
    throw new RuleError('the nat table is not intended for filtering: DROP cannot be used there', word, {
      hint: 'drop in the filter, mangle or raw table',
    })
}

/** What the codecs of extensions may know of the rule so far. */
export function parseContext(
  context: CommandContext,
  table: string,
  protocol: ProtocolMatch | undefined,
): ParseContext {
  const { family, resolveHost, hasSet } = context
  return {
    family,
    // a table that does not exist is refused when the command is applied
    table: table as TableName,
    protocol: protocol?.number ?? 0,
    protocolNegated: protocol?.negated ?? false,
    resolveHost(name: string): readonly Address[] {
      const numeric = parseHostAddress(name, family)
      const addresses = numeric === undefined ? resolveHost(name, family) : [numeric]
      if (addresses.length === 0) throw new OptionError(`host '${name}' not found`)
      if (addresses.length > 1) throw new OptionError(`'${name}' resolves to more than one address`)
      return addresses
    },
    ...(hasSet === undefined ? {} : { hasSet }),
  }
}
