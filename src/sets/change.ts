/** Adding and deleting, the same for texts and for packets: `mtype_add`, `mtype_del` (ip_set_hash_gen.h, ip_set_bitmap_gen.h). */
import type { ElementKey, Extensions } from './element.ts'
import type { ElementSet } from './ip-set.ts'

/** Why the kernel would not add or delete. */
export type Refusal = 'exists' | 'full' | 'missing'

export interface Addition {
  readonly extensions: Extensions
  /** `-exist`: what is there already gets the new extensions instead of being refused. */
  readonly exist: boolean
  /** Counters that an existing element has stay: the addition named none. */
  readonly keepsCounters: boolean
}

/** @param added from now on belongs to the set */
export function addElement(
  set: ElementSet,
  added: ElementKey,
  addition: Addition,
  nowJiffies: number,
  owner: object,
): ElementSet | Refusal {
  const key = set.resolve(added)
  const present = set.get(key, nowJiffies)
  if (present !== undefined) {
    if (!addition.exist) return 'exists'
    const { packets, bytes } = addition.keepsCounters ? present : addition.extensions
    return set.touched(key, { ...addition.extensions, packets, bytes }, owner)
  }
  const room = withRoom(set, nowJiffies, owner)
  return room === undefined ? 'full' : room.with(key, addition.extensions, owner)
}

export function deleteElement(
  set: ElementSet,
  deleted: ElementKey,
  nowJiffies: number,
  owner: object,
): ElementSet | Refusal {
  const key = set.resolve(deleted)
  return set.get(key, nowJiffies) === undefined ? 'missing' : set.without(key, owner)
}

/** A hash that is full forgets what has run out and, with `forceadd`, any other element; the kernel picks one by its seed. */
function withRoom(set: ElementSet, nowJiffies: number, owner: object): ElementSet | undefined {
  const { maxelem, forceadd } = set.options
  if (set.type.method !== 'hash' || set.elements.size < maxelem) return set
  const swept = set.options.timeout === undefined ? set : set.swept(nowJiffies)
  if (swept.elements.size < maxelem) return swept
  const [victim] = forceadd ? swept.entries() : []
  return victim === undefined ? undefined : swept.without(victim[0], owner)
}
