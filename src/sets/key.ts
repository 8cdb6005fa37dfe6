import type { Address } from '../address.ts'
import type { KeyKind } from '../persistent/map.ts'

/**
 * What identifies an element: one shape of integers for all types, so that looking up a packet neither builds text nor
 * changes shape from set to set. Unused fields are 0. The words are an address's; a MAC address or a mark, which no type
 * has beside a second address, is kept in the second address's words.
 *
 * Writable, so that a transaction can look up with one scratch key; a key that is in a set is never changed.
 */
export class SetKey {
  a0 = 0
  a1 = 0
  a2 = 0
  a3 = 0
  b0 = 0
  b1 = 0
  b2 = 0
  b3 = 0
  /** Protocol << 16 | port, or ICMP type << 8 | code in the port's place. */
  port = 0
  /** Prefix lengths of the two addresses (0 where they are no networks). */
  lengthA = 0
  lengthB = 0
  /** `physdev:` (1) or not (0). */
  physdev = 0
  iface = ''

  reset(): void {
    this.a0 = this.a1 = this.a2 = this.a3 = 0
    this.b0 = this.b1 = this.b2 = this.b3 = 0
    this.port = this.lengthA = this.lengthB = this.physdev = 0
    this.iface = ''
  }

  copy(): SetKey {
    return Object.assign(new SetKey(), this)
  }

  setA({ w0, w1, w2, w3 }: Address, mask: Address): void {
    this.a0 = w0 & mask.w0
    this.a1 = w1 & mask.w1
    this.a2 = w2 & mask.w2
    this.a3 = w3 & mask.w3
  }

  setB({ w0, w1, w2, w3 }: Address, mask: Address): void {
    this.b0 = w0 & mask.w0
    this.b1 = w1 & mask.w1
    this.b2 = w2 & mask.w2
    this.b3 = w3 & mask.w3
  }
}

function hashKey(key: SetKey): number {
  let hash = Math.imul(key.a0 ^ 0x9e3779b9, 0x85ebca6b)
  hash = Math.imul((hash ^ (hash >>> 13)) + key.a1 + Math.imul(key.a2, 31) + Math.imul(key.a3, 961), 0xc2b2ae35)
  hash = Math.imul((hash ^ (hash >>> 16)) + key.b0 + Math.imul(key.b1, 31) + Math.imul(key.b2, 961), 0x27d4eb2f)
  hash = Math.imul((hash ^ (hash >>> 15)) + key.b3 + Math.imul(key.port, 31), 0x85ebca6b)
  hash = Math.imul((hash ^ (hash >>> 13)) + key.lengthA + (key.lengthB << 8) + (key.physdev << 16), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/**
 * Elements of a bitmap:ip,mac are told apart by their address alone, those of a hash:net,iface by their network: which
 * interfaces belong to it is looked up within (see `SetElement.next`).
 */
export const ELEMENT_KEYS: KeyKind<SetKey> = {
  hash: hashKey,
  equals: (one, other) =>
    one.a0 === other.a0 &&
    one.a1 === other.a1 &&
    one.a2 === other.a2 &&
    one.a3 === other.a3 &&
    one.b0 === other.b0 &&
    one.b1 === other.b1 &&
    one.b2 === other.b2 &&
    one.b3 === other.b3 &&
    one.port === other.port &&
    one.lengthA === other.lengthA &&
    one.lengthB === other.lengthB &&
    one.physdev === other.physdev,
}

/** Numeric, first part first: the order in which elements are printed. */
export function compareKeys(one: SetKey, other: SetKey): number {
  return (
    (one.a0 >>> 0) - (other.a0 >>> 0) ||
    (one.a1 >>> 0) - (other.a1 >>> 0) ||
    (one.a2 >>> 0) - (other.a2 >>> 0) ||
    (one.a3 >>> 0) - (other.a3 >>> 0) ||
    one.lengthA - other.lengthA ||
    one.port - other.port ||
    (one.b0 >>> 0) - (other.b0 >>> 0) ||
    (one.b1 >>> 0) - (other.b1 >>> 0) ||
    (one.b2 >>> 0) - (other.b2 >>> 0) ||
    (one.b3 >>> 0) - (other.b3 >>> 0) ||
    one.lengthB - other.lengthB ||
    one.physdev - other.physdev ||
    (one.iface < other.iface ? -1 : one.iface > other.iface ? 1 : 0)
  )
}
