/** Adding and deleting, the same for texts and for packets: `mtype_add`, `mtype_del` (ip_set_hash_gen.h, ip_set_bitmap_gen.h). */
import { type Addition, kept, type Refusal } from './addition.ts'
import type { ElementKey } from './element.ts'
import type { ElementSet } from './ip-set.ts'
import { addWithMac } from './mac-elements.ts'
import { hasMac } from './set-type.ts'

/** @param added from now on belongs to the set */
export function addElement(
  set: ElementSet,
  added: ElementKey,
  addition: Addition,
  nowJiffies: number,
  owner: object,
): ElementSet | Refusal {
  if (hasMac(set.type)) return addWithMac(set, added, addition, nowJiffies, owner)
  const key = set.resolve(added)
  const present = set.get(key, nowJiffies)
  if (present !== undefined) {
    if (!addition.exist) return 'exists'
    return set.touched(key, { ...addition.extensions, ...kept(present, addition) }, owner)
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

/**
 * A hash that is full forgets what has run out and, with `forceadd`, any other element. The kernel
 * picks one of the same bucket, by its seed, and refuses where that is empty: most likely while there are more buckets.
 */
function withRoom(set: ElementSet, nowJiffies: number, owner: object): ElementSet | undefined {
  const { maxelem, forceadd, hashsize } = set.options
  if (set.type.method !== 'hash' || set.elements.size < maxelem) return set
  const swept = set.options.timeout === undefined ? set : set.swept(nowJiffies)
  if (swept.elements.size < maxelem) return swept
  const [victim] = forceadd && swept.elements.size >= hashsize ? swept.entries() : []
  return victim === undefined ? undefined : swept.without(victim[0], owner)
}
