import { Address, type Family, maskOf } from '../address.ts'
import { findSetType, type SetType } from './types.ts'

/**
 * What `ipset create` says of a set: plain data, part of the configuration. Options that the type does not have are
 * left out.
 */
export interface SetDefinition {
  readonly name: string
  /** `hash:ip`, `bitmap:port`, …: the `name` of a row of `SET_TYPES`. */
  readonly type: string
  /** Hash types; the others are IPv4's, or of both families (`bitmap:port`, `list:set`, `hash:mac`). */
  readonly family?: Family
  readonly hashsize?: number
  readonly maxelem?: number
  /** A prefix length. */
  readonly netmask?: number
  readonly bitmask?: Address
  readonly markmask?: number
  /** Seconds; elements added without a timeout get it, 0 keeps them for ever. Absent: the set knows no timeouts. */
  readonly timeout?: number
  readonly counters?: boolean
  readonly comment?: boolean
  readonly forceadd?: boolean
  readonly skbinfo?: boolean
  readonly bucketsize?: number
  /** The kernel's hash seed; it is printed, and otherwise decides nothing here. */
  readonly initval?: number
  /** Bitmaps: the first and last port or IPv4 address (as an unsigned number). */
  readonly range?: { readonly first: number; readonly last: number }
  readonly size?: number
}

/** @throws RangeError when there is no such type; a definition read from text always has one */
export function typeOf(definition: SetDefinition): SetType {
  const type = findSetType(definition.type)
  if (type === undefined) throw new RangeError(`set ${definition.name} has no known type: ${definition.type}`)
  return type
}

/** What every address is masked with before it is looked up or stored. */
export function addressMask({ family = 4, netmask, bitmask }: SetDefinition): Address {
  return bitmask ?? maskOf(family, netmask ?? (family === 4 ? 32 : 128))
}

/** The whole set belongs to one family; undefined for those that hold what both have. */
export function familyOf(definition: SetDefinition): Family | undefined {
  if (definition.family !== undefined) return definition.family
  return definition.type === 'bitmap:ip' || definition.type === 'bitmap:ip,mac' ? 4 : undefined
}

/** Whether two definitions describe the same set, its name included. */
export function sameDefinition(one: SetDefinition, other: SetDefinition): boolean {
  if (one === other) return true
  const sorted = (definition: SetDefinition): string =>
    JSON.stringify(Object.entries(definition).sort(([a], [b]) => (a < b ? -1 : 1)))
  return sorted(one) === sorted(other)
}

/** `-exist` lets a set be created again if type, family and these are as they were (each type's `same_set`). */
export function sameSet(one: SetDefinition, other: SetDefinition): boolean {
  return (
    one.type === other.type &&
    one.family === other.family &&
    one.maxelem === other.maxelem &&
    one.timeout === other.timeout &&
    one.range?.first === other.range?.first &&
    one.range?.last === other.range?.last &&
    one.markmask === other.markmask &&
    flagsOf(one) === flagsOf(other) &&
    addressMask(one).equals(addressMask(other))
  )
}

function flagsOf({ counters, comment, skbinfo }: SetDefinition): string {
  return [counters, comment, skbinfo].map(Boolean).join()
}
