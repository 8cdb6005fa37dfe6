import type { Address } from '../address.ts'
import { NUMBER_KEYS, PersistentMap } from '../persistent/map.ts'
import { type Connection, type Direction, Status, type Zone } from './connection.ts'
import type { Tuple } from './tuple.ts'

/** `NF_CT_EXPECT_*` */
export const ExpectFlags = { PERMANENT: 1, INACTIVE: 2, USERSPACE: 4 } as const

/** Which parts of a source count; the destination, its port and the protocol always do. All-zero: any source. */
export interface ExpectationMask {
  readonly source: Address
  readonly sport: number
}

/** What a helper hands to {@link ExpectationDraft.add}. */
export interface NewExpectation {
  /** What the first packet will look like; parts that the mask leaves out are 0. */
  readonly tuple: Tuple
  readonly mask: ExpectationMask
  readonly flags?: number
  /** Default 0. */
  readonly class?: number
  /** The helper that made it, e.g. `ftp`. */
  readonly helper: string
  /** The helper that the new connection gets, where there is one (SIP, H.323). */
  readonly assignHelper?: string
  /** How many of this class the master may have at once; 0: any number. */
  readonly maxExpected: number
  readonly timeoutMs: number
  /** Under NAT: what to translate the new connection to, and in which direction it will run. */
  readonly nat?: { readonly savedAddress: Address; readonly savedPort: number; readonly direction: Direction }
  /** How NAT binds the new connection. */
  readonly onExpected?: 'nat-follow-master' | 'sip'
  /** One that is equal stands for it even if it is another master's or of another class (`NF_CT_EXP_F_SKIP_MASTER`). */
  readonly sharesMasters?: boolean
}

/**
 * A connection that a helper has announced (`struct nf_conntrack_expect`): whoever opens it becomes RELATED to the
 * master. Immutable.
 */
export interface Expectation
  extends Omit<NewExpectation, 'maxExpected' | 'timeoutMs' | 'flags' | 'class' | 'sharesMasters'> {
  /** Unique within a firewall, ascending in the order in which they were made. */
  readonly id: number
  readonly flags: number
  readonly class: number
  readonly zone: Zone
  readonly masterId: number
  readonly masterOriginal: Tuple
  readonly expiresAtMs: number
}

/** All expectations of a firewall; a value. */
export class ExpectationTable {
  readonly byId: PersistentMap<number, Expectation>
  readonly nextId: number

  constructor(byId: PersistentMap<number, Expectation>, nextId: number) {
    this.byId = byId
    this.nextId = nextId
  }

  static empty(): ExpectationTable {
    return new ExpectationTable(PersistentMap.empty(NUMBER_KEYS), 1)
  }

  get size(): number {
    return this.byId.size
  }

  /** In the order in which they were made. Expired ones are left out when the time is given. */
  list(nowMs = Number.NEGATIVE_INFINITY): Expectation[] {
    return listOf(this.byId).filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  }

  begin(owner: object): ExpectationDraft {
    return new ExpectationDraft(this, owner)
  }
}

/** The table while a step is under way. */
export class ExpectationDraft {
  private readonly base: ExpectationTable
  private readonly owner: object
  private byId: PersistentMap<number, Expectation>
  private nextId: number

  constructor(base: ExpectationTable, owner: object) {
    this.base = base
    this.owner = owner
    this.byId = base.byId
    this.nextId = base.nextId
  }

  get size(): number {
    return this.byId.size
  }

  /**
   * `nf_ct_expect_related`: an equal one of the same master and class is replaced (its timer starts anew), one that
   * overlaps another's is refused, and beyond the class's maximum the oldest of the master's goes.
   *
   * @param limit `nf_conntrack_expect_max`
   * @returns 'already': there is an equal one of another class, or of another master where that counts
   */
  add(
    expectation: NewExpectation,
    master: Connection,
    nowMs: number,
    limit = 4096,
  ): 'added' | 'already' | 'clash' | 'full' {
    const class_ = expectation.class ?? 0
    const made: Expectation = {
      id: this.nextId,
      tuple: expectation.tuple,
      mask: expectation.mask,
      flags: expectation.flags ?? 0,
      class: class_,
      helper: expectation.helper,
      ...(expectation.assignHelper !== undefined && { assignHelper: expectation.assignHelper }),
      ...(expectation.nat !== undefined && { nat: expectation.nat }),
      ...(expectation.onExpected !== undefined && { onExpected: expectation.onExpected }),
      zone: master.zone,
      masterId: master.id,
      masterOriginal: master.original,
      expiresAtMs: nowMs + expectation.timeoutMs,
    }
    this.sweep(nowMs)
    for (const other of this.list()) {
      const isOwn = hasSameMaster(other, made)
      if ((isOwn || expectation.sharesMasters === true) && matches(other, made)) {
        if (!isOwn || other.class !== class_) return 'already'
        this.remove(other)
        break
      }
      if (clashes(other, made)) return 'clash'
    }
    if (expectation.maxExpected > 0) {
      const siblings = this.list().filter(({ masterId, class: c }) => masterId === master.id && c === class_)
      const oldest = siblings[0]
      if (oldest !== undefined && siblings.length >= expectation.maxExpected) this.remove(oldest)
    }
    if (this.size >= limit) return 'full'
    this.byId = this.byId.set(made.id, made, this.owner)
    this.nextId++
    return 'added'
  }

  /**
   * The expectation that a packet's tuple would fulfil, without taking it; the newest first, as in the kernel's lists
   * (`__nf_ct_expect_find`). Of zones only the number counts, in whichever direction they apply.
   *
   * @param ignored flags of those that are passed over
   */
  find(tuple: Tuple, zone: Zone, nowMs: number, ignored = 0): Expectation | undefined {
    if (this.byId.size === 0) return undefined
    let found: Expectation | undefined
    for (const [, expectation] of this.byId) {
      if (expectation.expiresAtMs <= nowMs || (expectation.flags & ignored) !== 0) continue
      if (expectation.zone.id !== zone.id || !expectationCovers(expectation, tuple)) continue
      if (found === undefined || expectation.id > found.id) found = expectation
    }
    return found
  }

  /**
   * `nf_ct_find_expectation` with unlink: the expectation is used up unless it is permanent. A master that is dying,
   * or not confirmed yet, has no expectations to fulfil.
   */
  take(
    tuple: Tuple,
    zone: Zone,
    nowMs: number,
    master: (id: number) => Connection | undefined,
  ): Expectation | undefined {
    const found = this.find(tuple, zone, nowMs, ExpectFlags.INACTIVE)
    if (found === undefined) return undefined
    const owner = master(found.masterId)
    if (owner === undefined || !owner.has(Status.CONFIRMED) || owner.has(Status.DYING)) return undefined
    if ((found.flags & ExpectFlags.PERMANENT) === 0) this.remove(found)
    return found
  }

  /** Takes back what the master has just announced (`nf_ct_unexpect_related`). */
  unexpect(tuple: Tuple, master: Connection): void {
    for (const expectation of this.list())
      if (expectation.masterId === master.id && expectation.tuple.equals(tuple)) this.remove(expectation)
  }

  remove(expectation: Expectation): void {
    this.byId = this.byId.delete(expectation.id, this.owner)
  }

  /** What a master has announced, the newest first. */
  of(master: Connection): Expectation[] {
    return this.list()
      .filter(({ masterOriginal }) => masterOriginal === master.original)
      .reverse()
  }

  /** It waits on, until another time, for whoever fulfils it. */
  activate(expectation: Expectation, expiresAtMs: number): void {
    const flags = expectation.flags & ~ExpectFlags.INACTIVE
    this.byId = this.byId.set(expectation.id, { ...expectation, flags, expiresAtMs }, this.owner)
  }

  /** The master is gone, and with it what it announced (`nf_ct_remove_expectations`). */
  removeOf(masterOriginal: Tuple): void {
    if (this.byId.size === 0) return
    for (const expectation of this.list())
      if (expectation.masterOriginal === masterOriginal) this.remove(expectation)
  }

  /** A master that was not confirmed when it announced something has its id now. */
  adopt(master: Connection): void {
    if (this.byId.size === 0) return
    for (const expectation of this.list())
      if (expectation.masterId < 0 && expectation.masterOriginal === master.original)
        this.byId = this.byId.set(expectation.id, { ...expectation, masterId: master.id }, this.owner)
  }

  /** In the order in which they were made. */
  list(): Expectation[] {
    return listOf(this.byId)
  }

  /** Removes what has run out. */
  sweep(nowMs: number): void {
    if (this.byId.size === 0) return
    for (const expectation of this.list()) if (expectation.expiresAtMs <= nowMs) this.remove(expectation)
  }

  commit(): ExpectationTable {
    return this.byId === this.base.byId && this.nextId === this.base.nextId
      ? this.base
      : new ExpectationTable(this.byId, this.nextId)
  }
}

/** Does a packet's tuple fulfil it? (`nf_ct_tuple_mask_cmp`) */
function expectationCovers(expectation: Expectation, tuple: Tuple): boolean {
  const wanted = expectation.tuple
  return (
    tuple.protocol === wanted.protocol &&
    tuple.dport === wanted.dport &&
    tuple.destination.equals(wanted.destination) &&
    ((tuple.sport ^ wanted.sport) & expectation.mask.sport) === 0 &&
    sameUnder(expectation.mask.source, tuple.source, wanted.source)
  )
}

function sameUnder(mask: Address, a: Address, b: Address): boolean {
  return (
    a.family === b.family &&
    (((a.w0 ^ b.w0) & mask.w0) |
      ((a.w1 ^ b.w1) & mask.w1) |
      ((a.w2 ^ b.w2) & mask.w2) |
      ((a.w3 ^ b.w3) & mask.w3)) ===
      0
  )
}

function hasSameMaster(a: Expectation, b: Expectation): boolean {
  return a.masterId === b.masterId && a.masterOriginal.equals(b.masterOriginal)
}

/** `expect_matches`: a repetition, not a clash. */
function matches(a: Expectation, b: Expectation): boolean {
  return (
    a.tuple.equals(b.tuple) &&
    a.mask.sport === b.mask.sport &&
    a.mask.source.equals(b.mask.source) &&
    a.zone.id === b.zone.id
  )
}

/** `expect_clash`: some packet could fulfil both. */
function clashes(a: Expectation, b: Expectation): boolean {
  const mask = a.mask.source
  const other = b.mask.source
  return (
    a.zone.id === b.zone.id &&
    a.tuple.protocol === b.tuple.protocol &&
    a.tuple.dport === b.tuple.dport &&
    a.tuple.destination.equals(b.tuple.destination) &&
    ((a.tuple.sport ^ b.tuple.sport) & a.mask.sport & b.mask.sport) === 0 &&
    a.tuple.family === b.tuple.family &&
    (((a.tuple.source.w0 ^ b.tuple.source.w0) & mask.w0 & other.w0) |
      ((a.tuple.source.w1 ^ b.tuple.source.w1) & mask.w1 & other.w1) |
      ((a.tuple.source.w2 ^ b.tuple.source.w2) & mask.w2 & other.w2) |
      ((a.tuple.source.w3 ^ b.tuple.source.w3) & mask.w3 & other.w3)) ===
      0
  )
}

function listOf(map: PersistentMap<number, Expectation>): Expectation[] {
  const all: Expectation[] = []
  for (const [, expectation] of map) all.push(expectation)
  return all.sort((a, b) => a.id - b.id)
}
