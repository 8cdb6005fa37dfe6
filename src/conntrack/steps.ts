import type { Direction } from './connection.ts'
import type { Tuple } from './tuple.ts'

/** What `--ctstate` would see. */
export type CtStateName = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED'

/** What connection tracking concluded about a packet, and why. One step when it was looked at, one when confirmed. */
export type ConntrackStep =
  | {
      readonly kind: 'conntrack'
      readonly ctState: CtStateName
      /** Absent without a connection. */
      readonly direction?: Direction
      readonly original?: Tuple
      readonly reply?: Tuple
      /** The protocol's states before and after, by name: `SYN_SENT` → `SYN_RECV`; absent where it has none. */
      readonly before?: string
      readonly after?: string
      /** Passed without a change of state: the packet did not fit, but dropping it would do harm. */
      readonly ignored?: boolean
      /** In words, for INVALID and ignored packets: "ACK is over the upper bound 1001 (ACKed data not seen yet)". */
      readonly reason?: string
      /** Until the next packet, in ms. */
      readonly timeoutMs?: number
    }
  /** A connection came to be or went away. */
  | {
      readonly kind: 'conntrack-entry'
      readonly what:
        | 'created'
        | 'confirmed'
        | 'deleted'
        | 'expired'
        | 'merged'
        | 'clash'
        | 'table-full'
        | 'early-drop'
      readonly original: Tuple
      readonly reason?: string
    }
  /** A helper looked at the payload. */
  | {
      readonly kind: 'conntrack-helper'
      readonly helper: string
      readonly what: string
    }
