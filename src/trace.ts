import type { ConntrackStep } from './conntrack/steps.ts'
import type { NatStep } from './nat/steps.ts'
import type { Hook } from './rules/model.ts'
import type { RuleStep } from './rules/steps.ts'

/** What the IP layer adds to a trace: everything that is neither a rule nor conntrack nor NAT. */
export type PathStep =
  /** A packet enters a hook. */
  | {
      readonly kind: 'hook'
      readonly hook: Hook
      readonly in: string
      readonly out: string
      readonly packet: Uint8Array
    }
  | {
      readonly kind: 'routed'
      readonly to: 'local' | 'forward' | 'output'
      readonly device: string
      readonly why: string
    }
  /** Dropped outside of any table: bad header, martian, no route, TTL, a queue that overflowed. */
  | { readonly kind: 'dropped'; readonly why: string }
  | { readonly kind: 'fragment-held'; readonly why: string }
  | { readonly kind: 'reassembled'; readonly length: number }
  /** The box answers by itself (REJECT, an ICMP error): the answer's way through OUTPUT and POSTROUTING follows. */
  | { readonly kind: 'answer'; readonly why: string; readonly packet: Uint8Array }
  | { readonly kind: 'answer-end' }
  /** What SYNPROXY did, in words; what it sends follows as `answer`. */
  | { readonly kind: 'synproxy'; readonly what: string }
  /** It may not answer: a reset for a reset, an error about an error, a wrong checksum. */
  | { readonly kind: 'no-answer'; readonly why: string }
  | { readonly kind: 'emitted'; readonly device: string; readonly packet: Uint8Array }
  | { readonly kind: 'delivered'; readonly device: string; readonly packet: Uint8Array }
  | { readonly kind: 'log'; readonly level: number; readonly text: string }

/** One thing that happened to a packet, in order. A closed union by `kind`. */
export type TraceStep = RuleStep | ConntrackStep | NatStep | PathStep

/** One packet's way through the hooks. A looped packet makes two, a fragment without defragmentation one each. */
export interface Traversal {
  /** Where it began: a device, or '' for a packet that the box sent itself. */
  readonly device: string
  /** Did it get as far as the raw table? A held fragment or a broken header does not, and the kernel's TRACE is silent. */
  readonly reachedRaw: boolean
  readonly steps: readonly TraceStep[]
}

/** Collects traversals. One per step, and only when somebody wants to read the trace. */
export class TraceRecorder {
  readonly traversals: Traversal[] = []
  private current: { device: string; reachedRaw: boolean; steps: TraceStep[] } | undefined

  begin(device: string): void {
    this.current = { device, reachedRaw: false, steps: [] }
    this.traversals.push(this.current)
  }

  reachedRaw(): void {
    if (this.current !== undefined) this.current.reachedRaw = true
  }

  add(step: TraceStep): void {
    this.current?.steps.push(step)
  }
}
