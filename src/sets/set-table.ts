import { PersistentMap } from '../persistent/map.ts'
import { type SetDefinition, sameDefinition } from './definition.ts'
import { IpSet } from './ip-set.ts'

/** All ipsets of a firewall with their live elements. Immutable. */
export class SetTable implements Iterable<IpSet> {
  private readonly sets: PersistentMap<string, IpSet>

  private constructor(sets: PersistentMap<string, IpSet>) {
    this.sets = sets
  }

  static empty(): SetTable {
    return NO_SETS
  }

  get(name: string): IpSet | undefined {
    return this.sets.get(name)
  }

  has(name: string): boolean {
    return this.sets.has(name)
  }

  /** Puts a set under its name. */
  put(set: IpSet, owner: object): SetTable {
    return new SetTable(this.sets.set(set.definition.name, set, owner))
  }

  delete(name: string, owner: object): SetTable {
    return new SetTable(this.sets.delete(name, owner))
  }

  /** A set without elements, in the first slot that is free. */
  created(definition: SetDefinition, owner: object): SetTable {
    const taken = new Set([...this].map(({ slot }) => slot))
    let slot = 0
    while (taken.has(slot)) slot++
    return this.put(IpSet.empty(definition, slot), owner)
  }

  /** What of it is configuration. */
  definitions(): readonly SetDefinition[] {
    return [...this].map(({ definition }) => definition)
  }

  /**
   * The table for other definitions: sets that are defined as before keep their elements, others begin empty.
   * @throws RangeError for a type that does not exist
   */
  redefined(definitions: readonly SetDefinition[]): SetTable {
    const owner = {}
    let table: SetTable = this
    for (const { definition } of this) {
      const next = definitions.find(({ name }) => name === definition.name)
      if (next === undefined || !sameDefinition(definition, next))
        table = table.delete(definition.name, owner)
    }
    for (const definition of definitions)
      if (!table.has(definition.name)) table = table.created(definition, owner)
    return table
  }

  /** In the order in which the kernel lists them: by slot. */
  *[Symbol.iterator](): Iterator<IpSet> {
    const sets: IpSet[] = []
    for (const [, set] of { [Symbol.iterator]: () => this.sets[Symbol.iterator]() }) sets.push(set)
    yield* sets.sort((a, b) => a.slot - b.slot)
  }
}

const NO_SETS: SetTable = Reflect.construct(SetTable, [PersistentMap.strings<IpSet>()]) as SetTable
