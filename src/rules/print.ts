import type { Family } from '../address.ts'
import { maskLength } from '../address.ts'
import {
  type AddressMatch,
  BUILTIN_CHAINS,
  type Chain,
  type Counters,
  type InterfaceMatch,
  type Rule,
  type Ruleset,
  type Table,
  type TableName,
} from './model.ts'
import { protocolText } from './protocol-text.ts'
import { matchExtension, targetExtension } from './registry.ts'

/** The live counters of a rule (by index from 0) or of a built-in chain's policy. */
export type CounterLookup = (table: TableName, chain: string, place: number | 'policy') => Counters

/** How `printRules` prints. */
export interface PrintOptions {
  /** `iptables-save -c`: a rule begins with its counters. Policies always show theirs. */
  readonly withCounters?: boolean
  /** Default: the counters that the ruleset's text gave. */
  readonly counters?: CounterLookup
  /** The line before and the line after each table. Default: none. */
  readonly comments?: { readonly generated: string; readonly completed: string }
}

/**
 * What `iptables-legacy-save` 1.8.9 prints for a ruleset: the table that was loaded last comes first, user chains are
 * sorted.
 *
 * @example
 * const { ruleset } = parseRules('*filter\n-A INPUT -p tcp --dport ssh -j ACCEPT\nCOMMIT\n', { family: 4 })
 * console.log(printRules(ruleset))
 * // *filter
 * // :INPUT ACCEPT [0:0]
 * // :FORWARD ACCEPT [0:0]
 * // :OUTPUT ACCEPT [0:0]
 * // -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
 * // COMMIT
 */
export function printRules(ruleset: Ruleset, options: PrintOptions = {}): string {
  return tablesOf(ruleset)
    .reverse()
    .map(table => printTable(table, ruleset.family, options))
    .join('')
}

/** The tables of a ruleset in the order in which they were loaded. */
export function tablesOf(ruleset: Ruleset): Table[] {
  return Object.values(ruleset.tables).filter(table => table !== undefined)
}

function printTable(table: Table, family: Family, options: PrintOptions): string {
  const { comments, withCounters = false } = options
  const counters = options.counters ?? textCounters(table)
  const lines = [`*${table.name}`]
  const chains = orderedChains(table)
  for (const chain of chains) lines.push(chainLine(chain, counters(table.name, chain.name, 'policy')))
  for (const chain of chains)
    chain.rules.forEach((rule, index) => {
      const count = withCounters ? `${bracketed(counters(table.name, chain.name, index))} ` : ''
      lines.push(`${count}-A ${chain.name}${ruleText(rule, family)}`)
    })
  lines.push('COMMIT')
  const framed = comments === undefined ? lines : [comments.generated, ...lines, comments.completed]
  return `${framed.join('\n')}\n`
}

/** `:INPUT DROP [0:0]`. A user chain has neither policy nor counters. */
export function chainLine({ name, policy }: Chain, counters: Counters = NO_COUNTERS): string {
  return policy === undefined ? `:${name} - [0:0]` : `:${name} ${policy} ${bracketed(counters)}`
}

/** Built-in chains in the kernel's order, then the user's, sorted as libiptc keeps them. */
export function orderedChains(table: Table): readonly Chain[] {
  const builtin: readonly string[] = BUILTIN_CHAINS[table.name]
  const user = Object.keys(table.chains).filter(name => !builtin.includes(name))
  return [...builtin, ...user.sort(byBytes)].flatMap(name =>
    Object.hasOwn(table.chains, name) ? [table.chains[name]!] : [],
  )
}

/** `strcmp`. */
export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The counters that rules and policies begin with. */
export function textCounters(table: Table): CounterLookup {
  return (_table, name, place) => {
    const chain = table.chains[name]!
    return (place === 'policy' ? chain.policyCounters : chain.rules[place]?.counters) ?? NO_COUNTERS
  }
}

const NO_COUNTERS: Counters = Object.freeze({ packets: 0, bytes: 0 })

function bracketed({ packets, bytes }: Counters): string {
  return `[${packets}:${bytes}]`
}

/**
 * A rule as `iptables-save` prints it behind `-A chain`, with a leading blank; '' for a rule that says nothing.
 *
 * @param counters `iptables -v -S` puts them in front of the target
 */
export function ruleText(rule: Rule, family: Family, counters?: Counters): string {
  const parts = [
    addressText('s', rule.source),
    addressText('d', rule.destination),
    interfaceText('i', rule.inInterface),
    interfaceText('o', rule.outInterface),
    rule.protocol === undefined || rule.protocol.number === 0
      ? ''
      : `${not(rule.protocol.negated)} -p ${protocolText(rule.protocol.number)}`,
    rule.fragment === undefined ? '' : `${not(rule.fragment.negated)} -f`,
    ...rule.matches.map(match => extensionText('-m', match.name, match.options, family)),
    countersText(counters),
    targetText(rule, family),
  ]
  return parts.join('')
}

/** ` -c 3 252`, with a leading blank. */
export function countersText(counters: Counters | undefined): string {
  return counters === undefined ? '' : ` -c ${counters.packets} ${counters.bytes}`
}

function not(negated: boolean): string {
  return negated ? ' !' : ''
}

/** Nothing for 0.0.0.0/0 that is not negated. A mask that is no prefix is written out. */
function addressText(letter: 's' | 'd', match: AddressMatch | undefined): string {
  if (match === undefined) return ''
  const { prefix, negated } = match
  if (prefix.mask.isZero() && prefix.address.isZero() && !negated) return ''
  return `${not(negated)} -${letter} ${prefix.address}/${maskLength(prefix.mask) ?? prefix.mask}`
}

/** `+` alone is not printed, not even when it is negated (`save_iface`: the mask is empty). */
function interfaceText(letter: 'i' | 'o', match: InterfaceMatch | undefined): string {
  if (match === undefined || match.name === '') return ''
  return `${not(match.negated)} -${letter} ${match.name}${match.wildcard ? '+' : ''}`
}

function extensionText(flag: '-m' | '-j', name: string, options: object, family: Family): string {
  const extension = flag === '-m' ? matchExtension(name, family) : targetExtension(name, family)
  const text = extension?.save(options, family) ?? ''
  return ` ${flag} ${name}${text === '' ? '' : ` ${text}`}`
}

function targetText({ target }: Rule, family: Family): string {
  switch (target.kind) {
    case 'none':
      return ''
    case 'verdict':
      return ` -j ${target.verdict}`
    case 'jump':
      return ` -j ${target.chain}`
    case 'goto':
      return ` -g ${target.chain}`
    case 'extension':
      return extensionText('-j', target.name, target.options, family)
    default:
      return target satisfies never
  }
}
