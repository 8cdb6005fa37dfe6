import type { Family } from '../address.ts'
import type { Ruleset } from '../rules/model.ts'
import type { SetTable } from '../sets/set-table.ts'
import type { NodeRules } from './build-network.ts'
import type { ScenarioInput } from './schema.ts'

/** What earlier steps have made of the world, as far as the text alone says. */
export interface Known {
  readonly connections: Set<string>
  /** Rules by `node/family`; undefined where they are not known, since something about them is wrong. */
  readonly rules: Map<string, Ruleset | undefined>
  /** The ipsets of each node, as texts have made them; undefined as with rules. Packets add and delete besides. */
  readonly sets: Map<string, SetTable | undefined>
  readonly branches: readonly string[]
}

export function startOf(known: ReadonlyMap<string, NodeRules>, { network: { nodes } }: ScenarioInput): Known {
  const rules = new Map<string, Ruleset | undefined>()
  const sets = new Map<string, SetTable | undefined>()
  for (const name of Object.keys(nodes)) {
    const read = known.get(name)
    sets.set(name, read?.sets)
    rules.set(`${name}/4`, read === undefined ? undefined : (read.ipv4 ?? EMPTY[4]))
    rules.set(`${name}/6`, read === undefined ? undefined : (read.ipv6 ?? EMPTY[6]))
  }
  return { connections: new Set(), rules, sets, branches: [] }
}

/** What is known where a branch begins: its own, so that the others do not see what it does. */
export function branched({ connections, rules, sets }: Known, branches: readonly string[]): Known {
  return { connections: new Set(connections), rules: new Map(rules), sets: new Map(sets), branches }
}

const EMPTY: Readonly<Record<Family, Ruleset>> = {
  4: { family: 4, tables: {} },
  6: { family: 6, tables: {} },
}
