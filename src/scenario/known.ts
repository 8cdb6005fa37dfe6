import type { Family } from '../address.ts'
import type { Ruleset } from '../rules/model.ts'
import type { NodeRules } from './build-network.ts'
import type { ScenarioInput } from './schema.ts'

/** What earlier steps have made of the world, as far as the text alone says. */
export interface Known {
  readonly connections: Set<string>
  /** Rules by `node/family`; undefined where they are not known, since something about them is wrong. */
  readonly rules: Map<string, Ruleset | undefined>
  readonly branches: readonly string[]
}

export function startOf(known: ReadonlyMap<string, NodeRules>, { network: { nodes } }: ScenarioInput): Known {
  const rules = new Map<string, Ruleset | undefined>()
  for (const name of Object.keys(nodes)) {
    const read = known.get(name)
    rules.set(`${name}/4`, read === undefined ? undefined : (read.ipv4 ?? EMPTY[4]))
    rules.set(`${name}/6`, read === undefined ? undefined : (read.ipv6 ?? EMPTY[6]))
  }
  return { connections: new Set(), rules, branches: [] }
}

const EMPTY: Readonly<Record<Family, Ruleset>> = {
  4: { family: 4, tables: {} },
  6: { family: 6, tables: {} },
}
