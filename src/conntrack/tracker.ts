import type { Skb } from '../packet/skb.ts'
import { type Connection, CtInfo, type Direction, ORIGINAL, REPLY, Status } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import { refreshConnection } from './refresh.ts'
import type { ConntrackSysctls } from './sysctls.ts'

/** What a protocol's tracker says about a packet: the kernel's return codes, negated where it returns them negated. */
export const Tracked = {
  /** It belongs to the connection. */
  ACCEPT: 1,
  /** It does not: it goes on its way without one. */
  INVALID: -1,
  DROP: 0,
  /** The connection was killed by a packet that opens a new one: look again (`-NF_REPEAT`). */
  REPEAT: -4,
} as const
export type Tracked = (typeof Tracked)[keyof typeof Tracked]

/** The rules by which one transport protocol opens, keeps and closes connections (`struct nf_conntrack_l4proto`). */
export interface ProtocolTracker {
  /** Looks at a packet of a connection, new or known, that the step owns, and writes what it learns to it. */
  track(packet: TrackedPacket): Tracked
  /** The name of the state a connection is in, for listings; absent where the protocol has none. */
  stateName?(connection: Connection): string | undefined
  /** May an unlucky duplicate be merged into the connection that was first (`allow_clash`)? */
  readonly allowsClash?: boolean
}

/** A packet together with the connection that it is taken to belong to. */
export class TrackedPacket {
  readonly skb: Skb
  /** Where the transport header begins. */
  readonly dataOffset: number
  readonly connection: Connection
  readonly ctInfo: CtInfo
  readonly context: ConntrackContext
  /** Why it is INVALID or ignored, in words. Only written when somebody records. */
  reason = ''
  /** It passes, but nothing is learned from it. */
  ignored = false

  constructor(
    skb: Skb,
    dataOffset: number,
    connection: Connection,
    ctInfo: CtInfo,
    context: ConntrackContext,
  ) {
    this.skb = skb
    this.dataOffset = dataOffset
    this.connection = connection
    this.ctInfo = ctInfo
    this.context = context
  }

  get direction(): Direction {
    return this.ctInfo >= CtInfo.ESTABLISHED_REPLY ? REPLY : ORIGINAL
  }

  /** Must its checksum be right? Only packets from outside are verified. */
  get verifiesChecksum(): boolean {
    return this.context.hook === 'PREROUTING' && this.context.sysctls.checksum
  }

  /** The timeouts that hold for this connection: those of its policy (`CT --timeout`), or the general ones. */
  get timeouts(): ConntrackSysctls {
    const policy = this.connection.timeoutPolicy
    return (policy === undefined ? undefined : this.context.timeoutPolicy?.(policy)) ?? this.context.sysctls
  }

  /** Shorthand for trackers: `return packet.invalid('short packet')`. */
  invalid(reason: string): typeof Tracked.INVALID {
    this.reason = reason
    return Tracked.INVALID
  }

  ignore(reason: string): typeof Tracked.ACCEPT {
    this.reason = reason
    this.ignored = true
    return Tracked.ACCEPT
  }

  /** The connection lives on for this long, and the packet is counted (`nf_ct_refresh_acct`). */
  refresh(timeoutMs: number): void {
    refreshConnection(this.connection, timeoutMs, this.context.nowMs)
    this.count()
  }

  /** `nf_ct_acct_update`: one packet and its IP length in its direction. */
  count(): void {
    if (this.connection.isAccounted) this.connection.count(this.direction, 1, this.skb.bytes.length)
  }

  setAssured(change: number): void {
    if (this.connection.has(Status.ASSURED)) return
    this.connection.status |= Status.ASSURED
    this.connection.pendingChanges |= change
  }
}
