import { Address, type Family } from '../address.ts'
import { parseNumericHost } from '../rules/addresses.ts'
import { servicePort } from '../rules/services.ts'
import type { SetOptions } from './ip-set.ts'
import { MAX_TIMEOUT } from './limits.ts'
import { checkOnce, readNumber, SetError, type SetWord } from './set-error.ts'
import type { CreateOption, SetType } from './set-type.ts'
import { SET_TYPES } from './set-type.ts'
import type { SetWords } from './words.ts'

type Draft = { -readonly [Key in keyof SetOptions]: SetOptions[Key] }

/** The words behind `create NAME TYPE`. @throws SetError */
export function readCreateOptions(type: SetType, words: SetWords): SetOptions {
  const draft: Draft = { ...DEFAULTS, family: familyOf(type) }
  const given = new Set<string>()
  // both are read when the family is known
  let netmask: SetWord | undefined
  let bitmask: SetWord | undefined
  for (let word = words.next(); word !== undefined; word = words.next()) {
    const option = optionNamed(type, word)
    checkOnce({ text: option, column: word.column }, given)
    if (option === 'netmask') netmask = words.argument(word)
    else if (option === 'bitmask') bitmask = words.argument(word)
    else readOption(option, type, draft, word, words)
  }
  const family = draft.family === 6 ? 6 : 4
  if (netmask !== undefined) draft.netmask = readNetmask(netmask, family)
  if (bitmask !== undefined) draft.bitmask = readBitmask(bitmask, family)
  if (netmask !== undefined && bitmask !== undefined)
    throw new SetError('netmask and bitmask exclude each other', netmask)
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
  const plain = word.text.replace(/^--/, '')
  const name = ALIASES.get(plain) ?? plain
  const option = type.createOptions.find(known => known === name)
  if (option !== undefined) return option
  const others = SET_TYPES.filter(other => other.createOptions.some(known => known === name))
  throw new SetError(`unknown argument '${word.text}' for a ${type.name}`, word, {
    expected: type.createOptions.join(', '),
    ...(others.length > 0 && { hint: `only ${others.map(other => other.name).join(', ')} take ${name}` }),
  })
}

/** Other words for an option, from older versions of ipset. */
const ALIASES: ReadonlyMap<string, CreateOption> = new Map([
  ['-4', 'family'],
  ['-6', 'family'],
  ['from', 'range'],
  ['network', 'range'],
])

function readOption(
  option: Exclude<CreateOption, 'netmask' | 'bitmask'>,
  type: SetType,
  draft: Draft,
  word: SetWord,
  words: SetWords,
): void {
  switch (option) {
    case 'family':
      draft.family = readFamily(/^-[46]$/.test(word.text) ? word : words.argument(word))
      break
    case 'hashsize':
      draft.hashsize = powerOfTwo(readNumber(words.argument(word), 0, 0xffff_ffff))
      break
    case 'bucketsize':
      draft.bucketsize = evenBucket(readNumber(words.argument(word), 0, 255))
      break
    case 'size':
      draft.size = Math.max(MIN_LIST_SIZE, readNumber(words.argument(word), 0, 0xffff_ffff))
      break
    case 'maxelem':
    case 'initval':
      draft[option] = readNumber(words.argument(word), 0, 0xffff_ffff)
      break
    case 'timeout':
      draft.timeout = readNumber(words.argument(word), 0, MAX_TIMEOUT)
      break
    case 'range':
      draft.range = readRange(type, rangeWord(word, words))
      break
    default:
      draft[option] = true
  }
}

/** `IP_SET_LIST_MIN_SIZE` */
const MIN_LIST_SIZE = 4

function readFamily(word: SetWord): Family {
  if (/^(inet|ipv4|-4)$/.test(word.text)) return 4
  if (/^(inet6|ipv6|-6)$/.test(word.text)) return 6
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

/** `range FROM-TO`; as older versions wrote it, `from FROM to TO`. @throws SetError */
function rangeWord(option: SetWord, words: SetWords): SetWord {
  const first = words.argument(option)
  if (!/^(--)?from$/.test(option.text)) return first
  const to = words.required("the range's end: to TO")
  if (!/^(--)?to$/.test(to.text))
    throw new SetError('the end of the range is missing', to, { expected: 'to TO' })
  return { text: `${first.text}-${words.argument(to).text}`, column: first.column }
}

function readRange(type: SetType, word: SetWord): readonly [number, number] {
  return type.dimensions[0] === 'port' ? portRange(word) : addressRange(word)
}

function portRange(word: SetWord): readonly [number, number] {
  const [, protocol = 'tcp', first = '', last = ''] = /^(?:(tcp|udp):)?([^-]+)-([^-]+)$/.exec(word.text) ?? []
  if (first === '') throw new SetError(`bad range '${word.text}'`, word, { expected: 'FROM-TO' })
  const ports = [first, last].map(
    text => servicePort(text, protocol) ?? readNumber({ text, column: word.column }, 0, 65535),
  )
  return [Math.min(...ports), Math.max(...ports)]
}

/** `10.0.0.0-10.0.0.255` or `10.0.0.0/24`; a bitmap holds at most 65536 elements. */
function addressRange(word: SetWord): readonly [number, number] {
  const [, from = '', separator = '', end = ''] = /^([^-/]+)([-/])([^-/]+)$/.exec(word.text) ?? []
  const first = parseNumericHost(from, 4)
  const last = separator === '-' ? parseNumericHost(end, 4) : first
  if (first === undefined || last === undefined)
    throw new SetError(`bad range '${word.text}'`, word, { expected: 'FROM-TO or NETWORK/LENGTH, in IPv4' })
  const [a, b] = [first.w0 >>> 0, last.w0 >>> 0]
  if (separator === '-') return [Math.min(a, b), Math.max(a, b)]
  const hosts = 2 ** (32 - readNumber({ text: end, column: word.column }, 0, 32))
  return [a - (a % hosts), a - (a % hosts) + hosts - 1]
}
