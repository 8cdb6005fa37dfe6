import type { Address, Family } from '../address.ts'
import { PersistentMap } from '../persistent/map.ts'
import { ELEMENT_KEYS, type ElementKey, type Extensions, isExpired } from './element.ts'
import { NO_LENGTHS, type PrefixLengths } from './prefix-lengths.ts'
import { netDimension, type SetType } from './set-type.ts'

/** What stood behind `create NAME TYPE`, with ipset's defaults filled in. */
export interface SetOptions {
  /** 0: the elements are no addresses, and packets of both families may be asked (`NFPROTO_UNSPEC`). */
  readonly family: Family | 0
  /** Seconds that elements stay by default, 0 for ever; undefined: the set knows no timeouts. */
  readonly timeout: number | undefined
  readonly counters: boolean
  readonly comment: boolean
  readonly skbinfo: boolean
  readonly forceadd: boolean
  readonly hashsize: number
  readonly maxelem: number
  readonly bucketsize: number
  readonly initval: number
  readonly netmask: number | undefined
  readonly bitmask: Address | undefined
  /** Bitmaps: the first and last address or port. */
  readonly range: readonly [number, number]
  /** list:set; says nothing any more. */
  readonly size: number
}

/** A set of any type but `list:set`. Immutable: every change gives a new one that shares nearly everything. */
export class ElementSet {
  readonly kind = 'elements'
  readonly type: SetType
  readonly options: SetOptions
  readonly elements: PersistentMap<ElementKey, Extensions>
  /** Which prefix lengths there are, for types with a `net`. */
  readonly lengths: PrefixLengths
  /** hash:net,iface: how many elements each net has, whatever their device. Keys without a device. */
  readonly nets: PersistentMap<ElementKey, number>
  /** hash:net,iface: how many elements have a wildcard device. */
  readonly wildcards: number

  private constructor(
    type: SetType,
    options: SetOptions,
    elements: PersistentMap<ElementKey, Extensions>,
    lengths: PrefixLengths,
    nets: PersistentMap<ElementKey, number>,
    wildcards: number,
  ) {
    this.type = type
    this.options = options
    this.elements = elements
    this.lengths = lengths
    this.nets = nets
    this.wildcards = wildcards
  }

  static empty(type: SetType, options: SetOptions): ElementSet {
    const elements = PersistentMap.empty<ElementKey, Extensions>(ELEMENT_KEYS)
    return new ElementSet(type, options, elements, NO_LENGTHS, PersistentMap.empty(ELEMENT_KEYS), 0)
  }

  /** What the key stands for, if it is there and has not run out. */
  get(key: ElementKey, nowJiffies: number): Extensions | undefined {
    const found = this.elements.get(key)
    return found === undefined || isExpired(found, nowJiffies) ? undefined : found
  }

  /**
   * hash:net,iface: the key of the element that the kernel takes for equal, which may be the beginning of the device's
   * name; the key itself where there is none.
   */
  resolve(asked: ElementKey): ElementKey {
    if (this.wildcards === 0 || this.elements.get(asked) !== undefined) return asked
    const key = asked.copy()
    key.isWildcard = true
    for (let length = asked.device.length; length > 0; length--) {
      key.device = asked.device.slice(0, length)
      if (this.elements.get(key) !== undefined) return key
    }
    return asked
  }

  /** The same elements with other extensions for one that is there. */
  touched(key: ElementKey, extensions: Extensions, owner: object): ElementSet {
    const { type, options, lengths, nets, wildcards } = this
    return new ElementSet(type, options, this.elements.set(key, extensions, owner), lengths, nets, wildcards)
  }

  /** @param key from now on belongs to the set */
  with(key: ElementKey, extensions: Extensions, owner: object): ElementSet {
    if (this.elements.get(key) !== undefined) return this.touched(key, extensions, owner)
    const { type, options, elements } = this
    const hasNet = netDimension(type) >= 0
    return new ElementSet(
      type,
      options,
      elements.set(key, extensions, owner),
      hasNet ? this.lengths.add(key.length) : this.lengths,
      this.countNet(key, 1, owner),
      this.wildcards + (key.isWildcard ? 1 : 0),
    )
  }

  /** @param key of an element that is there */
  without(key: ElementKey, owner: object): ElementSet {
    const { type, options, elements } = this
    const hasNet = netDimension(type) >= 0
    return new ElementSet(
      type,
      options,
      elements.delete(key, owner),
      hasNet ? this.lengths.remove(key.length) : this.lengths,
      this.countNet(key, -1, owner),
      this.wildcards - (key.isWildcard ? 1 : 0),
    )
  }

  /** Without what has run out: the kernel's garbage collection, wanted only when a set is full. */
  swept(nowJiffies: number): ElementSet {
    let swept: ElementSet = this
    const owner = {}
    for (const [key, extensions] of this.entries())
      if (isExpired(extensions, nowJiffies)) swept = swept.without(key, owner)
    return swept
  }

  *entries(): Generator<readonly [ElementKey, Extensions]> {
    const iterator = this.elements[Symbol.iterator]()
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value
  }

  private countNet(key: ElementKey, by: 1 | -1, owner: object): PersistentMap<ElementKey, number> {
    const { nets, type } = this
    if (type.dimensions[1] !== 'iface') return nets
    const net = key.copy()
    net.device = ''
    net.isWildcard = false
    const count = (nets.get(net) ?? 0) + by
    return count === 0 ? nets.delete(net, owner) : nets.set(net, count, owner)
  }
}

/** A member of a `list:set`. */
export interface ListMember {
  readonly name: string
  readonly extensions: Extensions
}

/** A `list:set`: other sets, asked in order. There are a handful at most, so a change copies the list. */
export class ListSet {
  readonly kind = 'list'
  readonly type: SetType
  readonly options: SetOptions
  readonly members: readonly ListMember[]

  constructor(type: SetType, options: SetOptions, members: readonly ListMember[] = []) {
    this.type = type
    this.options = options
    this.members = members
  }

  with(members: readonly ListMember[]): ListSet {
    return new ListSet(this.type, this.options, members)
  }
}

export type IpSet = ElementSet | ListSet

export function emptySet(type: SetType, options: SetOptions): IpSet {
  return type.method === 'list' ? new ListSet(type, options) : ElementSet.empty(type, options)
}
