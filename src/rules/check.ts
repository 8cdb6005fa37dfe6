import type { Diagnostic } from '../diagnostic.ts'
import type { CheckContext, MatchExtension, TargetExtension } from './extension.ts'
import type { Hook, Rule, Ruleset, Table, TableName } from './model.ts'
import { orderedChains, tablesOf } from './print.ts'
import { protocolText } from './protocol-text.ts'
import { type Reach, reachOf } from './reachability.ts'
import { matchExtension, targetExtension } from './registry.ts'

/** What the kernel refuses when a ruleset is loaded: loops, and extensions in places where they cannot be. */
export function checkRuleset(ruleset: Ruleset, file: string | undefined): Diagnostic[] {
  return tablesOf(ruleset).flatMap(table => checkTable(table, reachOf(table, ruleset.family), ruleset, file))
}

export function checkTable(
  table: Table,
  reach: Reach,
  ruleset: Ruleset,
  file: string | undefined,
): Diagnostic[] {
  if (reach.loop !== undefined) {
    const { chain, rule, target } = reach.loop
    return [
      refusal(file, rule, `chain '${chain}' jumps to '${target}', from which it was reached: a loop`, {
        hint: 'chains may call each other only in one direction',
      }),
    ]
  }
  return orderedChains(table).flatMap(({ name, rules }) =>
    rules.flatMap((rule, index) => {
      const hooks = reach.hooks.get(name)?.[index] ?? NO_HOOKS
      return checkRule({ ruleset, family: ruleset.family, table: table.name, rule, hooks }, file)
    }),
  )
}

const NO_HOOKS: ReadonlySet<Hook> = new Set()

/** What one rule may not be where it stands. */
export function checkRule(context: CheckContext, file: string | undefined): Diagnostic[] {
  const { rule } = context
  const uses = rule.matches.map(match => ({
    extension: matchExtension(match.name, context.family),
    options: match.options,
  }))
  const target =
    rule.target.kind === 'extension'
      ? [{ extension: targetExtension(rule.target.name, context.family), options: rule.target.options }]
      : []
  for (const { extension, options } of [...uses, ...target]) {
    const complaint = extension === undefined ? undefined : checkUse(extension, options, context)
    if (complaint !== undefined) return [refusal(file, rule, complaint.message, complaint)]
  }
  return []
}

interface Complaint {
  readonly message: string
  readonly expected?: string
  readonly hint?: string
}

/** `xt_check_match`, `xt_check_target`: table, hooks, protocol, then the extension's own check. */
function checkUse(
  extension: MatchExtension | TargetExtension,
  options: object,
  context: CheckContext,
): Complaint | undefined {
  const what = `${extension.kind} '${extension.name}'`
  const { tables, hooks, protocols } = extension
  if (tables !== undefined && !tables.includes(context.table))
    return { message: `${what} cannot be used in the ${context.table} table`, expected: list(tables) }
  const wrongHooks = hooks === undefined ? [] : [...context.hooks].filter(hook => !hooks.includes(hook))
  if (wrongHooks.length > 0)
    return { message: `${what} cannot be reached from ${wrongHooks.join(', ')}`, expected: list(hooks!) }
  if (protocols !== undefined && !hasProtocol(context.rule, protocols))
    return {
      message: `${what} needs -p with ${protocols.length > 1 ? 'one of these protocols' : 'this protocol'}`,
      expected: protocols.map(number => `-p ${protocolText(number)}`).join(' or '),
    }
  const message = extension.check?.(options, context)
  return message === undefined ? undefined : { message: `${what}: ${message}` }
}

function hasProtocol({ protocol }: Rule, wanted: readonly number[]): boolean {
  return protocol !== undefined && !protocol.negated && wanted.includes(protocol.number)
}

function list(names: readonly (TableName | Hook)[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

const NOT_LOADED = 'iptables reads this, and the kernel does not load it'

function refusal(
  file: string | undefined,
  rule: Rule,
  message: string,
  { expected, hint }: { readonly expected?: string; readonly hint?: string } = {},
): Diagnostic {
  return {
    severity: 'error',
    ...(file === undefined ? {} : { file }),
    line: rule.line ?? 1,
    column: 1,
    message,
    code: 'kernel',
    ...(expected === undefined ? {} : { expected }),
    ...(hint !== undefined ? { hint } : expected === undefined ? { hint: NOT_LOADED } : {}),
  }
}
