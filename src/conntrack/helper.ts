import type { Skb } from '../packet/skb.ts'
import type { Connection, CtInfo, Direction } from './connection.ts'
import type { ConntrackContext } from './context.ts'
import type { Expectation } from './expectations.ts'

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
