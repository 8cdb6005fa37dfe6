import type { Address } from './address.ts'
import type { ConntrackEvent } from './conntrack/events.ts'
import type { Packet } from './packet/packet.ts'
import type { SocketOwner } from './packet/skb.ts'
import type { Hook } from './rules/model.ts'
import type { RulePlace } from './rules/steps.ts'
import type { FirewallState } from './state.ts'
import type { Traversal } from './trace.ts'

/** A packet that comes in on a device, or that the box itself sends through a raw socket. */
export type Arrival =
  | {
      /** The device it arrives on. */
      readonly device: string
      readonly packet: Packet | Uint8Array
      /** Source MAC address, where the device has one (`aa:bb:cc:dd:ee:ff`). */
      readonly macSource?: string
      readonly packetType?: 'host' | 'broadcast' | 'multicast' | 'otherhost'
      readonly mark?: number
    }
  | {
      readonly local: true
      /** Its family is the raw socket's: a kernel sends what the bytes say is another version as its own all the same. */
      readonly packet: Packet | Uint8Array
      /** Who sends it, for `-m owner`. */
      readonly socket?: SocketOwner
      readonly mark?: number
      /** Bound to a device (`SO_BINDTODEVICE`). */
      readonly boundDevice?: string
    }

/** What became of the arriving packet. `at` says where it was decided, where a rule or policy did. */
export type Fate =
  /** It left on a device: forwarded, or sent by the box. */
  | { readonly kind: 'forwarded' | 'sent'; readonly device: string }
  /** It reached a local process. */
  | { readonly kind: 'delivered'; readonly device: string }
  /** A rule or policy dropped it. */
  | { readonly kind: 'dropped'; readonly at: RulePlace; readonly hook: Hook }
  /** A REJECT rule dropped it and (where it may) answered. */
  | { readonly kind: 'rejected'; readonly at: RulePlace; readonly hook: Hook }
  /** Dropped outside the tables: a broken header, no route, TTL, conntrack, no free port. `why` says it in words. */
  | { readonly kind: 'discarded'; readonly hook: Hook | undefined; readonly why: string }
  /** Neither passed nor dropped: a fragment that waits for the others, a segment of a handshake that SYNPROXY leads. */
  | { readonly kind: 'held'; readonly why: string; readonly at?: RulePlace }

/** A packet that left on a device. */
export interface Emission {
  readonly device: string
  readonly packet: Packet
  /** Who on that link gets it: the route's gateway, or the destination itself. */
  readonly nextHop: Address
  /** The box made it itself: a REJECT, an ICMP error, a copy of `-j TEE`. */
  readonly answer: boolean
}

/** A packet that reached a local process (or would have: the simulator has no sockets of its own). */
export interface Delivery {
  /** The device it came in on; `lo` for looped ones. */
  readonly device: string
  readonly packet: Packet
  /** The fwmark it arrived with. */
  readonly mark: number
  readonly answer: boolean
}

/** A line of the kernel's log (`-j LOG`). */
export interface LogLine {
  /** syslog level, 0 (emerg) to 7 (debug) */
  readonly level: number
  readonly text: string
  /** It is about a packet that the box made itself. */
  readonly answer: boolean
}

/** A message to userspace (`-j NFLOG`). */
export interface NflogMessage {
  readonly group: number
  readonly prefix: string
  readonly bytes: Uint8Array
}

const NOTHING_HAPPENED: Fate = { kind: 'discarded', hook: undefined, why: 'nothing happened' }
const NONE: readonly never[] = Object.freeze([])

/** Everything that one arrival did besides changing the state. A list that nothing was put on does not exist. */
export class StepResult {
  fate: Fate = NOTHING_HAPPENED
  emitted: Emission[] | undefined = undefined
  delivered: Delivery[] | undefined = undefined
  log: LogLine[] | undefined = undefined
  nflog: NflogMessage[] | undefined = undefined
  /** What `conntrack -E` would print. */
  events: ConntrackEvent[] | undefined = undefined
  /** Local sends only: what `send()` returned, 0 for success; 1 (EPERM) when OUTPUT dropped the packet. */
  errno = 0
}

/**
 * What one step answers: what became of the packet, what left and what was heard, the next state, and why.
 *
 * @example
 * const box = createFirewall({ interfaces: { eth0: ['192.0.2.1/24'] }, rules: 'iptables -A INPUT -p tcp -j REJECT' })
 * const telnet = tcp({ from: '192.0.2.7:5000', to: '192.0.2.1:23', flags: 'S' })
 * const { fate, emitted, trace } = step(box, { device: 'eth0', packet: telnet })
 * fate.kind // 'rejected'
 * emitted[0].packet.toString().slice(0, 28) // 'icmp 192.0.2.1 > 192.0.2.7 p'
 * trace[0].steps.filter(({ kind }) => kind === 'rule').map(({ matched }) => matched) // [ true ]
 */
export class Outcome {
  /** The next state. After `run`, the state after the last arrival. */
  readonly state: FirewallState
  private readonly result: StepResult
  private retrace: (() => readonly Traversal[]) | undefined
  private traced: readonly Traversal[] | undefined

  constructor(state: FirewallState, result: StepResult, retrace: () => readonly Traversal[]) {
    this.state = state
    this.result = result
    this.retrace = retrace
  }

  get fate(): Fate {
    return this.result.fate
  }

  /** The packets that left, in order; answers that the box made itself among them. */
  get emitted(): readonly Emission[] {
    return this.result.emitted ?? NONE
  }

  get delivered(): readonly Delivery[] {
    return this.result.delivered ?? NONE
  }

  get log(): readonly LogLine[] {
    return this.result.log ?? NONE
  }

  get nflog(): readonly NflogMessage[] {
    return this.result.nflog ?? NONE
  }

  /**
   * What changed in the connection table, in order: connections opened, updated, destroyed, as `conntrack -E` tells them
   * (`formatEvent` prints one). Announced connections are in `state.expectations`.
   */
  get events(): readonly ConntrackEvent[] {
    return this.result.events ?? NONE
  }

  get errno(): number {
    return this.result.errno
  }

  /**
   * Why: one traversal per way through the hooks, each with every rule visited, what conntrack thought and what NAT
   * rewrote. Computed when it is first read, by running the same packet on the same state again with a recorder.
   */
  get trace(): readonly Traversal[] {
    this.traced ??= this.retrace!()
    this.retrace = undefined
    return this.traced
  }
}
