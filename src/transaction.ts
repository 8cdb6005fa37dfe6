import type { Address, Family } from './address.ts'
import type { CompiledConfig, CompiledFamily } from './compiled.ts'
import type { FirewallConfig } from './config.ts'
import type { Connection, Zone } from './conntrack/connection.ts'
import type { ConntrackHelper, ConntrackNat } from './conntrack/context.ts'
import type { ConntrackEvent } from './conntrack/events.ts'
import type { ExpectationDraft } from './conntrack/expectations.ts'
import type { GreKeys } from './conntrack/gre-keys.ts'
import { helperOf } from './conntrack/helpers/index.ts'
import type { SessionDraft } from './conntrack/session-table.ts'
import type { ConntrackSysctls } from './conntrack/sysctls.ts'
import type { Tuple } from './conntrack/tuple.ts'
import type { OutputRoute } from './ip/output-route.ts'
import type { RoutingTable } from './ip/routing.ts'
import { CONNTRACK_NAT } from './nat/conntrack-nat.ts'
import type { NatContext, PortChooser } from './nat/context.ts'
import { type Fate, StepResult } from './outcome.ts'
import type { FragmentQueue } from './packet/fragments.ts'
import type { Skb } from './packet/skb.ts'
import type { PersistentMap } from './persistent/map.ts'
import type { PersistentVector } from './persistent/vector.ts'
import type { Memory, Verdict } from './rules/extension.ts'
import { toJiffies } from './rules/matches/jiffies.ts'
import type { Counters, Hook } from './rules/model.ts'
import { NO_COUNTERS } from './rules/steps.ts'
import { SetDraft } from './sets/set-draft.ts'
import { FirewallState } from './state.ts'
import type { CookieChooser } from './synproxy/cookies.ts'
import type { TraceRecorder } from './trace.ts'

/** What a step may be given beside the state and the packet: everything in which the real kernel is random or asks others. */
export interface StepOptions {
  /** Where the kernel would start at a random port: see `PortChooser`. */
  readonly choosePort?: PortChooser
  /** Where the kernel would make a SYN cookie with a secret of its own (`-j SYNPROXY`): see `CookieChooser`. */
  readonly chooseCookie?: CookieChooser
  /** `-j NFQUEUE`: the verdict of the program behind the queue. Without it a queue has no listener. */
  readonly queueVerdict?: (queue: number, packet: Uint8Array) => 'ACCEPT' | 'DROP'
  /** `-m statistic --mode random`: a number in [0, 1) for each question. Without it such a rule throws when reached. */
  readonly random?: () => number
}

/** The way through the hooks, for those who send or route packets from within: see path.ts. */
export interface Path {
  /** A packet of the box itself: OUTPUT, POSTROUTING, device. False when it was dropped on the way. */
  send(skb: Skb, route: OutputRoute, transaction: Transaction): boolean
  /** What left on `lo`, or was heard by its own sender, comes in again. */
  receiveLooped(skb: Skb, transaction: Transaction): void
  /** Routes a packet in OUTPUT again after something about it has changed (`ip_route_me_harder`). */
  reroute(skb: Skb, transaction: Transaction): Verdict
  /** `-j REJECT`: builds the answer and sends it, where one may be sent. */
  reject(skb: Skb, kind: string, hook: Hook, transaction: Transaction): void
  /** `-j TEE`: a copy leaves towards a gateway. */
  duplicate(skb: Skb, gateway: Address, device: string | undefined, transaction: Transaction): void
}

/** What stateful matches remember, while a step is under way. */
class MemoryDraft implements Memory {
  map: PersistentMap<string, unknown>
  private readonly owner: object

  constructor(map: PersistentMap<string, unknown>, owner: object) {
    this.map = map
    this.owner = owner
  }

  get(key: string): unknown {
    return this.map.get(key)
  }

  set(key: string, value: unknown): void {
    this.map = this.map.set(key, value, this.owner)
  }
}

/**
 * The one place where a state is changed: everything that one or many arrivals do is written to drafts that only this
 * object sees, and `commit` makes the next state of them. Until then the old state is untouched; after it, so is the
 * new one, since nobody holds the owner token any more.
 */
export class Transaction implements NatContext {
  readonly base: FirewallState
  readonly config: FirewallConfig
  readonly compiled: CompiledConfig
  readonly path: Path
  readonly nat: ConntrackNat = CONNTRACK_NAT
  readonly options: StepOptions
  readonly recorder: TraceRecorder | undefined
  readonly nowMs: number
  readonly sysctls: ConntrackSysctls
  /** Which hook the packet is in; saved and restored around answers that the box makes itself. */
  hook: Hook = 'PREROUTING'

  readonly sessions: SessionDraft
  readonly expectations: ExpectationDraft
  readonly memory: MemoryDraft
  readonly sets: SetDraft
  fragments: FragmentQueue
  greKeys: GreKeys
  openedCalls: Connection[] | undefined = undefined
  /** For IPv4 ids and IPv6 fragment identifications of the box's own packets. */
  nextPacketId: number

  /** What the present arrival has done so far. */
  result!: StepResult
  /** A packet is being received, as opposed to sent by a process. */
  inSoftirq = false
  /** How deep we are in answers that the box makes itself. */
  answering = 0
  /** A copy of `-j TEE` is on its way: nothing is copied meanwhile (`in_nf_duplicate`). */
  duplicating = false
  /** How many copies of `-j TEE` the present arrival has set off. */
  copies = 0
  /** How many segments SYNPROXY has sent on account of the present arrival. */
  proxied = 0
  /** Packets on their way through `lo`, each a traversal of its own after the present one. */
  readonly looped: Skb[] = []

  private readonly owner = {}
  private counters: PersistentVector<Counters>

  constructor(base: FirewallState, path: Path, options: StepOptions, recorder: TraceRecorder | undefined) {
    this.base = base
    this.path = path
    this.config = base.config
    this.compiled = base.compiled
    this.options = options
    this.recorder = recorder
    this.nowMs = base.nowMs
    this.sysctls = base.compiled.conntrackSysctls
    this.sessions = base.sessions.begin(this.owner)
    this.expectations = base.expectations.begin(this.owner)
    this.fragments = base.fragments
    this.greKeys = base.greKeys
    this.nextPacketId = base.nextPacketId
    this.counters = base.counters
    this.memory = new MemoryDraft(base.memory, this.owner)
    this.sets = new SetDraft(base.sets, toJiffies(base.nowMs), this.owner)
  }

  /** What `conntrack -E` would print of the present arrival. */
  get events(): ConntrackEvent[] {
    this.result.events ??= []
    return this.result.events
  }

  /** Is what has come in over `lo` received at once? Not within a softirq, nor while a table that makes a copy is walked. */
  get runsSoftirqs(): boolean {
    return !this.inSoftirq && !this.duplicating
  }

  /** What became of the arriving packet. Answers that the box makes itself have no say in it. */
  ends(fate: Fate): void {
    if (this.answering === 0) this.result.fate = fate
  }

  /** Dropped outside the tables. */
  discards(why: string): void {
    this.recorder?.add({ kind: 'dropped', why })
    this.ends({ kind: 'discarded', hook: this.hook, why })
  }

  family(skb: Skb): CompiledFamily {
    return skb.family === 4 ? this.compiled.ipv4 : this.compiled.ipv6
  }

  routing(family: Family): RoutingTable {
    return family === 4 ? this.compiled.ipv4.routing : this.compiled.ipv6.routing
  }

  /** The next id for a packet of the box's own: never 0. */
  packetId(): number {
    const id = this.nextPacketId
    this.nextPacketId = (id % 0xffff) + 1
    return id
  }

  /** A fresh result for the next arrival. */
  begin(): StepResult {
    this.copies = 0
    this.proxied = 0
    this.result = new StepResult()
    return this.result
  }

  helper(name: string): ConntrackHelper | undefined {
    return helperOf(name)
  }

  broadcastMask(device: string, address: Address): Address | undefined {
    const own = this.routing(4)
      .devices.get(device)
      ?.addresses.find(({ secondary, broadcast }) => !secondary && broadcast?.equals(address))
    return own?.mask
  }

  findConnection(tuple: Tuple, zone: Zone): Connection | undefined {
    const found = this.sessions.lookup(tuple, zone)
    const connection = found < 0 ? undefined : this.sessions.get(found >> 1)
    return connection !== undefined && connection.expiresAtMs > this.nowMs ? connection : undefined
  }

  count(slot: number, bytes: number): void {
    const old = this.counters.get(slot) ?? NO_COUNTERS
    this.counters = this.counters.set(
      slot,
      { packets: old.packets + 1, bytes: old.bytes + bytes },
      this.owner,
    )
  }

  ownConnection(skb: Skb): Connection | undefined {
    if (skb.connection === undefined) return undefined
    skb.connection = this.sessions.own(skb.connection)
    return skb.connection
  }

  /** The state after everything that happened; this transaction must not be used any more. */
  commit(): FirewallState {
    return new FirewallState({
      config: this.config,
      compiled: this.compiled,
      nowMs: this.nowMs,
      sessions: this.sessions.commit(),
      expectations: this.expectations.commit(),
      counters: this.counters,
      memory: this.memory.map,
      sets: this.sets.table,
      fragments: this.fragments,
      greKeys: this.greKeys,
      nextPacketId: this.nextPacketId,
    })
  }
}
