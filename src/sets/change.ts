import type { ElementData, SetElement } from './element.ts'
import type { IpSet } from './ip-set.ts'
import { SetKey } from './key.ts'

/** Why an element was not added. */
export type Refusal = 'exists' | 'full'

/**
 * Adds an element, or writes anew what it carries when it is there and `exist` is given (`mtype_add` of
 * ip_set_hash_gen.h). A full set gives up what has expired; with `forceadd` then any element: the kernel takes the
 * first of the hash bucket, here it is the first of the table.
 *
 * @param key is kept: the caller must not change it afterwards
 */
export function addElement(
  set: IpSet,
  key: SetKey,
  data: ElementData,
  exist: boolean,
  nowMs: number,
  owner: object,
): IpSet | Refusal {
  const stored = set.shape.learnsMac ? withoutMac(key) : key
  const old = set.find(stored, nowMs)
  if (old !== undefined) {
    if (!exist) return 'exists'
    const next = old.overwritten(data)
    return set.replaced(stored, old, set.shape.learnsMac ? next.keyed(key) : next, owner)
  }
  let room = withoutExpired(set, stored, nowMs, owner)
  const { maxElements, definition } = set.shape
  if (room.size >= maxElements) room = room.swept(nowMs, owner)
  if (room.size >= maxElements) {
    const victim = definition.forceadd ? firstOf(room) : undefined
    if (victim === undefined) return 'full'
    room = room.removed(victim[0], victim[1], owner)
  }
  return room.added(stored, data, set.shape.learnsMac ? key : undefined, owner)
}

/** Takes an element out; undefined when it is not in the set (any more). */
export function removeElement(set: IpSet, key: SetKey, nowMs: number, owner: object): IpSet | undefined {
  const stored = set.shape.learnsMac ? withoutMac(key) : key
  const element = set.find(stored, nowMs)
  return element && set.removed(stored, element, owner)
}

/** An element of that key whose time is up would be in the new one's place. */
function withoutExpired(set: IpSet, key: SetKey, nowMs: number, owner: object): IpSet {
  let next = set
  for (let element = set.elements.get(key); element !== undefined; element = element.next)
    if (!element.isAlive(nowMs)) next = next.removed(key, element, owner)
  return next
}

function firstOf(set: IpSet): readonly [SetKey, SetElement] | undefined {
  const { value } = set.elements[Symbol.iterator]().next()
  return value
}

function withoutMac(key: SetKey): SetKey {
  const address = new SetKey()
  address.a0 = key.a0
  return address
}
