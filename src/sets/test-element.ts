/** `ipset test`: the `utest` side of net/netfilter/ipset/. */
import { isExpired } from './element.ts'
import type { ElementSet, IpSet } from './ip-set.ts'
import { maskNet } from './packet-key.ts'
import { readElements } from './read-element.ts'
import { readPlace } from './read-extensions.ts'
import { checkStorable } from './set-checks.ts'
import { SetError, type SetWord } from './set-error.ts'
import { netDimension } from './set-type.ts'
import type { SetWords } from './words.ts'

/** @throws SetError for words that the set's type does not know */
export function isInSet(set: IpSet, element: SetWord, words: SetWords, nowJiffies: number): boolean {
  if (set.kind === 'elements') return elementIsIn(set, element, words, nowJiffies)
  const place = readPlace(set.type, words)
  const members = set.members.filter(({ extensions }) => !isExpired(extensions, nowJiffies))
  const at = members.findIndex(({ name }) => name === element.text)
  if (at < 0) return false
  return place === undefined || members[at + (place.before ? 1 : -1)]?.name === place.name.text
}

function elementIsIn(set: ElementSet, element: SetWord, words: SetWords, nowJiffies: number): boolean {
  const net = netDimension(set.type)
  const word = words.next()
  const isException = word?.text === 'nomatch' && net >= 0
  if (word !== undefined && !isException)
    throw new SetError(`unknown argument '${word.text}' to test a ${set.type.name}`, word)
  words.end()
  const [key, another] = readElements(set.type, set.options, element)
  // of a range, hash:ip looks for the first address
  if (key === undefined || (another !== undefined && set.type.name !== 'hash:ip'))
    throw new SetError('one element must be named, and no range', element)
  checkStorable(set, key, element)
  const family = set.options.family === 6 ? 6 : 4
  const isWhole = net >= 0 && key.length === (family === 6 ? 128 : 32)
  for (const length of isWhole ? set.lengths.present : [key.length]) {
    if (net >= 0) maskNet(key, net, length, family)
    const found = set.get(set.resolve(key), nowJiffies)
    if (found === undefined) continue
    if (key.mac !== '' && found.mac !== '' && key.mac !== found.mac) return false
    return !found.isExcluded || isException
  }
  return false
}
