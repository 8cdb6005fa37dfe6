import type { Family } from '../address.ts'
import { BUILTIN_CHAINS, type Hook, type Rule, type Table } from './model.ts'

/** Which rules the kernel finds on its way through a table when it loads it. */
export interface Reach {
  /** By chain and rule (from 0): the hooks that lead to it. What nothing leads to is missing. */
  readonly hooks: ReadonlyMap<string, readonly (ReadonlySet<Hook> | undefined)[]>
  /** By chain: the hooks that lead to its beginning. */
  readonly entered: ReadonlyMap<string, ReadonlySet<Hook>>
  /** Chains whose walk ends before their last rule or with it: what is appended to them counts as unreachable. */
  readonly cut: ReadonlySet<string>
  /** The first jump found that leads back to a chain it was reached from. */
  readonly loop: { readonly chain: string; readonly rule: Rule; readonly target: string } | undefined
}

/**
 * The walk that the kernel makes (`mark_source_chains`, net/ipv4/netfilter/ip_tables.c): from every hook along the rules
 * and into every jump, each chain once. A rule without any condition that ends in a verdict ends the walk of its chain:
 * what stands behind it counts as unreachable, loops included.
 */
export function reachOf(table: Table, family: Family): Reach {
  const hooks = new Map<string, (Set<Hook> | undefined)[]>()
  const entered = new Map<string, Set<Hook>>()
  const cut = new Set<string>()
  let loop: Reach['loop']
  for (const hook of BUILTIN_CHAINS[table.name]) {
    const visited = new Set<string>()
    const path = new Set<string>()
    const walk = (name: string): void => {
      visited.add(name)
      path.add(name)
      entered.set(name, (entered.get(name) ?? new Set()).add(hook))
      const marks = hooks.get(name) ?? []
      hooks.set(name, marks)
      for (const [index, rule] of chainRules(table, name).entries()) {
        marks[index] = (marks[index] ?? new Set()).add(hook)
        if (endsWalk(rule, family)) {
          cut.add(name)
          break
        }
        const { target } = rule
        if (target.kind !== 'jump' && target.kind !== 'goto') continue
        if (path.has(target.chain)) loop ??= { chain: name, rule, target: target.chain }
        else if (!visited.has(target.chain)) walk(target.chain)
      }
      path.delete(name)
    }
    walk(hook)
  }
  return { hooks, entered, cut, loop }
}

function chainRules(table: Table, name: string): readonly Rule[] {
  return Object.hasOwn(table.chains, name) ? table.chains[name]!.rules : []
}

/** `unconditional()`, and a verdict: not even `-i +` or, in IPv6, `-p all` may stand there. */
export function endsWalk(rule: Rule, family: Family): boolean {
  if (rule.target.kind !== 'verdict' || rule.matches.length > 0) return false
  const { source, destination, inInterface, outInterface, protocol, fragment } = rule
  const isAnywhere = [source, destination].every(
    match =>
      match === undefined || (match.prefix.mask.isZero() && match.prefix.address.isZero() && !match.negated),
  )
  return (
    isAnywhere &&
    inInterface === undefined &&
    outInterface === undefined &&
    fragment === undefined &&
    (protocol === undefined || (protocol.number === 0 && family === 4))
  )
}
