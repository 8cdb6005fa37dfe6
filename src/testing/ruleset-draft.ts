import { BUILTIN_CHAINS, type Hook, type TableName } from '../rules/model.ts'

/** A ruleset under construction: what stands in the text, line by line. */
export interface RulesetDraft {
  readonly tables: readonly TableDraft[]
}

/** A table in the words of a rules text. */
export interface TableDraft {
  readonly name: TableName
  readonly policies: { readonly [hook in Hook]?: 'ACCEPT' | 'DROP' }
  readonly rules: readonly RuleDraft[]
}

/** A rule in the words of a rules text. */
export interface RuleDraft {
  readonly chain: string
  /** Everything behind `-A chain`. */
  readonly words: string
}

/**
 * The `iptables-restore` text of a draft: every built-in chain, and the user chains that its rules mention.
 *
 * @returns lines, each with a newline; '' for a draft without tables
 * @example
 * const rules = [
 *   { chain: 'INPUT', words: '-p tcp --dport 22 -j c0' },
 *   { chain: 'c0', words: '-s 10.6.0.0/16 -j ACCEPT' },
 * ]
 * console.log(rulesetText({ tables: [{ name: 'filter', policies: { INPUT: 'DROP' }, rules }] }))
 * // *filter
 * // :INPUT DROP [0:0]
 * // :FORWARD ACCEPT [0:0]
 * // :OUTPUT ACCEPT [0:0]
 * // :c0 - [0:0]
 * // -A INPUT -p tcp --dport 22 -j c0
 * // -A c0 -s 10.6.0.0/16 -j ACCEPT
 * // COMMIT
 */
export function rulesetText(draft: RulesetDraft): string {
  return draft.tables.map(tableText).join('')
}

function tableText(table: TableDraft): string {
  const mentioned = USER_CHAINS[table.name]
    .map(([name]) => name)
    .filter(name =>
      table.rules.some(rule => rule.chain === name || new RegExp(`-[jg] ${name}$`).test(rule.words)),
    )
  return [
    `*${table.name}`,
    ...BUILTIN_CHAINS[table.name].map(hook => `:${hook} ${table.policies[hook] ?? 'ACCEPT'} [0:0]`),
    ...mentioned.map(name => `:${name} - [0:0]`),
    ...table.rules.map(({ chain, words }) => `-A ${chain}${words === '' ? '' : ` ${words}`}`),
    'COMMIT\n',
  ].join('\n')
}

/** User chains by table. A chain jumps only to later ones, so there are no loops; each is reached only from its hooks. */
export const USER_CHAINS: { readonly [table in TableName]: readonly (readonly [string, readonly Hook[]])[] } =
  {
    raw: [['r0', ['PREROUTING', 'OUTPUT']]],
    mangle: [['m0', ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']]],
    nat: [
      ['pre', ['PREROUTING']],
      ['post', ['POSTROUTING']],
    ],
    filter: [
      ['c0', ['INPUT', 'FORWARD', 'OUTPUT']],
      ['c1', ['INPUT', 'FORWARD', 'OUTPUT']],
      ['c2', ['FORWARD']],
    ],
    security: [],
  }
