import type fc from 'fast-check'
import { matchExtension } from '../rules/registry.ts'
import { CONNECTIONS_WORDS } from './match-words/connections.ts'
import { HEADERS_WORDS } from './match-words/headers.ts'
import { IPV6_WORDS } from './match-words/ipv6.ts'
import { SURROUNDINGS_WORDS } from './match-words/surroundings.ts'
import { TRANSPORT_WORDS } from './match-words/transport.ts'
import { setMatch } from './sets.ts'
import type { ThemeWords, WordContext } from './words.ts'

/**
 * For every match the simulator models, texts that iptables accepts. What depends on the machine's clock, its processors
 * or chance is left out (`time` with dates, `cpu`, `statistic --mode random`, `rateest`), rates are slow enough that
 * milliseconds do not show.
 */
export const MATCH_WORDS: ThemeWords = {
  ...HEADERS_WORDS,
  ...TRANSPORT_WORDS,
  ...IPV6_WORDS,
  ...CONNECTIONS_WORDS,
  ...SURROUNDINGS_WORDS,
  set: { words: setMatch },
}

export function matchesAt(at: WordContext): readonly string[] {
  return Object.keys(MATCH_WORDS).filter(name => {
    const extension = matchExtension(name, at.site.family)
    if (extension === undefined) return false
    const { tables, hooks, protocols } = extension
    const wanted = protocols ?? MATCH_WORDS[name]!.protocols
    return (
      (tables === undefined || tables.includes(at.table)) &&
      (hooks === undefined || at.hooks.every(hook => hooks.includes(hook))) &&
      (wanted === undefined || wanted.includes(at.protocol)) &&
      fits(name, at)
    )
  })
}

export function matchWords(name: string, at: WordContext): fc.Arbitrary<string> {
  return MATCH_WORDS[name]!.words(at).map(options => `-m ${name}${options === '' ? '' : ` ${options}`}`)
}

function fits(name: string, { hooks }: WordContext): boolean {
  const incoming = hooks.every(hook => hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD')
  const outgoing = hooks.every(hook => hook === 'OUTPUT' || hook === 'POSTROUTING' || hook === 'FORWARD')
  if (name === 'policy' || name === 'devgroup') return incoming || outgoing
  if (name === 'physdev') return incoming
  return true
}
