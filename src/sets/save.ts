import { HZ } from '../rules/matches/jiffies.ts'
import { type Extensions, isExpired } from './element.ts'
import { elementText, extensionsText } from './element-text.ts'
import type { IpSet, SetOptions } from './ip-set.ts'
import type { SetTable } from './set-table.ts'
import type { CreateOption, SetType } from './set-type.ts'

/** `ipset save -sorted`: the lists behind the sets that they hold, hashes sorted, bitmaps and lists in their own order. */
export function saveSets(table: SetTable, nowJiffies: number): string {
  const names = table.names()
  const isList = (name: string): boolean => table.get(name)?.kind === 'list'
  return [...names.filter(name => !isList(name)), ...names.filter(isList)]
    .flatMap(name => saveSet(name, table.get(name)!, nowJiffies))
    .map(line => `${line}\n`)
    .join('')
}

function saveSet(name: string, set: IpSet, nowJiffies: number): string[] {
  const create = `create ${name} ${set.type.name}${headerText(set.type, set.options)}`
  return [create, ...memberTexts(set, nowJiffies).map(text => `add ${name} ${text}`)]
}

/** What stands behind the type when a set is created, with a leading blank. */
function headerText(type: SetType, options: SetOptions): string {
  return type.createOptions.map(option => optionText(option, type, options)).join('')
}

/** The members of a set as `ipset save -sorted` prints them, without `add NAME`. */
function memberTexts(set: IpSet, nowJiffies: number): string[] {
  const { options } = set
  const behind = (element: Extensions, isWildcard: boolean): string =>
    extensionsText(options, element, isWildcard, secondsLeft(element, nowJiffies))
  if (set.kind === 'list')
    return set.members
      .filter(({ extensions }) => !isExpired(extensions, nowJiffies))
      .map(({ name, extensions }) => `${name}${behind(extensions, false)}`)
  const present = [...set.entries()].filter(([, extensions]) => !isExpired(extensions, nowJiffies))
  if (set.type.method === 'bitmap') present.sort(([a], [b]) => (a.a0 >>> 0) - (b.a0 >>> 0) || a.port - b.port)
  const texts = present.map(
    ([key, extensions]) => `${elementText(set, key, extensions.mac)}${behind(extensions, key.isWildcard)}`,
  )
  return set.type.method === 'bitmap' ? texts : texts.sort(compareMembers)
}

/** `ip_set_timeout_get`: whole seconds, but 0 means for ever. */
function secondsLeft({ expires, heldSeconds }: Extensions, nowJiffies: number): number {
  return expires === 0 ? heldSeconds : Math.max(1, Math.floor((expires - nowJiffies) / HZ))
}

function optionText(option: CreateOption, { method, dimensions }: SetType, options: SetOptions): string {
  switch (option) {
    case 'family':
      return ` family ${options.family === 6 ? 'inet6' : 'inet'}`
    case 'hashsize':
    case 'maxelem':
    case 'bucketsize':
    case 'size':
      return ` ${option} ${options[option]}`
    case 'initval':
      return ` initval 0x${options.initval.toString(16).padStart(8, '0')}`
    case 'timeout':
    case 'netmask': {
      const value = options[option]
      return value === undefined || isWholeMask(option, options) ? '' : ` ${option} ${value}`
    }
    case 'bitmask':
      return options.bitmask === undefined ? '' : ` bitmask ${options.bitmask}`
    case 'range': {
      const [first, last] = options.range
      if (dimensions[0] === 'port') return ` range ${first}-${last}`
      return ` range ${dotted(first)}-${dotted(last)}`
    }
    case 'counters':
    case 'comment':
    case 'skbinfo':
      return options[option] ? ` ${option}` : ''
    case 'forceadd':
      // ipset 7.17 understands it, but never prints it
      return ''
    default:
      throw new RangeError(`${method}: ${option satisfies never}`)
  }
}

function isWholeMask(option: 'timeout' | 'netmask', { family, netmask }: SetOptions): boolean {
  return option === 'netmask' && netmask === (family === 6 ? 128 : 32)
}

function dotted(word: number): string {
  return [24, 16, 8, 0].map(shift => (word >>> shift) & 0xff).join('.')
}

/**
 * The order of ipset 7.17 (`bystrcmp` in its lib/session.c): numbers, read as hexadecimal, by value; the length of a
 * network behind its address, the longest first; whatever is no number by the length of its part, then as text.
 */
function compareMembers(first: string, second: string): number {
  // every line ends with a newline there, which parts may run into
  const a = `${first}\n`
  const b = `${second}\n`
  let [x, y, sign] = [0, 0, 1]
  while (x < a.length && y < b.length) {
    const [m, n] = [hexAt(a, x), hexAt(b, y)]
    if (m === undefined || n === undefined) {
      const [p, q] = [partAt(a, x), partAt(b, y)]
      if (p === '' && q === '') return a.slice(x) < b.slice(y) ? -1 : 1
      if (p.length !== q.length) return p.length - q.length
      if (p !== q) return p < q ? -1 : 1
      x += p.length + 1
      y += q.length + 1
      sign = 1
      continue
    }
    if (m.value !== n.value) return sign * (m.value - n.value)
    const [isNet, isOtherNet] = [a[m.end] === '/', b[n.end] === '/']
    if (isNet !== isOtherNet) return isNet ? 1 : -1
    if (isNet) sign = -1
    x = m.end + 1
    y = n.end + 1
    // the :: of an IPv6 address
    if (a[x] === ':' || b[y] === ':') {
      if (a[x] !== b[y]) return a[x] === ':' ? -1 : 1
      x++
      y++
    }
  }
  return a.length - x - (b.length - y)
}

/** C's `strtol(…, 16)`: the number that begins there, and where it ends. */
function hexAt(text: string, at: number): { readonly value: number; readonly end: number } | undefined {
  const found = /^\s*[+-]?(?:0x(?=[0-9a-f]))?[0-9a-f]+/i.exec(text.slice(at))
  if (found === null) return undefined
  return { value: Number.parseInt(found[0], 16), end: at + found[0].length }
}

function partAt(text: string, at: number): string {
  return /^[^:,]*/.exec(text.slice(at))![0]
}
