/** What an ipset text may not ask for, and how that is said. */
import type { Refusal } from './addition.ts'
import type { ElementKey } from './element.ts'
import type { ElementSet, SetOptions } from './ip-set.ts'
import { MAX_BITMAP, MAX_NAME_LENGTH } from './limits.ts'
import { isStorable } from './packet-key.ts'
import { SetError, type SetWord } from './set-error.ts'
import { SET_TYPES, type SetType, UNMODELLED_TYPES } from './set-type.ts'

/** @throws SetError */
export function checkName(name: SetWord): void {
  if (name.text.length > MAX_NAME_LENGTH)
    throw new SetError(`the name '${name.text}' is longer than ${MAX_NAME_LENGTH} characters`, name)
}

/** Which of the two it is: a type of ipset's that is not modelled, or none. */
export function noSuchType(word: SetWord): SetError {
  if (UNMODELLED_TYPES.includes(word.text))
    return new SetError(`set type ${word.text} is not modelled`, word, {}, 'not-modelled')
  return new SetError(`there is no set type '${word.text}'`, word, {
    expected: SET_TYPES.map(({ name }) => name).join(', '),
  })
}

/** @throws SetError for what a hash cannot hold, and what lies outside of a bitmap */
export function checkStorable({ type, options }: ElementSet, key: ElementKey, word: SetWord): void {
  if (!isStorable(type, key))
    throw new SetError('the address 0 cannot be stored in a hash', word, {}, 'kernel')
  if (type.method !== 'bitmap') return
  const value = type.dimensions[0] === 'port' ? key.port : key.a0 >>> 0
  const [first, last] = options.range
  if (value < first || value > last)
    throw new SetError(`'${word.text}' is out of the range of the set`, word, {}, 'kernel')
}

/** Would `create -exist` let the old set stand? The `same_set` functions of the kernel, which leave the family out. */
export function isSame(old: SetOptions, asked: SetOptions): boolean {
  return (
    COMPARED.every(option => old[option] === asked[option]) &&
    `${old.range}` === `${asked.range}` &&
    `${old.bitmask}` === `${asked.bitmask}`
  )
}

const COMPARED = [
  'maxelem',
  'size',
  'netmask',
  'timeout',
  'counters',
  'comment',
  'skbinfo',
  'forceadd',
] as const

/**
 * What the kernel says of an addition or deletion that it refuses.
 *
 * @param isLate there was an `-exist`, but not on the first of the lines that are sent together
 */
export function refused(refusal: Refusal, word: SetWord, { options }: ElementSet, isLate: boolean): SetError {
  const late = 'ipset sends lines like this one together, with the -exist of the first: say it there'
  switch (refusal) {
    case 'exists':
      return new SetError(
        `'${word.text}' is in the set already`,
        word,
        { hint: isLate ? late : 'add -exist lets it stand' },
        'kernel',
      )
    case 'full':
      return new SetError('the set is full', word, { hint: `maxelem is ${options.maxelem}` }, 'kernel')
    default:
      return new SetError(
        `'${word.text}' is not in the set`,
        word,
        { hint: isLate ? late : 'del -exist does not mind' },
        'kernel',
      )
  }
}

/**
 * The options of a bitmap with its range cut to whole networks of its netmask (`bitmap_ip_create`).
 *
 * @throws SetError for a bitmap that is larger than the kernel makes them, or of no more than one network
 */
export function fitBitmap({ method }: SetType, options: SetOptions, word: SetWord): SetOptions {
  if (method !== 'bitmap') return options
  const { netmask = 32 } = options
  const hosts = 2 ** (32 - netmask)
  const first = options.range[0] - (options.range[0] % hosts)
  const last = options.range[1] - (options.range[1] % hosts) + hosts - 1
  const length = hosts === 1 ? 0 : sharedLength(first, last)
  if (hosts > 1 && (length === undefined || length >= netmask))
    throw new SetError(
      'the range does not begin at a network that holds it and is wider than the netmask',
      word,
      {},
      'kernel',
    )
  const count = length === undefined || hosts === 1 ? last - first + 1 : 2 ** (netmask - length)
  if (count > MAX_BITMAP)
    throw new SetError('the range is larger than a bitmap can be', word, {
      expected: `at most ${MAX_BITMAP} elements`,
    })
  return { ...options, range: [first, last] }
}

/** The length of the smallest network that begins with the first address and holds the last; `range_to_mask`. */
function sharedLength(first: number, last: number): number | undefined {
  for (let length = 31; length >= 0; length--) {
    const size = 2 ** (32 - length)
    if (last - (last % size) === first) return length
  }
  return undefined
}
