import type { Family, Prefix } from '../address.ts'

export const TABLES = ['raw', 'mangle', 'nat', 'filter', 'security'] as const
/** The tables, in the order in which a packet meets them at a hook. */
export type TableName = (typeof TABLES)[number]

export const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const
/** Where a packet meets rules on its way through the box. */
export type Hook = (typeof HOOKS)[number]

/** Which built-in chains each table has, in the order iptables prints them. */
export const BUILTIN_CHAINS: Readonly<Record<TableName, readonly Hook[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}

/** A whole iptables or ip6tables configuration: plain data, made by `parseRules`, edited through immer. */
export interface Ruleset {
  readonly family: Family
  /** Only the tables that the text names exist; a packet passes the others untouched. */
  readonly tables: { readonly [table in TableName]?: Table }
}

/** A table of a ruleset, by the names of its chains. */
export interface Table {
  readonly name: TableName
  /** Built-in chains first, in the order of `BUILTIN_CHAINS`, then user chains. */
  readonly chains: { readonly [name: string]: Chain }
}

/** A chain of a table: built-in ones are walked at their hook, others where a rule jumps to them. */
export interface Chain {
  readonly name: string
  /** Built-in chains only. */
  readonly policy?: 'ACCEPT' | 'DROP'
  /** Where the policy's counters begin (`:INPUT DROP [n:m]` under `-c`). */
  readonly policyCounters?: Counters
  readonly rules: readonly Rule[]
}

/** How many packets matched, and their length together, as `iptables -v` shows them. */
export interface Counters {
  readonly packets: number
  readonly bytes: number
}

/** One rule, as data: what `-A` adds. An option that it does not have asks for nothing. */
export interface Rule {
  readonly source?: AddressMatch
  readonly destination?: AddressMatch
  readonly inInterface?: InterfaceMatch
  readonly outInterface?: InterfaceMatch
  readonly protocol?: ProtocolMatch
  /** `-f`: later fragments only (IPv4). */
  readonly fragment?: { readonly negated: boolean }
  /** In the order of the text, which is the order of evaluation. */
  readonly matches: readonly Match[]
  readonly target: Target
  /** Where the counters begin (`-c n m`, or `[n:m]` where those count). */
  readonly counters?: Counters
  /** Where the rule stands in its text. */
  readonly line?: number
}

export interface AddressMatch {
  readonly prefix: Prefix
  readonly negated: boolean
}

/** `eth+` is `{ name: 'eth', wildcard: true }`; `+` alone has an empty name. */
export interface InterfaceMatch {
  readonly name: string
  readonly wildcard: boolean
  readonly negated: boolean
}

/** Protocol 0 is "all" and never negated. */
export interface ProtocolMatch {
  readonly number: number
  readonly negated: boolean
}

/** `-m name options`. The options' shape belongs to the extension of that name (see `extension.ts`). */
export interface Match {
  readonly name: string
  readonly options: object
}

/** What a rule does with a packet that matches. */
export type Target =
  /** a rule that only counts */
  | { readonly kind: 'none' }
  | { readonly kind: 'verdict'; readonly verdict: 'ACCEPT' | 'DROP' | 'RETURN' | 'QUEUE' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'extension'; readonly name: string; readonly options: object }

export type { NatRange } from '../conntrack/nat-range.ts'
