import { parseBigNumber } from '../rules/numbers.ts'
import type { Counter } from './addition.ts'
import { type Extensions, expiry, NO_EXTENSIONS } from './element.ts'
import type { SetOptions } from './ip-set.ts'
import { MAX_TIMEOUT } from './limits.ts'
import { checkOnce, readNumber, SetError, type SetWord } from './set-error.ts'
import { netDimension, type SetType } from './set-type.ts'
import type { SetWords } from './words.ts'

/** What stood behind the element. */
export interface ElementWords {
  readonly extensions: Extensions
  /** How long it stays, 0 for ever. */
  readonly seconds: number
  /** The counters that were not named: an element that is there keeps them. */
  readonly keeps: readonly Counter[]
  /** hash:net,iface: the device is the beginning of a name. */
  readonly isWildcard: boolean
  /** list:set: the member that it shall stand before or behind. */
  readonly place: { readonly before: boolean; readonly name: SetWord } | undefined
}

type Draft = { -readonly [Key in keyof Extensions]: Extensions[Key] }

/** The words of `del`, which takes none but a list's. @throws SetError */
export function readPlace({ method, name }: SetType, words: SetWords): ElementWords['place'] {
  const word = words.next()
  if (word === undefined) return undefined
  if (method !== 'list' || (word.text !== 'before' && word.text !== 'after'))
    throw new SetError(`unknown argument '${word.text}' to delete from a ${name}`, word)
  const place = { before: word.text === 'before', name: words.argument(word) }
  words.end()
  return place
}

/** The words of `add`. @throws SetError for what the set was not created to hold */
export function readExtensions(
  type: SetType,
  options: SetOptions,
  words: SetWords,
  nowJiffies: number,
): ElementWords {
  const draft: Draft = { ...NO_EXTENSIONS }
  let seconds = options.timeout ?? 0
  let isWildcard = false
  let place: ElementWords['place']
  const given = new Set<string>()
  for (let word = words.next(); word !== undefined; word = words.next()) {
    checkHeld(word, type, options)
    checkOnce(word, given)
    switch (word.text) {
      case 'timeout':
        seconds = readNumber(words.argument(word), 0, MAX_TIMEOUT)
        break
      case 'packets':
      case 'bytes':
        draft[word.text] = readCounter(words.argument(word))
        break
      case 'comment':
        draft.comment = readComment(words.argument(word))
        break
      case 'skbmark':
        readMark(draft, words.argument(word))
        break
      case 'skbprio':
        draft.priority = readPriority(words.argument(word))
        break
      case 'skbqueue':
        draft.queue = readNumber(words.argument(word), 0, 65535)
        break
      case 'nomatch':
        draft.isExcluded = true
        break
      case 'wildcard':
        isWildcard = true
        break
      default:
        place = { before: word.text === 'before', name: words.argument(word) }
    }
  }
  draft.expires = expiry(seconds, nowJiffies)
  return {
    extensions: draft,
    seconds,
    keeps: COUNTERS.filter(counter => !given.has(counter)),
    isWildcard,
    place,
  }
}

const COUNTERS: readonly Counter[] = ['packets', 'bytes']

/** What the set's type and its create line allow. */
function checkHeld(word: SetWord, type: SetType, options: SetOptions): void {
  const isHeld = HOLDERS[word.text]
  if (isHeld === undefined)
    throw new SetError(`unknown argument '${word.text}'`, word, { expected: Object.keys(HOLDERS).join(', ') })
  if (isHeld(type, options)) return
  const option = CREATE_OPTIONS[word.text]
  if (option === undefined) throw new SetError(`a ${type.name} takes no '${word.text}'`, word)
  throw new SetError(
    `${word.text} cannot be used: the set was created without ${option}`,
    word,
    { hint: `create it with ${option}` },
    'kernel',
  )
}

const CREATE_OPTIONS: { readonly [word: string]: 'timeout' | 'counters' | 'comment' | 'skbinfo' } = {
  timeout: 'timeout',
  packets: 'counters',
  bytes: 'counters',
  comment: 'comment',
  skbmark: 'skbinfo',
  skbprio: 'skbinfo',
  skbqueue: 'skbinfo',
}

const isList = ({ method }: SetType): boolean => method === 'list'

const HOLDERS: { readonly [word: string]: (type: SetType, options: SetOptions) => boolean } = {
  timeout: (_type, { timeout }) => timeout !== undefined,
  packets: (_type, { counters }) => counters,
  bytes: (_type, { counters }) => counters,
  comment: (_type, { comment }) => comment,
  skbmark: (_type, { skbinfo }) => skbinfo,
  skbprio: (_type, { skbinfo }) => skbinfo,
  skbqueue: (_type, { skbinfo }) => skbinfo,
  nomatch: type => netDimension(type) >= 0,
  wildcard: ({ dimensions }) => dimensions[1] === 'iface',
  before: isList,
  after: isList,
}

/** Below 2^64 - 1, which means none to the kernel. */
function readCounter(word: SetWord): number {
  const value = parseBigNumber(word.text, 2n ** 64n - 2n)
  if (value !== undefined) return Number(value)
  throw new SetError(`bad number '${word.text}'`, word, { expected: 'a number below 18446744073709551615' })
}

function readComment(word: SetWord): string {
  if (new TextEncoder().encode(word.text).length <= 255) return word.text
  throw new SetError('the comment is longer than 255 bytes', word)
}

/** `0x1` or `0x1/0xff`, hexadecimal with its prefix. */
function readMark(draft: Draft, word: SetWord): void {
  const [, mark = '', mask = '0xffffffff'] =
    /^(0x[0-9a-f]{1,8})(?:\/(0x[0-9a-f]{1,8}))?$/i.exec(word.text) ?? []
  if (mark === '')
    throw new SetError(`bad skbmark '${word.text}'`, word, { expected: '0xMARK or 0xMARK/0xMASK' })
  draft.mark = Number(mark) | 0
  draft.markMask = Number(mask) | 0
}

/** A traffic class, `MAJOR:MINOR` in hexadecimal. */
function readPriority(word: SetWord): number {
  const [, major = '', minor = ''] = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(word.text) ?? []
  if (major === '') throw new SetError(`bad skbprio '${word.text}'`, word, { expected: 'MAJOR:MINOR' })
  return (Number.parseInt(major, 16) << 16) | Number.parseInt(minor, 16)
}
