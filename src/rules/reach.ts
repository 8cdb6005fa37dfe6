import { BUILTIN_CHAINS, type Hook, type Table } from './model.ts'

/** From which hooks each chain of a table can be reached by jumps and gotos. A chain that nobody reaches has none. */
export function reachableHooks(table: Table): Map<string, ReadonlySet<Hook>> {
  const reached = new Map<string, Set<Hook>>()
  const visit = (name: string, hook: Hook): void => {
    const hooks = reached.get(name) ?? new Set<Hook>()
    if (hooks.has(hook)) return
    hooks.add(hook)
    reached.set(name, hooks)
    for (const { target } of table.chains[name]?.rules ?? [])
      if (target.kind === 'jump' || target.kind === 'goto') visit(target.chain, hook)
  }
  for (const hook of BUILTIN_CHAINS[table.name]) visit(hook, hook)
  return reached
}
