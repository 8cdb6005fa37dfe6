import { type Address, type Family, maskOf } from '../address.ts'
import { PersistentMap } from '../persistent/map.ts'
import { addressMask, familyOf, type SetDefinition, typeOf } from './definition.ts'
import type { ElementData } from './element.ts'
import { SetElement } from './element.ts'
import { ELEMENT_KEYS, type SetKey } from './key.ts'
import { type LengthCount, withLength, withoutLength } from './lengths.ts'
import type { SetType } from './types.ts'

/** A set that a `list:set` has among its members. */
export interface ListMember {
  readonly set: string
  /** Timeout, counters and so on; its key says nothing. */
  readonly element: SetElement
}

/** What a definition means, computed once. */
export class SetShape {
  readonly definition: SetDefinition
  readonly type: SetType
  /** Undefined: both. */
  readonly family: Family | undefined
  readonly mask: Address
  readonly maxElements: number
  /** Elements of one network are told apart by their interfaces. */
  readonly hasInterfaces: boolean
  /** The MAC address is beside the key, not in it. */
  readonly learnsMac: boolean

  constructor(definition: SetDefinition) {
    this.definition = definition
    this.type = typeOf(definition)
    this.family = familyOf(definition)
    this.mask = addressMask(definition)
    this.maxElements = this.type.method === 'hash' ? (definition.maxelem ?? 65536) : Number.POSITIVE_INFINITY
    this.hasInterfaces = this.type.parts.includes('iface')
    this.learnsMac = this.type.name === 'bitmap:ip,mac'
  }

  get hostLength(): number {
    return this.family === 6 ? 128 : 32
  }
}

interface Parts {
  shape: SetShape
  slot: number
  elements: PersistentMap<SetKey, SetElement>
  size: number
  lengthsA: readonly LengthCount[]
  lengthsB: readonly LengthCount[]
  members: readonly ListMember[]
  nextExpiryMs: number
}

/** An ipset with its elements. Immutable; changes name an `owner`, as in PersistentMap. */
export class IpSet {
  readonly shape: SetShape
  /** The kernel's index: sets are listed in its order, and a freed one is given out again. */
  readonly slot: number
  readonly elements: PersistentMap<SetKey, SetElement>
  /** How many elements are stored; those whose time is up count until they are swept. */
  readonly size: number
  /** Which prefix lengths the elements have, most specific first: what a lookup of an address has to try. */
  readonly lengthsA: readonly LengthCount[]
  readonly lengthsB: readonly LengthCount[]
  /** `list:set` only. */
  readonly members: readonly ListMember[]
  /** Nothing expires before. */
  readonly nextExpiryMs: number

  constructor(parts: Parts) {
    this.shape = parts.shape
    this.slot = parts.slot
    this.elements = parts.elements
    this.size = parts.size
    this.lengthsA = parts.lengthsA
    this.lengthsB = parts.lengthsB
    this.members = parts.members
    this.nextExpiryMs = parts.nextExpiryMs
  }

  static empty(definition: SetDefinition, slot: number): IpSet {
    return new IpSet({ shape: new SetShape(definition), slot, ...NOTHING })
  }

  get definition(): SetDefinition {
    return this.shape.definition
  }

  /** The live element for a key, whose interface, if it has one, is looked up among those of its network. */
  find(key: SetKey, nowMs: number): SetElement | undefined {
    let element = this.elements.get(key)
    if (!this.shape.hasInterfaces)
      return element !== undefined && element.expiresAtMs > nowMs ? element : undefined
    for (; element !== undefined; element = element.next)
      if (element.expiresAtMs > nowMs && element.isFor(key.iface)) return element
    return undefined
  }

  /** Is there any live element for the network, whatever its interface? */
  hasNetwork(key: SetKey, nowMs: number): boolean {
    for (let element = this.elements.get(key); element !== undefined; element = element.next)
      if (element.expiresAtMs > nowMs) return true
    return false
  }

  /** Puts `next` in the place of the element with the same key object. */
  replaced(key: SetKey, old: SetElement, next: SetElement, owner: object): IpSet {
    const head = this.shape.hasInterfaces ? replacedInChain(this.elements.get(key), old, next) : next
    const nextExpiryMs = Math.min(this.nextExpiryMs, next.expiresAtMs)
    return this.with({ elements: this.elements.set(key, head!, owner), nextExpiryMs })
  }

  /** With one more element; the caller has made sure that there is none of that key, and that there is room. */
  added(key: SetKey, data: ElementData, mac: SetKey | undefined, owner: object): IpSet {
    const element = SetElement.made(mac ?? key, data)
    const old = this.shape.hasInterfaces ? this.elements.get(key) : undefined
    return this.with({
      elements: this.elements.set(key, appended(old, element), owner),
      size: this.size + 1,
      lengthsA: key.lengthA === 0 && !this.shape.hasInterfaces ? this.lengthsA : withLength(this.lengthsA, key.lengthA),
      lengthsB: key.lengthB === 0 ? this.lengthsB : withLength(this.lengthsB, key.lengthB),
      nextExpiryMs: Math.min(this.nextExpiryMs, data.expiresAtMs),
    })
  }

  /** Without an element that is stored under the key. */
  removed(key: SetKey, element: SetElement, owner: object): IpSet {
    const head = this.shape.hasInterfaces ? withoutElement(this.elements.get(key), element) : undefined
    return this.with({
      elements: head === undefined ? this.elements.delete(key, owner) : this.elements.set(key, head, owner),
      size: this.size - 1,
      lengthsA:
        key.lengthA === 0 && !this.shape.hasInterfaces
          ? this.lengthsA
          : withoutLength(this.lengthsA, key.lengthA),
      lengthsB: key.lengthB === 0 ? this.lengthsB : withoutLength(this.lengthsB, key.lengthB),
    })
  }

  /** Without the elements whose time is up; looks only when there may be some. */
  swept(nowMs: number, owner: object): IpSet {
    if (this.nextExpiryMs > nowMs) return this
    let set: IpSet = this
    let nextExpiryMs = Number.POSITIVE_INFINITY
    for (const [key, head] of this.elements) {
      for (let element: SetElement | undefined = head; element !== undefined; element = element.next) {
        if (element.isAlive(nowMs)) nextExpiryMs = Math.min(nextExpiryMs, element.expiresAtMs)
        else set = set.removed(key, element, owner)
      }
    }
    const members = this.members.filter(({ element }) => element.isAlive(nowMs))
    for (const { element } of members) nextExpiryMs = Math.min(nextExpiryMs, element.expiresAtMs)
    return set.with({ nextExpiryMs, members })
  }

  withMembers(members: readonly ListMember[]): IpSet {
    const nextExpiryMs = Math.min(...members.map(({ element }) => element.expiresAtMs))
    return this.with({ members, nextExpiryMs })
  }

  flushed(): IpSet {
    return this.with(NOTHING)
  }

  /** The same elements under another name, in another slot: what rename and swap do. */
  moved(name: string, slot: number): IpSet {
    return this.with({ shape: new SetShape({ ...this.definition, name }), slot })
  }

  private with(parts: Partial<Parts>): IpSet {
    return new IpSet({ ...this, ...parts })
  }
}

const NOTHING = {
  elements: PersistentMap.empty<SetKey, SetElement>(ELEMENT_KEYS),
  size: 0,
  lengthsA: [] as readonly LengthCount[],
  lengthsB: [] as readonly LengthCount[],
  members: [] as readonly ListMember[],
  nextExpiryMs: Number.POSITIVE_INFINITY,
}

/** The whole of an address. */
export const WHOLE: Readonly<Record<Family, Address>> = { 4: maskOf(4, 32), 6: maskOf(6, 128) }

function appended(head: SetElement | undefined, last: SetElement): SetElement {
  return head === undefined ? last : head.followedBy(appended(head.next, last))
}

function replacedInChain(
  head: SetElement | undefined,
  old: SetElement,
  next: SetElement,
): SetElement | undefined {
  if (head === undefined) return undefined
  if (head.key === old.key) return next.followedBy(head.next)
  return head.followedBy(replacedInChain(head.next, old, next))
}

function withoutElement(head: SetElement | undefined, gone: SetElement): SetElement | undefined {
  if (head === undefined) return undefined
  return head.key === gone.key ? head.next : head.followedBy(withoutElement(head.next, gone))
}
