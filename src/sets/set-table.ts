import type { Family } from '../address.ts'
import { PersistentMap } from '../persistent/map.ts'
import type { IpSet } from './ip-set.ts'

/** All sets of a firewall, by name. Immutable. */
export class SetTable {
  /** The kernel's array: a destroyed set leaves a hole that the next new one fills. Decides in which order sets are saved. */
  readonly slots: readonly (string | undefined)[]
  private readonly sets: PersistentMap<string, IpSet>

  private constructor(slots: readonly (string | undefined)[], sets: PersistentMap<string, IpSet>) {
    this.slots = slots
    this.sets = sets
  }

  static readonly EMPTY = new SetTable([], PersistentMap.strings<IpSet>())

  get(name: string): IpSet | undefined {
    return this.sets.get(name)
  }

  has(name: string): boolean {
    return this.sets.get(name) !== undefined
  }

  /** Is there such a set, and may rules of the family name it? */
  fits(name: string, family: Family): boolean {
    const own = this.sets.get(name)?.options.family
    return own === 0 || own === family
  }

  /** In the kernel's order. */
  names(): string[] {
    return this.slots.filter(name => name !== undefined)
  }

  /** Another value for a set that is there. */
  replace(name: string, set: IpSet, owner: object): SetTable {
    return new SetTable(this.slots, this.sets.set(name, set, owner))
  }

  create(name: string, set: IpSet, owner: object): SetTable {
    const hole = this.slots.indexOf(undefined)
    const slots = hole < 0 ? [...this.slots, name] : this.slots.map((old, at) => (at === hole ? name : old))
    return new SetTable(slots, this.sets.set(name, set, owner))
  }

  destroy(name: string, owner: object): SetTable {
    const slots = this.slots.map(old => (old === name ? undefined : old))
    return new SetTable(slots, this.sets.delete(name, owner))
  }

  rename(from: string, to: string, owner: object): SetTable {
    const slots = this.slots.map(old => (old === from ? to : old))
    const set = this.sets.get(from)!
    return new SetTable(slots, this.sets.delete(from, owner).set(to, set, owner))
  }

  swap(first: string, second: string, owner: object): SetTable {
    const [a, b] = [this.sets.get(first)!, this.sets.get(second)!]
    return new SetTable(this.slots, this.sets.set(first, b, owner).set(second, a, owner))
  }
}
