import type { Family } from '../address.ts'
import { parseRules } from '../rules/parse.ts'
import { type RuleDraft, type RulesetDraft, rulesetText, type TableDraft } from './ruleset-draft.ts'

/**
 * The drafts that are one step simpler than this one and that iptables accepts, the boldest steps first: fewer tables,
 * fewer rules, policies that accept, rules that ask less.
 */
export function* simplerDrafts(draft: RulesetDraft, family: Family): Iterable<RulesetDraft> {
  for (const simpler of candidates(draft)) {
    const { ruleset } = parseRules(rulesetText(simpler), { family, format: 'restore' })
    if (ruleset !== undefined) yield simpler
  }
}

function* candidates({ tables }: RulesetDraft): Iterable<RulesetDraft> {
  for (const [at, table] of tables.entries()) {
    yield { tables: tables.filter((_, index) => index !== at) }
    for (const simpler of simplerTables(table)) yield { tables: tables.with(at, simpler) }
  }
}

function* simplerTables(table: TableDraft): Iterable<TableDraft> {
  const { rules, policies } = table
  for (let size = rules.length; size >= 1; size = Math.floor(size / 2))
    for (let from = 0; from + size <= rules.length; from += size)
      yield { ...table, rules: [...rules.slice(0, from), ...rules.slice(from + size)] }
  for (const [hook, policy] of Object.entries(policies))
    if (policy === 'DROP') yield { ...table, policies: { ...policies, [hook]: 'ACCEPT' } }
  for (const [at, rule] of rules.entries())
    for (const simpler of simplerRules(rule)) yield { ...table, rules: rules.with(at, simpler) }
}

/** Without one of its matches or options, the protocol and what hangs on it at once. */
function* simplerRules(rule: RuleDraft): Iterable<RuleDraft> {
  const parts = partsOf(rule.words)
  const conditions = parts.filter(part => !/^-[jg] /.test(part))
  if (conditions.length > 1) yield without(rule, parts, conditions)
  for (const part of conditions) yield without(rule, parts, [part])
  for (const part of conditions)
    for (const word of part.matchAll(/ (?:! )?--\S+(?: [^-!\s]\S*)*/g))
      yield { ...rule, words: rule.words.replace(part, part.replace(word[0], '')) }
}

function without(rule: RuleDraft, parts: readonly string[], gone: readonly string[]): RuleDraft {
  return { ...rule, words: parts.filter(part => !gone.includes(part)).join(' ') }
}

/** `-p tcp`, `! -s 10.0.0.0/8`, `-m tcp --dport 80`, `-j DROP`: each with the options that belong to it. */
function partsOf(words: string): readonly string[] {
  return words.split(/ (?=(?:! )?-[a-zA-Z] )| (?=(?:! )?-f\b)/).filter(part => part !== '')
}
