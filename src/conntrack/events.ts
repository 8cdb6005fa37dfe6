import type { Connection } from './connection.ts'

/** One notification as `conntrack -E` would receive it. `connection` is as it was then: events hold a copy. */
export interface ConntrackEvent {
  readonly type: 'NEW' | 'UPDATE' | 'DESTROY'
  readonly connection: Connection
  readonly atMs: number
  /** What changed (`IPCT_*`), for UPDATE. */
  readonly changes: number
}

/** The kernel's `enum ip_conntrack_events`, as bits. */
export const Change = {
  NEW: 1 << 0,
  RELATED: 1 << 1,
  DESTROY: 1 << 2,
  REPLY: 1 << 3,
  ASSURED: 1 << 4,
  PROTOCOL: 1 << 5,
  HELPER: 1 << 6,
  MARK: 1 << 7,
  SEQUENCE_ADJUSTMENT: 1 << 8,
  SECMARK: 1 << 9,
  LABEL: 1 << 10,
  SYNPROXY: 1 << 11,
} as const
