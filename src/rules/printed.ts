import { type Command, hasRule } from './command.ts'
import { listCommands, listRules, ruleInWords } from './list.ts'
import type { Ruleset, TableName } from './model.ts'
import { type CounterLookup, orderedChains } from './print.ts'

/**
 * `-L`, `-S`: what they print. Empty for other commands.
 *
 * @param counters default: those that the ruleset's text gave
 * @throws RangeError when there is no such chain
 */
export function listed(command: Command, ruleset: Ruleset, counters?: CounterLookup): string {
  const { listing, switches, chain, number } = command
  if (listing === undefined) return ''
  const options = {
    ...switches,
    table: command.table as TableName,
    ...(chain !== undefined && { chain: chain.text }),
    ...(number !== undefined && { number }),
    ...(counters !== undefined && { counters }),
  }
  return listing === 'L' ? listRules(ruleset, options) : listCommands(ruleset, options)
}

const DONE = { flush: 'Flushing', zero: 'Zeroing', 'delete-chain': 'Deleting' } as const

/** What a command says of itself under `-v`, even if it is refused then. */
export function told(command: Command, before: Ruleset): string {
  const { kind, chain, rules } = command
  if (!command.switches.verbose) return ''
  if (hasRule(kind)) return rules.map(rule => `${ruleInWords(rule, before.family)}\n`).join('')
  if (kind !== 'flush' && kind !== 'zero' && kind !== 'delete-chain') return ''
  const names = chain === undefined ? chainNames(command, before) : [chain.text]
  return names.map(name => `${DONE[kind]} chain \`${name}'\n`).join('')
}

/** The chains that a command without a chain means. */
function chainNames({ kind, table }: Command, before: Ruleset): readonly string[] {
  const found = before.tables[table as TableName]
  if (found === undefined) return []
  const chains = orderedChains(found)
  return chains
    .filter(({ policy }) => kind !== 'delete-chain' || policy === undefined)
    .map(({ name }) => name)
}
