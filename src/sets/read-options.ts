import { Address, type Family } from '../address.ts'
import type { SetOptions } from './ip-set.ts'
import { MAX_TIMEOUT } from './limits.ts'
import { readNumber, SetError, type SetWord } from './set-error.ts'
import type { CreateOption, SetType } from './set-type.ts'
import { SET_TYPES } from './set-type.ts'
import type { SetWords } from './words.ts'

type Draft = { -readonly [Key in keyof SetOptions]: SetOptions[Key] }

/** The words behind `create NAME TYPE`. @throws SetError */
export function readCreateOptions(type: SetType, words: SetWords): SetOptions {
  const draft: Draft = { ...DEFAULTS, family: familyOf(type) }
  const given = new Set<CreateOption>()
  let netmask: SetWord | undefined
  for (let word = words.next(); word !== undefined; word = words.next()) {
    const option = optionNamed(type, word)
    given.add(option)
    if (option === 'netmask') netmask = words.argument(word)
    else readOption(option, type, draft, word, words)
  }
  if (netmask !== undefined) draft.netmask = readNetmask(netmask, draft.family === 6 ? 6 : 4)
  if (given.has('netmask') && given.has('bitmask'))
    throw new SetError('netmask and bitmask exclude each other', netmask!)
  if (type.createOptions.includes('range') && !given.has('range'))
    throw new SetError(`a ${type.name} needs its range`, words.last, { expected: 'range FROM-TO' })
  return draft
}

const DEFAULTS: SetOptions = {
  family: 0,
  timeout: undefined,
  counters: false,
  comment: false,
  skbinfo: false,
  forceadd: false,
  hashsize: 1024,
  maxelem: 65536,
  bucketsize: 12,
  // the kernel draws it; here it says nothing
  initval: 0,
  netmask: undefined,
  bitmask: undefined,
  range: [0, 0],
  size: 8,
}

function familyOf({ method, dimensions }: SetType): Family | 0 {
  return method === 'hash' || dimensions[0] === 'ip' ? 4 : 0
}

function optionNamed(type: SetType, word: SetWord): CreateOption {
  const name = ALIASES.get(word.text) ?? word.text
  const option = type.createOptions.find(known => known === name)
  if (option !== undefined) return option
  const others = SET_TYPES.filter(other => other.createOptions.some(known => known === name))
  throw new SetError(`unknown argument '${word.text}' for a ${type.name}`, word, {
    expected: type.createOptions.join(', '),
    ...(others.length > 0 && { hint: `only ${others.map(other => other.name).join(', ')} take ${name}` }),
  })
}

/** `inet` and `-exist` apart, the short forms that ipset still reads. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['--family', 'family'],
  ['-6', 'family'],
  ['--hashsize', 'hashsize'],
  ['--maxelem', 'maxelem'],
  ['--netmask', 'netmask'],
  ['--range', 'range'],
  ['--size', 'size'],
  ['--timeout', 'timeout'],
])

function readOption(
  option: Exclude<CreateOption, 'netmask'>,
  type: SetType,
  draft: Draft,
  word: SetWord,
  words: SetWords,
): void {
  switch (option) {
    case 'family':
      draft.family = readFamily(words.argument(word))
      break
    case 'hashsize':
      draft.hashsize = powerOfTwo(readNumber(words.argument(word), 0, 0xffff_ffff))
      break
    case 'bucketsize':
      draft.bucketsize = evenBucket(readNumber(words.argument(word), 0, 255))
      break
    case 'maxelem':
    case 'size':
    case 'initval':
      draft[option] = readNumber(words.argument(word), 0, 0xffff_ffff)
      break
    case 'timeout':
      draft.timeout = readNumber(words.argument(word), 0, MAX_TIMEOUT)
      break
    case 'bitmask':
      draft.bitmask = readBitmask(words.argument(word), draft.family === 6 ? 6 : 4)
      break
    case 'range':
      draft.range =
        type.dimensions[0] === 'port' ? portRange(words.argument(word)) : addressRange(words.argument(word))
      break
    default:
      draft[option] = true
  }
}

function readFamily(word: SetWord): Family {
  if (word.text === 'inet' || word.text === '-4') return 4
  if (word.text === 'inet6' || word.text === '-6') return 6
  throw new SetError(`unknown family '${word.text}'`, word, { expected: 'inet or inet6' })
}

function readNetmask(word: SetWord, family: Family): number {
  return readNumber(word, 1, family === 4 ? 32 : 128)
}

function readBitmask(word: SetWord, family: Family): Address {
  const mask = Address.tryParse(word.text)
  if (mask?.family === family && !mask.isZero()) return mask
  throw new SetError(`bad bitmask '${word.text}'`, word, { expected: `an IPv${family} address as a mask` })
}

/** The table's size, at least 64. */
function powerOfTwo(size: number): number {
  let power = 64
  while (power < size) power *= 2
  return power
}

/** `AHASH_MAX_SIZE`: an even number from 2 to 12 elements. */
function evenBucket(size: number): number {
  return Math.min(12, Math.max(2, size + (size % 2)))
}

function portRange(word: SetWord): readonly [number, number] {
  const [first = '', last = ''] = word.text.split('-')
  const ports = [first, last].map(text => readNumber({ text, column: word.column }, 0, 65535))
  return [Math.min(...ports), Math.max(...ports)]
}

/** `10.0.0.0-10.0.0.255` or `10.0.0.0/24`; a bitmap holds at most 65536 elements. */
function addressRange(word: SetWord): readonly [number, number] {
  const [first = '', length] = word.text.split('/')
  const [from = '', to = from] = first.split('-')
  const [low, high] = [Address.tryParse(from), Address.tryParse(to)]
  if (low?.family !== 4 || high?.family !== 4)
    throw new SetError(`bad range '${word.text}'`, word, { expected: 'FROM-TO or NETWORK/LENGTH, in IPv4' })
  const hosts =
    length === undefined ? 0 : 2 ** (32 - readNumber({ text: length, column: word.column }, 0, 32))
  const start = low.w0 >>> 0
  const range: readonly [number, number] =
    hosts === 0
      ? [Math.min(start, high.w0 >>> 0), Math.max(start, high.w0 >>> 0)]
      : [start - (start % hosts), start - (start % hosts) + hosts - 1]
  return range
}
