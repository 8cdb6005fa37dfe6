import type { Counters, Rule, TableName } from './model.ts'

/** What the rules add to a trace. `mark` is the packet's fwmark before the target ran. */
export type RuleStep =
  /** A rule was visited. `failed` names the first option that did not hold and what the packet showed instead. */
  | {
      readonly kind: 'rule'
      readonly table: TableName
      readonly chain: string
      /** from 1, as `iptables -L --line-numbers` counts */
      readonly number: number
      readonly matched: boolean
      readonly failed?: { readonly option: string; readonly seen: string }
      readonly rule: Rule
      readonly mark: number
      /** The packet as the rule saw it. */
      readonly packet: Uint8Array
    }
  /** The end of a base chain (or RETURN in it): the policy decides. */
  | {
      readonly kind: 'policy'
      readonly table: TableName
      readonly chain: string
      readonly verdict: 'ACCEPT' | 'DROP'
      /** How many rules the chain has. */
      readonly length: number
      readonly mark: number
      readonly packet: Uint8Array
    }
  /** The end of a user chain. */
  | {
      readonly kind: 'return'
      readonly table: TableName
      readonly chain: string
      readonly length: number
      readonly mark: number
      readonly packet: Uint8Array
    }
  /** A match could not read the header that it needs: dropped at once, nothing counted. */
  | {
      readonly kind: 'hotdrop'
      readonly table: TableName
      readonly chain: string
      readonly number: number
      readonly option: string
    }

/** Where a verdict was decided: `filter/FORWARD:3`, `filter/INPUT:policy`. */
export interface RulePlace {
  readonly table: TableName
  readonly chain: string
  /** A rule's number from 1, or the chain's policy. */
  readonly rule: number | 'policy'
}

/**
 * How people name a rule, or a chain's policy.
 *
 * @example
 * formatPlace({ table: 'filter', chain: 'FORWARD', rule: 3 }) // 'filter/FORWARD:3'
 */
export function formatPlace(place: RulePlace): string {
  return `${place.table}/${place.chain}:${place.rule}`
}

export const NO_COUNTERS: Counters = Object.freeze({ packets: 0, bytes: 0 })
