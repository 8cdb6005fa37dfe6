import { Address, type Family, maskOf } from '../address.ts'
import type { KeyKind } from '../persistent/map.ts'
import { HZ } from '../rules/matches/jiffies.ts'
import { MAX_TIMEOUT } from './limits.ts'

/**
 * What an element is looked up by: up to two addresses, a port and a device, one shape for all set types so that the
 * lookup stays monomorphic. Whoever makes a key may write to it until it goes into a set.
 */
export class ElementKey {
  /** The first dimension's address; 0 where the type has none. */
  a0 = 0
  a1 = 0
  a2 = 0
  a3 = 0
  /** The address of a second `ip` or `net` dimension. */
  b0 = 0
  b1 = 0
  b2 = 0
  b3 = 0
  /** The prefix length of the `net` dimension, 0 without one (a net of length 0 has no zero bits to tell apart from). */
  length = 0
  protocol = 0
  /** For ICMP, type and code. */
  port = 0
  device = ''
  /** bitmap:ip,mac: what the packet or the text says; elements are found by their address alone. */
  mac = ''
  /** The device is a bridge port. */
  isPhysical = false
  /** The device is the beginning of a name. */
  isWildcard = false

  copy(): ElementKey {
    return Object.assign(new ElementKey(), this)
  }

  setFirst(address: Address): void {
    this.a0 = address.w0
    this.a1 = address.w1
    this.a2 = address.w2
    this.a3 = address.w3
  }

  setSecond(address: Address): void {
    this.b0 = address.w0
    this.b1 = address.w1
    this.b2 = address.w2
    this.b3 = address.w3
  }

  first(family: Family): Address {
    return new Address(family, this.a0, this.a1, this.a2, this.a3)
  }

  second(family: Family): Address {
    return new Address(family, this.b0, this.b1, this.b2, this.b3)
  }

  maskFirst({ w0, w1, w2, w3 }: Address): void {
    this.a0 &= w0
    this.a1 &= w1
    this.a2 &= w2
    this.a3 &= w3
  }

  maskSecond({ w0, w1, w2, w3 }: Address): void {
    this.b0 &= w0
    this.b1 &= w1
    this.b2 &= w2
    this.b3 &= w3
  }

  isFirstZero(): boolean {
    return (this.a0 | this.a1 | this.a2 | this.a3) === 0
  }
}

export const ELEMENT_KEYS: KeyKind<ElementKey> = {
  hash(key) {
    let hash = key.a0
    hash = mix(hash, key.a1)
    hash = mix(hash, key.a2)
    hash = mix(hash, key.a3)
    hash = mix(hash, key.b0)
    hash = mix(hash, key.b1)
    hash = mix(hash, key.b2)
    hash = mix(hash, key.b3)
    hash = mix(hash, (key.length << 24) | (key.protocol << 16) | key.port)
    const { device } = key
    for (let at = 0; at < device.length; at++) hash = mix(hash, device.charCodeAt(at))
    return hash ^ (hash >>> 15)
  },
  equals: (a, b) =>
    a.a0 === b.a0 &&
    a.a1 === b.a1 &&
    a.a2 === b.a2 &&
    a.a3 === b.a3 &&
    a.b0 === b.b0 &&
    a.b1 === b.b1 &&
    a.b2 === b.b2 &&
    a.b3 === b.b3 &&
    a.length === b.length &&
    a.port === b.port &&
    a.protocol === b.protocol &&
    a.device === b.device &&
    a.isPhysical === b.isPhysical &&
    a.isWildcard === b.isWildcard,
}

function mix(hash: number, word: number): number {
  return (Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 13)) | 0
}

/** The masks of all prefix lengths of a family, made once: lookups need one per length. */
export const PREFIX_MASKS: Readonly<Record<Family, readonly Address[]>> = {
  4: Array.from({ length: 33 }, (_, length) => maskOf(4, length)),
  6: Array.from({ length: 129 }, (_, length) => maskOf(6, length)),
}

/** What an element carries besides its key; which of it counts is the set's matter. */
export interface Extensions {
  /** The last jiffy in which it is there; 0: for ever (`IPSET_ELEM_PERMANENT`). */
  readonly expires: number
  readonly packets: number
  readonly bytes: number
  readonly comment: string
  /** skbinfo: what `-j SET --map-set` sets. */
  readonly mark: number
  readonly markMask: number
  readonly priority: number
  readonly queue: number
  /** bitmap:ip,mac: '' until a packet shows it; as ipset prints it. */
  readonly mac: string
  /** bitmap:ip,mac without a MAC: the seconds that begin to run when it has one. */
  readonly heldSeconds: number
  /** An exception: what it covers is *not* in the set. */
  readonly isExcluded: boolean
}

export const NO_EXTENSIONS: Extensions = {
  expires: 0,
  packets: 0,
  bytes: 0,
  comment: '',
  mark: 0,
  markMask: 0,
  priority: 0,
  queue: 0,
  mac: '',
  heldSeconds: 0,
  isExcluded: false,
}

/** `ip_set_timeout_expired`: the jiffy named is still a good one. */
export function isExpired({ expires }: Extensions, nowJiffies: number): boolean {
  return expires !== 0 && nowJiffies > expires
}

/** What `expires` is of an element that is made now. @param seconds 0 for ever */
export function expiry(seconds: number, nowJiffies: number): number {
  return seconds === 0 ? 0 : nowJiffies + Math.min(seconds, MAX_TIMEOUT) * HZ
}

/** The same with one more packet. */
export function countedOnce(element: Extensions, bytes: number): Extensions {
  return {
    expires: element.expires,
    packets: element.packets + 1,
    bytes: element.bytes + bytes,
    comment: element.comment,
    mark: element.mark,
    markMask: element.markMask,
    priority: element.priority,
    queue: element.queue,
    mac: element.mac,
    heldSeconds: element.heldSeconds,
    isExcluded: element.isExcluded,
  }
}
