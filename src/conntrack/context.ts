import type { Address } from '../address.ts'
import type { Skb } from '../packet/skb.ts'
import type { Recorder } from '../recorder.ts'
import type { Connection, CtInfo, Direction } from './connection.ts'
import type { ConntrackEvent } from './events.ts'
import type { Expectation, ExpectationDraft, NewExpectation } from './expectations.ts'
import type { GreKeys } from './gre-keys.ts'
import type { NatRange } from './nat-range.ts'
import type { SessionDraft } from './session-table.ts'
import type { ConntrackStep } from './steps.ts'
import type { ConntrackSysctls } from './sysctls.ts'

/**
 * What the step in progress offers to connection tracking. Everything that conntrack changes, it changes through this:
 * sessions and expectations are drafts that become part of the next state when the step is committed.
 */
export interface ConntrackContext {
  /** The virtual clock, in ms. */
  readonly nowMs: number
  /** The hook the packet is in; checksums are verified in PREROUTING only. */
  readonly hook: string
  readonly sysctls: ConntrackSysctls
  readonly sessions: SessionDraft
  readonly expectations: ExpectationDraft
  /** What control connections of PPTP have told about call ids; replaced as a whole. */
  greKeys: GreKeys
  /** GRE connections that this step has opened for an expectation; who is not confirmed in the end takes its keys along. */
  openedCalls: Connection[] | undefined
  readonly events: ConntrackEvent[]
  readonly recorder: Recorder<ConntrackStep> | undefined
  /** NAT, where it is active: what conntrack asks of it. Conntrack itself knows nothing about NAT. */
  readonly nat?: ConntrackNat | undefined
  /** The helper of a name that `CT --helper` used; undefined when there is none. */
  helper?(name: string): ConntrackHelper | undefined
  /** The mask of the device's primary IPv4 address whose broadcast address this is, if it was given one (`brd`). */
  broadcastMask?(device: string, address: Address): Address | undefined
  /** The timeouts of a policy that `CT --timeout` named; undefined: the general ones. */
  timeoutPolicy?(name: string): ConntrackSysctls | undefined
}

/** The places where the kernel's conntrack and its helpers call into NAT. */
export interface ConntrackNat {
  /** A new connection was expected and the expectation has an `onExpected`: it gets its NAT now, not from rules. */
  expected(connection: Connection, expectation: Expectation, context: ConntrackContext): void
  /** Binds one half of a connection that has just been created by an expectation; no rule is consulted. */
  bindExpected(connection: Connection, range: NatRange, context: ConntrackContext): void
  /**
   * Shifts sequence and acknowledgment numbers of a connection whose payload a helper has changed
   * (`nf_ct_seq_adjust`). False: the packet must be dropped.
   */
  adjustSequences(skb: Skb, connection: Connection, direction: Direction, ctInfo: CtInfo): boolean
  /**
   * Adds an expectation on the wanted port, or on a higher one if that would clash (`nf_nat_exp_find_port`).
   * Returns the port, 0 when none was free.
   */
  expectOnFreePort(
    wanted: number,
    make: (port: number) => NewExpectation,
    master: Connection,
    context: ConntrackContext,
  ): number
  /** Replaces a part of a TCP payload, and remembers what that does to later sequence numbers. False: drop. */
  mangleTcpPayload(
    skb: Skb,
    connection: Connection,
    direction: Direction,
    matchOffset: number,
    matchLength: number,
    replacement: string,
  ): boolean
  /** The same, but later sequence numbers are the helper's own affair: see {@link ConntrackNat.shiftSequences}. */
  replaceTcpPayload(skb: Skb, matchOffset: number, matchLength: number, replacement: string): boolean
  /** From this sequence number on, a direction's stream has so many bytes more. */
  shiftSequences(connection: Connection, direction: Direction, sequence: number, difference: number): void
  /** Replaces a part of a UDP payload. False: drop. */
  mangleUdpPayload(skb: Skb, matchOffset: number, matchLength: number, replacement: string): boolean
}

/**
 * A protocol that announces further connections in its payload (FTP, TFTP, IRC …). The kernel's
 * `struct nf_conntrack_helper`; attached to connections by `CT --helper` only.
 */
export interface ConntrackHelper {
  /** As `CT --helper` names it: `ftp`. */
  readonly name: string
  /** The transport protocols it can be attached to. */
  readonly protocols: readonly number[]
  /** At most this many expectations of each class at a time; a further one pushes out the oldest. 0: any number. */
  readonly maxExpected: readonly number[]
  /** How long expectations of each class wait, in ms. */
  readonly timeoutMs: readonly number[]
  /**
   * Reads (and under NAT rewrites) the payload of a packet of a connection that it is attached to, just before the
   * connection is confirmed. Expectations are added through `context.expectations`.
   *
   * @param dataOffset where the transport header begins, in bytes from the start of the packet
   * @param connection owned by this step: may be written to
   */
  help(
    skb: Skb,
    dataOffset: number,
    connection: Connection,
    direction: Direction,
    ctInfo: CtInfo,
    context: ConntrackContext,
  ): 'accept' | 'drop'
  /**
   * A connection that one of its expectations announced has been opened (`expectfn`).
   *
   * @param connection not confirmed yet, owned by this step
   */
  expected?(
    connection: Connection,
    expectation: Expectation,
    master: Connection,
    context: ConntrackContext,
  ): void
  /** A connection that it was attached to has left the table. */
  destroy?(connection: Connection, context: ConntrackContext): void
}
