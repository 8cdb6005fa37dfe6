import type { Skb } from '../packet/skb.ts'
import type { Extensions } from './element.ts'
import type { Directions } from './packet-key.ts'

/** Comparing an element's counter: `--packets-eq`, `! --bytes-eq`, `--bytes-lt`, `--packets-gt`. */
export interface CounterTest {
  readonly operator: 'eq' | 'ne' | 'lt' | 'gt'
  readonly value: bigint
}

/** How a rule asks a set. */
export interface SetQuery extends Directions {
  readonly setName: string
  /** `--return-nomatch`: only exceptions match. */
  readonly returnNomatch?: boolean
  /** `! --update-counters` */
  readonly skipsCounters?: boolean
  /** `! --update-subcounters`: the counters of the sets in a list stay. */
  readonly skipsSubcounters?: boolean
  readonly packets?: CounterTest | undefined
  readonly bytes?: CounterTest | undefined
}

/** How a rule adds to a set. */
export interface SetAddition extends Directions {
  readonly setName: string
  readonly exist: boolean
  /** Undefined: the set's own. */
  readonly timeoutSeconds: number | undefined
}

/** What rules may do with sets while a packet passes. */
export interface SetAccess {
  /** Does the set hold what the packet shows? Updates the counters of what matched. False without such a set. */
  test(skb: Skb, query: SetQuery): boolean
  /** What the last {@link SetAccess.test} that matched has found: skbinfo of it is what `--map-set` takes. */
  readonly found: Extensions | undefined
  add(skb: Skb, addition: SetAddition): void
  remove(skb: Skb, from: Directions & { readonly setName: string }): void
  /** For traces: the element that the packet shows to the set, as ipset writes it. */
  shown(skb: Skb, query: Directions & { readonly setName: string }): string
}
