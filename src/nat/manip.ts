/** Which half of a packet a NAT rule changes: the kernel's `enum nf_nat_manip_type`. */
export type Manip = 'source' | 'destination'

/** The hooks that have a `nat` chain. */
export type NatHook = 'PREROUTING' | 'INPUT' | 'OUTPUT' | 'POSTROUTING'

/** The destination is rewritten where packets enter, the source where they leave (`HOOK2MANIP`). */
export function manipOf(hook: NatHook): Manip {
  return hook === 'PREROUTING' || hook === 'OUTPUT' ? 'destination' : 'source'
}
