import type { SetKey } from './key.ts'

/** What an element carries beside its key, as it is given to `add`; undefined leaves what is there. */
export interface ElementData {
  /** Infinity: it stays. */
  readonly expiresAtMs: number
  readonly packets: number | undefined
  readonly bytes: number | undefined
  readonly comment: string
  readonly skbMark: number
  readonly skbMask: number
  readonly skbPriority: number
  readonly skbQueue: number
  readonly nomatch: boolean
  /** `hash:net,iface`: the name is the beginning of an interface's name. */
  readonly wildcard: boolean
}

/** One element of a set. Never changed: a touched element is replaced. */
export class SetElement {
  readonly key: SetKey
  readonly expiresAtMs: number
  readonly packets: number
  readonly bytes: number
  readonly comment: string
  readonly skbMark: number
  readonly skbMask: number
  readonly skbPriority: number
  readonly skbQueue: number
  readonly nomatch: boolean
  readonly wildcard: boolean
  /** `hash:net,iface`: the element added next for the same network. */
  readonly next: SetElement | undefined

  constructor(
    key: SetKey,
    data: ElementData,
    packets: number,
    bytes: number,
    wildcard: boolean,
    next: SetElement | undefined,
  ) {
    this.key = key
    this.expiresAtMs = data.expiresAtMs
    this.packets = packets
    this.bytes = bytes
    this.comment = data.comment
    this.skbMark = data.skbMark
    this.skbMask = data.skbMask
    this.skbPriority = data.skbPriority
    this.skbQueue = data.skbQueue
    this.nomatch = data.nomatch
    this.wildcard = wildcard
    this.next = next
  }

  static made(key: SetKey, data: ElementData): SetElement {
    return new SetElement(key, data, data.packets ?? 0, data.bytes ?? 0, data.wildcard, undefined)
  }

  /** Added again with `-exist`: everything is taken over, counters only if there were any. */
  overwritten(data: ElementData): SetElement {
    const { packets = this.packets, bytes = this.bytes } = data
    return new SetElement(this.key, data, packets, bytes, this.wildcard, this.next)
  }

  counted(bytes: number): SetElement {
    return new SetElement(this.key, this, this.packets + 1, this.bytes + bytes, this.wildcard, this.next)
  }

  /** With another key: a bitmap:ip,mac learns the MAC address from the first packet. */
  keyed(key: SetKey): SetElement {
    return new SetElement(key, this, this.packets, this.bytes, this.wildcard, this.next)
  }

  followedBy(next: SetElement | undefined): SetElement {
    return next === this.next
      ? this
      : new SetElement(this.key, this, this.packets, this.bytes, this.wildcard, next)
  }

  isAlive(nowMs: number): boolean {
    return this.expiresAtMs > nowMs
  }

  /** Of the elements of one network, is this the one for the interface? (`hash_netiface4_data_equal`) */
  isFor(iface: string): boolean {
    return this.wildcard ? iface.startsWith(this.key.iface) : iface === this.key.iface
  }
}
