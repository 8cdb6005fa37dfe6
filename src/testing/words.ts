import fc from 'fast-check'
import type { Hook, TableName } from '../rules/model.ts'
import { devicesOf, ownAddresses, type Site } from './site.ts'

/** Where a generated rule is to stand. */
export interface WordContext {
  readonly site: Site
  readonly table: TableName
  /** The hooks its chain may be reached from. */
  readonly hooks: readonly Hook[]
  /** The rule's `-p`, 0 for none. */
  readonly protocol: number
}

/** Makes the words of a match or target, as they stand in a rule. */
export type Words = (at: WordContext) => fc.Arbitrary<string>

/** Matches by name, and how their options are written. */
export interface ThemeWords {
  readonly [match: string]: {
    /** The protocols a rule must name besides what the extension itself asks for. */
    readonly protocols?: readonly number[]
    readonly words: Words
  }
}

/** One of these texts; the first is what shrinking prefers. */
export function oneOf(...texts: readonly string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...texts)
}

/** With a `!` before it in one of four. */
export function maybeNot(words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom('', '', '', '! '), words).map(parts => parts.join(''))
}

/** Texts with blanks between them; empty ones fall away. */
export function joined(...words: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...words).map(parts => parts.filter(part => part !== '').join(' '))
}

/** Mostly nothing. */
export function rarely(words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant('') }, { weight: 1, arbitrary: words })
}

/** Sometimes nothing. */
export function maybe(words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.option(words, { nil: '', freq: 2 })
}

export const PORTS = [80, 22, 53, 443, 21, 1, 1023, 1024, 5000, 8080, 40000, 65535] as const

export const port: fc.Arbitrary<number> = fc.constantFrom(...PORTS)

/** `80`, `22:53`, `:1023`, `1024:` */
export const portRange: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: port.map(String) },
  { weight: 2, arbitrary: fc.tuple(port, port).map(([a, b]) => `${Math.min(a, b)}:${Math.max(a, b)}`) },
  { weight: 1, arbitrary: port.map(n => `${n}:`) },
  { weight: 1, arbitrary: port.map(n => `:${n}`) },
)

/** Addresses of hosts and of the box itself. */
export function addresses(site: Site): readonly string[] {
  return [...Object.values(site.hosts).flat(), ...ownAddresses(site)]
}

export function address(site: Site): fc.Arbitrary<string> {
  return fc.constantFrom(...addresses(site))
}

/** An address with a prefix length that people use, or one of the odd ones. */
export function prefix(site: Site): fc.Arbitrary<string> {
  const lengths = site.family === 4 ? [32, 24, 16, 8, 0, 31, 30, 25] : [128, 64, 48, 127, 0]
  return fc.tuple(address(site), fc.constantFrom(...lengths)).map(([host, length]) => `${host}/${length}`)
}

export function device(site: Site): fc.Arbitrary<string> {
  return fc.constantFrom(
    ...devicesOf(site),
    ...devicesOf(site),
    'lo',
    `${devicesOf(site)[0]!.slice(0, 2)}+`,
    'nope9',
  )
}

/** A number from 0 to `most`, the odd ones often. */
export function upTo(most: number): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constantFrom(...EDGES.filter(n => n <= most), most),
    fc.integer({ min: 0, max: Math.min(most, 100) }),
    fc.integer({ min: 0, max: most }),
  )
}

const EDGES = [0, 1, 2, 3, 20, 40, 60, 64, 255, 256, 1500] as const

/** `0x2a`: any number of so many bits. */
export function hexadecimal(bits: number): fc.Arbitrary<string> {
  return upTo(bits === 32 ? 0xffffffff : (1 << bits) - 1).map(n => `0x${n.toString(16)}`)
}

/** `5`, `5:9`, `:9`, `5:` with whatever stands between the two. */
export function numberRange(numbers: fc.Arbitrary<number>, sign = ':'): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 2, arbitrary: numbers.map(String) },
    {
      weight: 2,
      arbitrary: fc.tuple(numbers, numbers).map(([a, b]) => `${Math.min(a, b)}${sign}${Math.max(a, b)}`),
    },
    { weight: 1, arbitrary: numbers.map(n => `${n}${sign}`) },
    { weight: 1, arbitrary: numbers.map(n => `${sign}${n}`) },
  )
}

/** One or several of these, with commas between. */
export function listOf(...names: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(...names),
    fc.shuffledSubarray([...names], { minLength: 1 }).map(list => list.join(',')),
  )
}

/** `VALUE` or `VALUE/MASK`: numbers with few bits, which meet, and any others. */
export function masked(): fc.Arbitrary<string> {
  const few = fc.constantFrom('0x0', '0x1', '0x2', '0x3', '0x4', '0x10', '0xff', '0xffffffff', '0x80000000')
  const number = fc.oneof({ weight: 3, arbitrary: few }, { weight: 1, arbitrary: hexadecimal(32) })
  return fc
    .tuple(number, fc.option(number, { freq: 2 }))
    .map(([value, mask]) => (mask === null ? value : `${value}/${mask}`))
}

/** Of `-m mark` and `-m connmark`. */
export function markValue(): fc.Arbitrary<string> {
  return maybeNot(
    fc.oneof(
      oneOf('--mark 0x1', '--mark 0x0', '--mark 0x2', '--mark 0x1/0x1', '--mark 0x10/0xf0'),
      masked().map(text => `--mark ${text}`),
    ),
  )
}
