/**
 * Elements of a bitmap:ip,mac: `bitmap_ipmac_do_add`, `bitmap_ipmac_add_timeout` (ip_set_bitmap_ipmac.c). An address may be
 * added without its MAC; the first packet from it gives it one, and only then its timeout begins to run.
 */
import { type Addition, kept, type Refusal } from './addition.ts'
import { type ElementKey, type Extensions, expiry } from './element.ts'
import type { ElementSet } from './ip-set.ts'

/** @param key from now on belongs to the set */
export function addWithMac(
  set: ElementSet,
  key: ElementKey,
  addition: Addition,
  nowJiffies: number,
  owner: object,
): ElementSet | Refusal {
  const { seconds, exist } = addition
  const hasTimeouts = set.options.timeout !== undefined
  const present = set.get(key, nowJiffies)
  if (present !== undefined && !exist && !isReplaced(present, key, hasTimeouts)) return 'exists'
  const mac = key.mac === '' ? (present?.mac ?? '') : key.mac
  let times: Pick<Extensions, 'expires' | 'heldSeconds'>
  if (mac === '') times = { expires: 0, heldSeconds: seconds }
  else if (key.mac === '') times = { expires: seconds === 0 ? 0 : LONG_AGO, heldSeconds: 0 }
  else {
    const isHeld = present?.mac === '' && seconds === set.options.timeout
    times = { expires: expiry(isHeld ? present.heldSeconds : seconds, nowJiffies), heldSeconds: 0 }
  }
  const counters = present && kept(present, addition)
  return set.with(key, { ...addition.extensions, ...times, ...counters, mac }, owner)
}

/** Without `-exist`: an address that waits for its MAC gets it; its time, taken for one of the clock, has run out. */
function isReplaced(present: Extensions, { mac }: ElementKey, hasTimeouts: boolean): boolean {
  return present.mac === '' && (mac !== '' || (hasTimeouts && present.heldSeconds !== 0))
}

/** Seconds that the kernel takes for a time of its clock: for an address with a MAC that is added again without. */
const LONG_AGO = -1
