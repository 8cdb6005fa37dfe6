import type { Skb } from '../packet/skb.ts'
import type { MatchEnvironment, SetAccess, SetTestOptions, SkbInfo } from '../rules/extension.ts'
import { addElement, removeElement } from './change.ts'
import type { ElementData, SetElement } from './element.ts'
import type { IpSet } from './ip-set.ts'
import { SetKey } from './key.ts'
import { packetKey, type SetFlags } from './packet-key.ts'
import type { SetTable } from './set-table.ts'

/** How a lookup ended. */
const MISS = 0
const HIT = 1
/** Found, but marked `nomatch`. */
const EXCEPTION = -1

/**
 * What rules do to sets within one transaction: `ip_set_test`, `ip_set_add` and `ip_set_del` of
 * net/netfilter/ipset/ip_set_core.c, and the types' kernel-side functions behind them.
 */
export class SetDraft implements SetAccess {
  private table: SetTable
  private readonly owner: object
  private readonly nowMs: number
  private readonly probe = new SetKey()
  /** The element of the last hit, for `--map-set`. */
  private found: SetElement | undefined

  constructor(table: SetTable, owner: object, nowMs: number) {
    this.table = table
    this.owner = owner
    this.nowMs = nowMs
  }

  commit(): SetTable {
    return this.table
  }

  test(
    name: string,
    skb: Skb,
    flags: SetFlags,
    options: SetTestOptions,
    _environment: MatchEnvironment,
  ): boolean {
    const counts = options.updateCounters !== false
    return this.matches(name, skb, flags, options, options, counts)
  }

  map(name: string, skb: Skb, flags: SetFlags, _environment: MatchEnvironment): SkbInfo | undefined {
    this.found = undefined
    return this.matches(name, skb, flags, NO_OPTIONS, undefined, true) ? this.found : undefined
  }

  add(
    name: string,
    skb: Skb,
    flags: SetFlags,
    options: { readonly exist: boolean; readonly timeoutSeconds?: number },
    _environment?: MatchEnvironment,
  ): void {
    this.addPacket(name, skb, flags, options)
  }

  remove(name: string, skb: Skb, flags: SetFlags, _environment?: MatchEnvironment): void {
    this.removePacket(name, skb, flags)
  }

  /** `--return-nomatch` turns exceptions into matches, and matches into none. */
  private matches(
    name: string,
    skb: Skb,
    flags: SetFlags,
    options: SetTestOptions,
    wanted: SetTestOptions | undefined,
    counts: boolean,
  ): boolean {
    const set = this.table.get(name)
    if (set === undefined || !fits(set, skb, flags)) return false
    if (set.shape.type.method === 'list') return this.testMembers(set, skb, flags, options, wanted, counts)
    if (!packetKey(this.probe, set, skb, flags, true)) return false
    const outcome = this.look(set, skb, wanted, counts)
    return options.returnNomatch === true ? outcome === EXCEPTION : outcome === HIT
  }

  /** `list_set_ktest`: the first member that matches decides; counter conditions are the list's own. */
  private testMembers(
    list: IpSet,
    skb: Skb,
    flags: SetFlags,
    options: SetTestOptions,
    wanted: SetTestOptions | undefined,
    counts: boolean,
  ): boolean {
    const countsBelow = counts && options.updateSubcounters !== false
    for (let at = 0; at < list.members.length; at++) {
      const { set, element } = list.members[at]!
      if (!this.matches(set, skb, flags, options, undefined, countsBelow)) continue
      if (element.expiresAtMs <= this.nowMs) continue
      const next = this.counted(list, element, skb, counts)
      if (next !== element) {
        const latest = this.table.get(list.definition.name)!
        const members = latest.members.map(each => (each.set === set ? { set, element: next } : each))
        this.table = this.table.put(latest.withMembers(members), this.owner)
      }
      if (wanted !== undefined && !hasCounters(list, next, wanted)) continue
      this.found = next
      return true
    }
    return false
  }

  /** The element for the probe, for sets of networks the most specific one (`mtype_test_cidrs`). */
  private look(set: IpSet, skb: Skb, wanted: SetTestOptions | undefined, counts: boolean): number {
    const { parts } = set.shape.type
    const netA = parts[0] === 'net'
    const netB = parts.length > 1 && parts[parts.length - 1] === 'net'
    if (!netA && !netB) return this.lookExactly(set, skb, wanted, counts)
    if (!netA) return this.lookSecond(set, skb, wanted, counts)
    const { probe } = this
    const { b0, b1, b2, b3 } = probe
    for (let at = 0; at < set.lengthsA.length; at++) {
      const { length } = set.lengthsA[at]!
      maskA(probe, length)
      probe.lengthA = length
      let outcome: number
      if (netB) {
        probe.b0 = b0
        probe.b1 = b1
        probe.b2 = b2
        probe.b3 = b3
        outcome = this.lookSecond(set, skb, wanted, counts)
      } else outcome = this.lookExactly(set, skb, wanted, counts)
      if (outcome !== MISS) return outcome
      // a network that is there for other interfaces only ends the search
      if (set.shape.hasInterfaces && this.onlyForOthers(set)) return MISS
    }
    return MISS
  }

  private onlyForOthers(set: IpSet): boolean {
    return set.hasNetwork(this.probe, this.nowMs) && set.find(this.probe, this.nowMs) === undefined
  }

  private lookSecond(set: IpSet, skb: Skb, wanted: SetTestOptions | undefined, counts: boolean): number {
    const { probe } = this
    for (let at = 0; at < set.lengthsB.length; at++) {
      const { length } = set.lengthsB[at]!
      maskB(probe, length)
      probe.lengthB = length
      const outcome = this.lookExactly(set, skb, wanted, counts)
      if (outcome !== MISS) return outcome
    }
    return MISS
  }

  private lookExactly(set: IpSet, skb: Skb, wanted: SetTestOptions | undefined, counts: boolean): number {
    const { probe } = this
    if (set.shape.learnsMac) return this.lookMac(set, skb, wanted, counts)
    const element = set.find(probe, this.nowMs)
    if (element === undefined) return MISS
    return this.examine(set, probe, element, skb, wanted, counts)
  }

  /** A bitmap:ip,mac element without MAC address takes the packet's, and matches. */
  private lookMac(set: IpSet, skb: Skb, wanted: SetTestOptions | undefined, counts: boolean): number {
    const shown = this.probe.copy()
    this.probe.b0 = this.probe.b1 = 0
    const element = set.find(this.probe, this.nowMs)
    if (element === undefined) return MISS
    const { key } = element
    if ((key.b0 | key.b1) !== 0)
      return key.b0 === shown.b0 && key.b1 === shown.b1
        ? this.examine(set, this.probe, element, skb, wanted, counts)
        : MISS
    const learnt = element.keyed(shown)
    this.table = this.table.put(set.replaced(this.probe.copy(), element, learnt, this.owner), this.owner)
    return HIT
  }

  /** `ip_set_match_extensions`: counts first, then looks at the counters. */
  private examine(
    set: IpSet,
    key: SetKey,
    element: SetElement,
    skb: Skb,
    wanted: SetTestOptions | undefined,
    counts: boolean,
  ): number {
    const next = this.counted(set, element, skb, counts)
    if (next !== element) {
      const latest = this.table.get(set.definition.name)!
      const stored = set.shape.learnsMac || set.shape.hasInterfaces ? key.copy() : element.key
      this.table = this.table.put(latest.replaced(stored, element, next, this.owner), this.owner)
    }
    if (wanted !== undefined && !hasCounters(set, next, wanted)) return MISS
    this.found = next
    return element.nomatch ? EXCEPTION : HIT
  }

  private counted(set: IpSet, element: SetElement, skb: Skb, counts: boolean): SetElement {
    return counts && set.definition.counters === true ? element.counted(skb.length) : element
  }

  /** True when it was added; a list adds to the first of its members that takes it. */
  private addPacket(
    name: string,
    skb: Skb,
    flags: SetFlags,
    options: { readonly exist: boolean; readonly timeoutSeconds?: number },
  ): boolean {
    const set = this.table.get(name)
    if (set === undefined || !fits(set, skb, flags)) return false
    if (set.shape.type.method === 'list') {
      for (const { set: member, element } of set.members)
        if (element.isAlive(this.nowMs) && this.addPacket(member, skb, flags, options)) break
      return true
    }
    const swept = set.swept(this.nowMs, this.owner)
    if (!packetKey(this.probe, swept, skb, flags, false)) return false
    const data = this.dataOf(set, skb, options.timeoutSeconds)
    const changed = addElement(swept, this.probe.copy(), data, options.exist, this.nowMs, this.owner)
    if (typeof changed === 'string') return false
    this.table = this.table.put(changed, this.owner)
    return true
  }

  private removePacket(name: string, skb: Skb, flags: SetFlags): boolean {
    const set = this.table.get(name)
    if (set === undefined || !fits(set, skb, flags)) return false
    if (set.shape.type.method === 'list') {
      for (const { set: member, element } of set.members)
        if (element.isAlive(this.nowMs) && this.removePacket(member, skb, flags)) break
      return true
    }
    const swept = set.swept(this.nowMs, this.owner)
    if (!packetKey(this.probe, swept, skb, flags, false)) return false
    const changed = removeElement(swept, this.probe.copy(), this.nowMs, this.owner)
    if (changed === undefined) return false
    this.table = this.table.put(changed, this.owner)
    return true
  }

  /** What an element that a packet added begins with: the packet is counted (`IP_SET_INIT_KEXT`). */
  private dataOf(set: IpSet, skb: Skb, timeoutSeconds: number | undefined): ElementData {
    const { timeout, counters } = set.definition
    const seconds = timeout === undefined ? 0 : (timeoutSeconds ?? timeout)
    return {
      ...NO_DATA,
      expiresAtMs: seconds === 0 ? Number.POSITIVE_INFINITY : this.nowMs + seconds * 1000,
      packets: counters ? 1 : 0,
      bytes: counters ? skb.length : 0,
    }
  }
}

const NO_OPTIONS: SetTestOptions = {}

const NO_DATA: ElementData = {
  expiresAtMs: Number.POSITIVE_INFINITY,
  packets: 0,
  bytes: 0,
  comment: '',
  skbMark: 0,
  skbMask: 0,
  skbPriority: 0,
  skbQueue: 0,
  nomatch: false,
  wildcard: false,
}

/** A rule may name more words than the set has dimensions, but not fewer; and the set must be of the packet's family. */
function fits(set: IpSet, skb: Skb, flags: SetFlags): boolean {
  const { type, family } = set.shape
  return flags.length >= type.parts.length && (family === undefined || family === skb.family)
}

/** A set without counters meets every condition on them. */
function hasCounters(set: IpSet, element: SetElement, { packets, bytes }: SetTestOptions): boolean {
  if (set.definition.counters !== true) return true
  return meets(element.packets, packets) && meets(element.bytes, bytes)
}

function meets(value: number, condition: SetTestOptions['packets']): boolean {
  if (condition === undefined) return true
  const { relation, value: wanted } = condition
  switch (relation) {
    case 'eq':
      return !(value < wanted) && !(value > wanted)
    case 'ne':
      return value < wanted || value > wanted
    case 'lt':
      return value < wanted
    case 'gt':
      return value > wanted
    default:
      return relation satisfies never
  }
}

function maskA(key: SetKey, length: number): void {
  key.a0 &= wordMask(length)
  key.a1 &= wordMask(length - 32)
  key.a2 &= wordMask(length - 64)
  key.a3 &= wordMask(length - 96)
}

function maskB(key: SetKey, length: number): void {
  key.b0 &= wordMask(length)
  key.b1 &= wordMask(length - 32)
  key.b2 &= wordMask(length - 64)
  key.b3 &= wordMask(length - 96)
}

function wordMask(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? -1 : -1 << (32 - bits)
}
