import type { Zone } from './connection.ts'

/** What `-j CT` and `-j NOTRACK` attach to a packet in the raw table for conntrack to find, and `-j SYNPROXY` to its own. */
export interface ConntrackTemplate {
  /** The packet is UNTRACKED; nothing else counts then. */
  readonly notrack?: boolean
  /** `mark`: the zone is the packet's fwmark. */
  readonly zone?: Zone | 'mark'
  /** Which directions a zone taken from the mark counts in. */
  readonly zoneDirection?: 'original' | 'reply' | 'both'
  /** Name of the helper to attach, e.g. `ftp`. */
  readonly helper?: string
  readonly timeoutPolicy?: string
  readonly conntrackEvents?: readonly string[]
  readonly expectationEvents?: readonly string[]
  /** It is SYNPROXY's own SYN to a server: SYNPROXY leads the connection. */
  readonly synproxy?: boolean
}
