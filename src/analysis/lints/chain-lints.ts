/** Lints about chains and about rules as text. */
import { BUILTIN_CHAINS, type Chain, type Rule, type Table } from '../../rules/model.ts'
import { ruleText } from '../../rules/print.ts'
import { at, type Lint, type LintContext, named, rulesOf } from './lint.ts'

export const unusedChain: Lint = {
  name: 'unused-chain',
  severity: 'warning',
  summary: 'No built-in chain leads to the chain, by whatever jumps.',
  *run({ ruleset }) {
    for (const table of tablesOf({ ruleset })) {
      const called = calledChains(table)
      for (const chain of userChains(table)) {
        if (called.has(chain.name)) continue
        yield {
          at: { table: table.name, chain: chain.name },
          ...lineOf(chain.rules[0]),
          message: `nothing jumps to chain ${chain.name}${chain.rules.length === 0 ? ', and it is empty' : `: its ${chain.rules.length} rules do nothing`}`,
          fix: `jump to it, or remove it (iptables -F ${chain.name}; iptables -X ${chain.name})`,
          ...(chain.rules.length === 0 && { severity: 'note' as const }),
        }
      }
    }
  },
}

export const emptyChain: Lint = {
  name: 'jump-to-empty-chain',
  severity: 'note',
  summary: 'The rule jumps to a chain without rules.',
  *run({ ruleset }) {
    for (const { id, rule, table } of rulesOf(ruleset)) {
      const { target } = rule
      if (
        (target.kind !== 'jump' && target.kind !== 'goto') ||
        table.chains[target.chain]?.rules.length !== 0
      )
        continue
      yield { ...at({ id, rule }), message: `chain ${target.chain} is empty: the jump only counts packets` }
    }
  },
}

export const duplicateRule: Lint = {
  name: 'duplicate-rule',
  severity: 'warning',
  summary: 'The same rule stands earlier in the same chain.',
  *run({ ruleset, report }) {
    for (const table of tablesOf({ ruleset }))
      for (const chain of Object.values(table.chains)) {
        const seen = new Map<string, number>()
        for (const [index, rule] of chain.rules.entries()) {
          const text = ruleText(
            { ...rule, matches: rule.matches.filter(({ name }) => name !== 'comment') },
            ruleset.family,
          )
          const first = seen.get(text)
          if (first === undefined) {
            seen.set(text, index)
            continue
          }
          const id = { table: table.name, chain: chain.name, number: index + 1 }
          const original = { ...id, number: first + 1 }
          // a rule that counts, logs or limits may be meant twice
          if (rule.target.kind === 'none' || report(id)?.status === 'reachable') continue
          yield {
            ...at({ id, rule }),
            message: `the same as ${named(original, chain.rules[first]!.line)}`,
            fix: 'remove one of them',
          }
        }
      }
  },
}

export const noiseCondition: Lint = {
  name: 'condition-without-effect',
  severity: 'note',
  summary: 'A condition that every packet meets.',
  *run({ ruleset }) {
    for (const { id, rule } of rulesOf(ruleset)) {
      const noise = [
        ...(['source', 'destination'] as const).flatMap(side => {
          const match = rule[side]
          if (match === undefined) return []
          const any = match.prefix.mask.isZero() && !match.negated
          return any ? [`-${side === 'source' ? 's' : 'd'} ${match.prefix}`] : []
        }),
        ...(['inInterface', 'outInterface'] as const).flatMap(side => {
          const match = rule[side]
          const any = match?.wildcard && match.name === '' && !match.negated
          return any ? [`-${side === 'inInterface' ? 'i' : 'o'} +`] : []
        }),
      ]
      if (noise.length > 0)
        yield {
          ...at({ id, rule }),
          message: `${noise.join(' and ')} matches everything`,
          fix: 'leave it out',
        }
    }
  },
}

export const unknownDevice: Lint = {
  name: 'lonely-interface',
  severity: 'warning',
  summary: 'A device name that differs from a much used one by a single character.',
  *run({ ruleset }) {
    const uses = new Map<string, { count: number; remark: ReturnType<typeof at> }>()
    for (const { id, rule } of rulesOf(ruleset))
      for (const match of [rule.inInterface, rule.outInterface]) {
        if (match === undefined || match.wildcard) continue
        const known = uses.get(match.name)
        if (known === undefined) uses.set(match.name, { count: 1, remark: at({ id, rule }) })
        else known.count++
      }
    for (const [name, { count, remark }] of uses) {
      if (count > 1) continue
      const like = [...uses].find(([other, use]) => use.count >= 3 && isTypo(name, other))
      if (like === undefined) continue
      yield {
        ...remark,
        message: `device '${name}' is named nowhere else, but '${like[0]}' is, ${like[1].count} times`,
        fix: `did you mean ${like[0]}?`,
      }
    }
  },
}

/** One letter wrong, missing, too many, or two swapped; numbers that differ are different devices. */
function isTypo(a: string, b: string): boolean {
  if (a.replace(/\d+/g, '') === b.replace(/\d+/g, '') || Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  const [x, y] = [a.slice(start), b.slice(start)]
  return (
    x.slice(1) === y.slice(1) ||
    x.slice(1) === y ||
    x === y.slice(1) ||
    (x.slice(2) === y.slice(2) && x[0] === y[1] && x[1] === y[0])
  )
}

/** The chains that jumps lead to from the built-in ones, whatever the rules' conditions. */
function calledChains(table: Table): ReadonlySet<string> {
  const called = new Set<string>()
  const visit = (name: string): void => {
    if (called.has(name)) return
    called.add(name)
    for (const { target } of table.chains[name]?.rules ?? [])
      if (target.kind === 'jump' || target.kind === 'goto') visit(target.chain)
  }
  for (const hook of BUILTIN_CHAINS[table.name]) visit(hook)
  return called
}

function tablesOf({ ruleset }: Pick<LintContext, 'ruleset'>): readonly Table[] {
  return Object.values(ruleset.tables).filter(table => table !== undefined)
}

function userChains(table: Table): readonly Chain[] {
  const builtin: readonly string[] = BUILTIN_CHAINS[table.name]
  return Object.values(table.chains).filter(({ name }) => !builtin.includes(name))
}

function lineOf(rule: Rule | undefined): { readonly line?: number } {
  return rule?.line === undefined ? {} : { line: rule.line }
}
