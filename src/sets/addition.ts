/** What an addition to a set asks for, and why it may be refused. */
import type { Extensions } from './element.ts'

/** Why the kernel would not add or delete. */
export type Refusal = 'exists' | 'full' | 'missing'

export type Counter = 'packets' | 'bytes'

export interface Addition {
  readonly extensions: Extensions
  /** `-exist`: what is there already gets the new extensions instead of being refused. */
  readonly exist: boolean
  /** Which counters an existing element keeps: those that the addition did not name. */
  readonly keeps: readonly Counter[]
  /** How long it stays, 0 for ever: what `expires` of the extensions is made of. */
  readonly seconds: number
}

/** The counters after an addition to an element that is there. */
export function kept(
  present: Extensions,
  { extensions, keeps }: Pick<Addition, 'extensions' | 'keeps'>,
): Pick<Extensions, Counter> {
  return {
    packets: (keeps.includes('packets') ? present : extensions).packets,
    bytes: (keeps.includes('bytes') ? present : extensions).bytes,
  }
}
