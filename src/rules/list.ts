import { type Address, type Family, maskLength } from '../address.ts'
import type { MatchExtension, TargetExtension } from './extension.ts'
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
import {
  type CounterLookup,
  countersText as dashCounters,
  orderedChains,
  ruleText,
  textCounters,
} from './print.ts'
import { protocolText } from './protocol-text.ts'
import { matchExtension, targetExtension } from './registry.ts'

/** The switches of `iptables -L`. */
export interface ListOptions {
  /** `-t`, default filter. */
  readonly table?: TableName
  /** Default: all of them. */
  readonly chain?: string
  /** With `chain`: only this rule, from 1, without the heading. */
  readonly number?: number
  /** `-n` */
  readonly numeric?: boolean
  /** `-v` */
  readonly verbose?: boolean
  /** `-x` */
  readonly exact?: boolean
  /** `--line-numbers` */
  readonly lineNumbers?: boolean
  /** Default: the counters that the ruleset's text gave. */
  readonly counters?: CounterLookup
  /** Without `numeric`: the name of an address, if it has one. */
  readonly hostName?: (address: Address) => string | undefined
}

/**
 * What `iptables -L` 1.8.9 prints.
 *
 * @throws RangeError if the table has no such chain
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp --dport 22 -j ACCEPT', { family: 4 })
 * console.log(listRules(ruleset, { chain: 'INPUT', numeric: true, lineNumbers: true }))
 * // Chain INPUT (policy ACCEPT)
 * // num  target     prot opt source               destination
 * // 1    ACCEPT     6    --  0.0.0.0/0            0.0.0.0/0            tcp dpt:22
 */
export function listRules(ruleset: Ruleset, options: ListOptions = {}): string {
  const table = tableOf(ruleset, options.table)
  const lookup = options.counters ?? textCounters(table)
  const chains = chosenChains(table, options.chain)
  const blocks = chains.map(chain => {
    const rows = chain.rules.map((rule, index) =>
      ruleRow(rule, index + 1, lookup(table.name, chain.name, index), ruleset.family, options),
    )
    if (options.number !== undefined && options.number > 0)
      return rows.slice(options.number - 1, options.number)
    return [chainTitle(chain, table, lookup, options), heading(options), ...rows]
  })
  return blocks.map(rows => rows.map(row => `${row}\n`).join('')).join('\n')
}

/**
 * What `iptables -S` 1.8.9 prints: the rules as commands.
 *
 * @param options `verbose` is `-v`, the counters; `number` with `chain` only this rule
 * @throws RangeError if the table has no such chain
 * @example
 * const { ruleset } = parseRules('iptables -A INPUT -p tcp --dport ssh -j ACCEPT', { family: 4 })
 * console.log(listCommands(ruleset, { chain: 'INPUT' }))
 * // -P INPUT ACCEPT
 * // -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
 * console.log(listCommands(ruleset, { chain: 'INPUT', number: 1, verbose: true }))
 * // -A INPUT -p tcp -m tcp --dport 22 -c 0 0 -j ACCEPT
 */
export function listCommands(
  ruleset: Ruleset,
  options: Pick<ListOptions, 'table' | 'chain' | 'number' | 'verbose' | 'counters'> = {},
): string {
  const { verbose = false, number = 0 } = options
  const table = tableOf(ruleset, options.table)
  const lookup = options.counters ?? textCounters(table)
  const chains = chosenChains(table, options.chain)
  const counted = (chain: string, place: number | 'policy'): Counters | undefined =>
    verbose ? lookup(table.name, chain, place) : undefined
  const heads = chains.map(({ name, policy }) =>
    policy === undefined ? `-N ${name}` : `-P ${name} ${policy}${dashCounters(counted(name, 'policy'))}`,
  )
  const rules = chains.flatMap(({ name, rules }) =>
    rules.map((rule, index) => `-A ${name}${ruleText(rule, ruleset.family, counted(name, index))}`),
  )
  const lines = number > 0 ? rules.slice(number - 1, number) : [...heads, ...rules]
  return lines.map(line => `${line}\n`).join('')
}

/**
 * A rule as `iptables -v -A`, `-I`, `-R`, `-D` and `-C` repeat it: `ACCEPT  tcp opt -- in eth0 out *  0.0.0.0/0  -> …`.
 */
export function ruleInWords(rule: Rule, family: Family): string {
  const { protocol, fragment, inInterface, outInterface, source, destination } = rule
  const bang = (match: { readonly negated: boolean } | undefined, otherwise: string): string =>
    match?.negated === true ? '!' : otherwise
  const numeric = { numeric: true }
  return [
    `${targetName(rule)} `,
    `${bang(protocol, ' ')}${protocolColumn(protocol?.number ?? 0, false)} `,
    `opt ${bang(fragment, '-')}${fragment === undefined ? '-' : 'f'} `,
    `in ${deviceName(inInterface, true)} out ${deviceName(outInterface, true)} `,
    `${bang(source, ' ')}${addressName(source, family, numeric)} `,
    `${bang(destination, ' ')}-> ${addressName(destination, family, numeric)}  `,
    rule.target.kind === 'goto' ? '[goto] ' : '',
    ...extensionColumns(rule, family, true),
  ].join('')
}

/** A table that nobody loaded looks as the kernel would create it. */
function tableOf(ruleset: Ruleset, name: TableName = 'filter'): Table {
  const empty = BUILTIN_CHAINS[name].map(
    chain => [chain, { name: chain, policy: 'ACCEPT', rules: [] }] as const,
  )
  return ruleset.tables[name] ?? { name, chains: Object.fromEntries(empty) }
}

function chosenChains(table: Table, name: string | undefined): readonly Chain[] {
  const chains = orderedChains(table)
  if (name === undefined) return chains
  const chosen = chains.filter(chain => chain.name === name)
  if (chosen.length === 0) throw new RangeError(`table ${table.name} has no chain '${name}'`)
  return chosen
}

function chainTitle(chain: Chain, table: Table, lookup: CounterLookup, options: ListOptions): string {
  if (chain.policy === undefined) return `Chain ${chain.name} (${references(table, chain.name)} references)`
  if (options.verbose !== true) return `Chain ${chain.name} (policy ${chain.policy})`
  const { packets, bytes } = lookup(table.name, chain.name, 'policy')
  const text = (number: number): string => abbreviated(number, options.exact === true)
  return `Chain ${chain.name} (policy ${chain.policy} ${text(packets)} packets, ${text(bytes)} bytes)`
}

function references(table: Table, name: string): number {
  let count = 0
  for (const { rules } of Object.values(table.chains))
    for (const { target } of rules)
      if ((target.kind === 'jump' || target.kind === 'goto') && target.chain === name) count++
  return count
}

function heading({ lineNumbers, verbose, exact }: ListOptions): string {
  const widths = exact === true ? [8, 10] : [5, 5]
  const counts = `${'pkts'.padStart(widths[0]!)} ${'bytes'.padStart(widths[1]!)} `
  const number = lineNumbers === true ? 'num  ' : ''
  const devices = verbose === true ? ' in     out    ' : ''
  return `${number}${verbose === true ? counts : ''}${'target'.padEnd(9)}  prot opt${devices} ${'source'.padEnd(19)}  ${'destination'.padEnd(19)} `
}

function ruleRow(
  rule: Rule,
  number: number,
  counters: Counters,
  family: Family,
  options: ListOptions,
): string {
  const numeric = options.numeric === true
  const { protocol, fragment } = rule
  return [
    options.lineNumbers === true ? `${String(number).padEnd(4)} ` : '',
    options.verbose === true ? countersText(counters, options.exact === true) : '',
    `${targetName(rule).padEnd(9)} `,
    `${protocol?.negated === true ? '!' : ' '}${protocolColumn(protocol?.number ?? 0, numeric).padEnd(4)} `,
    `${fragment?.negated === true ? '!' : '-'}${fragment === undefined ? '-' : 'f'} `,
    options.verbose === true ? devicesText(rule, numeric) : '',
    addressColumn(rule.source, family, options),
    addressColumn(rule.destination, family, options),
    rule.target.kind === 'goto' ? '[goto] ' : '',
    ...extensionColumns(rule, family, numeric),
  ].join('')
}

function targetName({ target }: Rule): string {
  switch (target.kind) {
    case 'none':
      return ''
    case 'verdict':
      return target.verdict
    case 'extension':
      // the kernel has no other name for it
      return target.name === 'NOTRACK' ? 'CT' : target.name
    default:
      return target.chain
  }
}

function protocolColumn(number: number, numeric: boolean): string {
  if (numeric) return `${number}`
  return number === 0 ? 'all' : protocolText(number)
}

function devicesText({ inInterface, outInterface }: Rule, numeric: boolean): string {
  return ` ${deviceName(inInterface, numeric).padEnd(6)} ${deviceName(outInterface, numeric).padEnd(6)} `
}

function deviceName(match: InterfaceMatch | undefined, numeric: boolean): string {
  if (match === undefined) return numeric ? '*' : 'any'
  return `${match.negated ? '!' : ''}${match.name}${match.wildcard ? '+' : ''}`
}

function addressColumn(match: AddressMatch | undefined, family: Family, options: ListOptions): string {
  return `${match?.negated === true ? '!' : ' '}${addressName(match, family, options).padEnd(19)} `
}

function addressName(match: AddressMatch | undefined, family: Family, options: ListOptions): string {
  const numeric = options.numeric === true
  if (match === undefined || match.prefix.mask.isZero())
    return numeric ? (family === 4 ? '0.0.0.0/0' : '::/0') : 'anywhere'
  const { address, mask } = match.prefix
  const name = numeric ? undefined : options.hostName?.(address)
  const length = maskLength(mask)
  const suffix = length === (family === 4 ? 32 : 128) ? '' : `/${length ?? mask}`
  return `${name ?? address}${suffix}`
}

function extensionColumns(rule: Rule, family: Family, numeric: boolean): readonly string[] {
  const column = (extension: MatchExtension | TargetExtension | undefined, options: object): string => {
    const text = extension?.list(options, family, numeric) ?? ''
    return text === '' || extension?.listsWithoutBlank === true ? text : ` ${text}`
  }
  const { matches, target } = rule
  const uses = matches.map(({ name, options }) => column(matchExtension(name, family), options))
  if (target.kind !== 'extension') return uses
  return [...uses, column(targetExtension(target.name, family), target.options)]
}

function countersText({ packets, bytes }: Counters, exact: boolean): string {
  const column = (number: number): string => `${abbreviated(number, exact).padStart(exact ? 8 : 5)} `
  return `${column(packets)}${column(bytes)}`
}

/** Five digits at most: thousands, millions and so on are rounded (libxtables, `xtables_print_num`). */
export function abbreviated(number: number, exact: boolean): string {
  if (exact || number <= 99999) return `${number}`
  let value = number
  for (const unit of ['K', 'M', 'G']) {
    value = Math.floor((value + 500) / 1000)
    if (value <= 9999) return `${value}${unit}`
  }
  return `${Math.floor((value + 500) / 1000)}T`
}
