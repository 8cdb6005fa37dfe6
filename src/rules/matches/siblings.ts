import type { CompileContext } from '../extension.ts'
import { type Match, TABLES } from '../model.ts'

/**
 * The options of every use of a match in the ruleset, in the order in which the kernel loads them: matches that share a
 * table by name (`recent`, `hashlimit`) take its shape from the first. Where the ruleset is not known: only the own.
 */
export function siblings<O extends object>(context: CompileContext, name: string, own: O): readonly O[] {
  const { ruleset } = context
  if (ruleset === undefined) return [own]
  const found: O[] = []
  for (const table of TABLES) {
    for (const chain of Object.values(ruleset.tables[table]?.chains ?? {})) {
      for (const rule of chain.rules) {
        for (const match of rule.matches) if (match.name === name) found.push(optionsOf<O>(match))
      }
    }
  }
  return found.length === 0 ? [own] : found
}

/** Uses of one match have one options shape. */
function optionsOf<O extends object>(match: Match): O {
  return match.options as O
}
