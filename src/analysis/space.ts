import type { Address, Family, Prefix } from '../address.ts'
import type { Ruleset } from '../rules/model.ts'
import { Bdd, EMPTY, FULL, type Node } from './bdd.ts'
import { addressBit, bitOf, FIELD_NAMES, type Field, type FieldName, layOut } from './fields.ts'
import { vocabularyOf } from './vocabulary.ts'

/** Something a rule asks that is no field: a free variable, true or false for reasons of its own. */
export interface Opaque {
  readonly level: number
  /** As people write it: `-m set --match-set bad src`. */
  readonly text: string
  /** It answers the same whenever it is asked about one packet in one table. */
  readonly stable: boolean
}

/**
 * The sets of packets that rulesets of one family can tell apart: the fields of `fields.ts` exactly, and every other
 * condition as a free variable. A statement that holds for all values of the free variables holds in every state; a
 * packet set that is empty is empty in truth. Node numbers of different spaces have nothing to do with each other.
 *
 * @param rulesets all that will be asked about: the devices that they name must be known beforehand
 * @param devices that packets may use besides those
 */
export class PacketSpace {
  readonly family: Family
  readonly bdd: Bdd
  readonly fields: Readonly<Record<FieldName, Field>>
  /** Where the fields end and the free variables begin. */
  readonly fieldBits: number
  /** Vectors to start from (see `taste.ts`), made once. */
  readonly templates = new Map<string, Uint8Array>()
  private readonly opaques: Opaque[] = []
  private readonly opaqueByKey = new Map<string, Opaque>()

  constructor(rulesets: readonly Ruleset[], nodeLimit?: number, devices?: readonly string[]) {
    this.family = rulesets[0]?.family ?? 4
    this.bdd = new Bdd(nodeLimit)
    this.fields = layOut(this.family, vocabularyOf(rulesets, devices))
    const last = this.fields[FIELD_NAMES.at(-1)!]
    this.fieldBits = last.offset + last.bits
  }

  /** How long a vector is: fields and the free variables so far. */
  get width(): number {
    return this.fieldBits + this.opaques.length
  }

  opaqueAt(level: number): Opaque | undefined {
    return this.opaques[level - this.fieldBits]
  }

  fieldAt(level: number): Field {
    return FIELD_NAMES.map(name => this.fields[name]).findLast(({ offset }) => offset <= level)!
  }

  /** The free variable for a condition: the same key, the same variable. */
  opaque(key: string, text: string, stable: boolean): Node {
    let found = this.opaqueByKey.get(key)
    if (found === undefined) {
      found = { level: this.width, text, stable }
      this.opaques.push(found)
      this.opaqueByKey.set(key, found)
    }
    return this.bdd.literal(found.level, true)
  }

  /** The packets whose field is this number. */
  is(name: FieldName, value: number): Node {
    return this.masked(name, value, -1)
  }

  /** The packets whose field agrees with `value` where `mask` is set; both up to 32 bits. */
  masked(name: FieldName, value: number, mask: number): Node {
    const { offset, bits } = this.fields[name]
    let node: Node = FULL
    for (let i = bits - 1; i >= 0; i--) {
      if (bitOf(mask, bits, i) === 0) continue
      node = this.test(offset + i, bitOf(value, bits, i), node)
    }
    return node
  }

  /** The packets whose number lies from `min` to `max`; none if they are reversed. */
  between(name: FieldName, min: number, max: number): Node {
    if (max < min) return EMPTY
    const { bits } = this.fields[name]
    return this.range(
      name,
      i => bitOf(min, bits, i),
      i => bitOf(max, bits, i),
    )
  }

  inPrefix(name: 'source' | 'destination', { address, mask }: Prefix): Node {
    const { offset, bits } = this.fields[name]
    let node: Node = FULL
    for (let i = bits - 1; i >= 0; i--)
      if (addressBit(mask, i) === 1) node = this.test(offset + i, addressBit(address, i), node)
    return node
  }

  inAddressRange(name: 'source' | 'destination', first: Address, last: Address): Node {
    if (last.compare(first) < 0) return EMPTY
    return this.range(
      name,
      i => addressBit(first, i),
      i => addressBit(last, i),
    )
  }

  /** The packets whose field is one of the names that `wanted` holds for. */
  named(name: FieldName, wanted: (atom: string) => boolean): Node {
    const { atoms = [] } = this.fields[name]
    const excluded = atoms.filter(atom => !wanted(atom)).length
    const few = excluded * 2 > atoms.length
    let node: Node = EMPTY
    atoms.forEach((atom, index) => {
      if (wanted(atom) === few) node = this.bdd.or(node, this.is(name, index))
    })
    return few ? node : this.bdd.not(node)
  }

  /** The set without what negation takes away. */
  negatedIf(negated: boolean, node: Node): Node {
    return negated ? this.bdd.not(node) : node
  }

  all(...nodes: readonly Node[]): Node {
    return nodes.reduceRight((set, node) => this.bdd.and(node, set), FULL)
  }

  /** The same, cheapest first: the sets with the lowest variables are put together, the others on top of them. */
  conjunction(nodes: readonly Node[]): Node {
    return this.all(...[...nodes].sort((a, b) => this.bdd.level(a) - this.bdd.level(b)))
  }

  any(...nodes: readonly Node[]): Node {
    return nodes.reduce((set, node) => this.bdd.or(set, node), EMPTY)
  }

  /** The field's value in a vector (fields of up to 32 bits), unsigned. */
  valueOf(name: FieldName, bits: Uint8Array): number {
    const { offset, bits: width } = this.fields[name]
    let value = 0
    for (let i = 0; i < width; i++) value = value * 2 + bits[offset + i]!
    return value
  }

  private test(level: number, bit: 0 | 1, then: Node): Node {
    return bit === 1 ? this.bdd.make(level, EMPTY, then) : this.bdd.make(level, then, EMPTY)
  }

  private range(name: FieldName, min: (i: number) => 0 | 1, max: (i: number) => 0 | 1): Node {
    const { offset, bits } = this.fields[name]
    let atLeast: Node = FULL
    let atMost: Node = FULL
    for (let i = bits - 1; i >= 0; i--) {
      const level = offset + i
      atLeast = min(i) === 1 ? this.bdd.make(level, EMPTY, atLeast) : this.bdd.make(level, atLeast, FULL)
      atMost = max(i) === 1 ? this.bdd.make(level, FULL, atMost) : this.bdd.make(level, atMost, EMPTY)
    }
    return this.bdd.and(atLeast, atMost)
  }
}
