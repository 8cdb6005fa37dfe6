import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readCounters } from '../../src/counters.ts'
import { advance, step } from '../../src/firewall.ts'
import type { FirewallState } from '../../src/state.ts'
import { arrivalsOf, decision, drafts, firewallOf, histories, runs, STATEFUL } from './support.ts'

/** Chains this short are scanned rule by rule; longer ones have an index. */
const SHORT = 2

const rules = drafts(['filter'], STATEFUL).map(({ tables }) =>
  tables
    .flatMap(table => table.rules)
    .filter(({ chain, words }) => chain === 'FORWARD' && !/-[jg] c\d/.test(words))
    .map(({ words }) => words),
)
const longChains = fc.array(rules, { minLength: 6, maxLength: 12, size: 'max' }).map(lists => lists.flat())

function whole(words: readonly string[]): string {
  return `*filter\n${words.map(word => `-A FORWARD ${word}\n`).join('')}COMMIT\n`
}

/** The same chain in pieces, each of which ends with the next one. */
function inPieces(words: readonly string[]): string {
  const names = words.map((_, at) => (at < SHORT ? 'FORWARD' : `p${Math.floor(at / SHORT)}`))
  const last = Math.floor(Math.max(0, words.length - 1) / SHORT)
  const piece = (at: number): string => (at === 0 ? 'FORWARD' : `p${at}`)
  const pieces = Array.from({ length: last + 1 }, (_, at) => {
    const own = words
      .filter((_, index) => names[index] === piece(at))
      .map(word => `-A ${piece(at)} ${word}\n`)
    return own.join('') + (at < last ? `-A ${piece(at)} -g ${piece(at + 1)}\n` : '')
  })
  const chains = Array.from({ length: last }, (_, at) => `:p${at + 1} - [0:0]\n`)
  return `*filter\n${chains.join('')}${pieces.join('')}COMMIT\n`
}

/** How often each rule of the long chain has counted. */
function counts(state: FirewallState, chains: readonly string[]): readonly number[] {
  return chains.flatMap(chain => readCounters(state, 4, 'filter', chain)!.rules.map(({ packets }) => packets))
}

it('the index of a long chain, the plain scan of short ones and the trace match the same rules', () => {
  fc.assert(
    fc.property(longChains, histories, (words, told) => {
      const long = firewallOf(whole(words), { conntrack: 'on' })
      let short = firewallOf(inPieces(words), { conntrack: 'on' })
      const traced = words.map(() => 0)
      let final = long
      for (const { arrival, outcome } of arrivalsOf(long, told)) {
        short = advance(short, outcome.state.nowMs - short.nowMs)
        const scanned = step(short, arrival)
        expect(decision(scanned)).toEqual(decision(outcome))
        short = scanned.state
        final = outcome.state
        for (const seen of outcome.trace.flatMap(({ steps }) => steps))
          if (seen.kind === 'rule' && seen.chain === 'FORWARD' && seen.matched) traced[seen.number - 1]!++
      }
      expect(counts(final, ['FORWARD'])).toEqual(traced)
      const pieces = Array.from({ length: Math.ceil(words.length / SHORT) }, (_, at) =>
        at === 0 ? 'FORWARD' : `p${at}`,
      )
      const inShort = pieces.flatMap(chain => counts(short, [chain]).slice(0, SHORT))
      expect(inShort.slice(0, words.length)).toEqual(traced)
    }),
    runs(40),
  )
})
