import type { Direction } from '../conntrack/connection.ts'
import type { NatRange } from '../conntrack/nat-range.ts'
import type { Tuple } from '../conntrack/tuple.ts'
import type { Manip } from './manip.ts'

/** How a connection came to its mapping. */
export type BindReason =
  /** The packet already fits the range (or there is no rule) and clashes with nobody. */
  | 'kept'
  /** The same source address and port is mapped already: the same mapping again. */
  | 'reused'
  /** The range's address (and port, if it names one) was free. */
  | 'mapped'
  /** The port was taken or outside the range: another one was searched. */
  | 'port-changed'
  /** Nothing was free: two connections would look the same, and the new one is dropped when it is confirmed. */
  | 'exhausted'

/** What NAT adds to a trace. A closed union by `kind`. */
export type NatStep =
  /** The first packet of a connection: one half of its translation is decided for good. */
  | {
      readonly kind: 'nat-bind'
      readonly manip: Manip
      /** Undefined: no rule asked for it (a null binding). */
      readonly range: NatRange | undefined
      readonly reason: BindReason
      /** What packets of the original direction look like before and after. */
      readonly from: Tuple
      readonly to: Tuple
    }
  /** A TIME_WAIT or closed entry was killed, so that its port could be used again. */
  | { readonly kind: 'nat-evicted'; readonly original: Tuple; readonly reply: Tuple }
  | {
      readonly kind: 'nat-rewrite'
      readonly manip: Manip
      readonly direction: Direction
      readonly from: string
      readonly to: string
    }
  /** An ICMP error: its own address and the packet it quotes. */
  | {
      readonly kind: 'nat-rewrite-error'
      readonly manip: Manip
      readonly direction: Direction
      readonly from: string
      readonly to: string
    }
  /** The packet cannot be translated (a header is cut off, a redirect about a translated connection, …). */
  | { readonly kind: 'nat-dropped'; readonly why: string }
  /** A masqueraded connection leaves by another device than the one whose address it has: entry killed, packet dropped. */
  | { readonly kind: 'nat-device-changed'; readonly from: string; readonly to: string }
  /** A helper's rewriting made a payload longer or shorter. */
  | { readonly kind: 'nat-mangled'; readonly from: string; readonly to: string }
  /** Sequence and acknowledgement numbers were shifted to hide such a change. */
  | { readonly kind: 'sequence-adjusted'; readonly sequence: number; readonly acknowledgement: number }
