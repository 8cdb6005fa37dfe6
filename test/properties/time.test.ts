import fc from 'fast-check'
import { expect, it } from 'vitest'
import { signature } from '../../src/analysis/diff.ts'
import { advance, step } from '../../src/firewall.ts'
import { conntrackList } from '../../src/listings.ts'
import type { FirewallState } from '../../src/state.ts'
import { finalState, type PlayedStep, play } from '../../src/testing/play.ts'
import { drafts, dump, firewallOf, histories, NAT, runs } from './support.ts'

const rulesets = drafts(
  ['mangle', 'nat', 'filter'],
  [...NAT, 'limit', 'recent', 'hashlimit', 'connlimit', 'quota'],
)

function again(state: FirewallState, played: PlayedStep): FirewallState {
  return played.kind === 'wait' ? advance(state, played.ms) : step(state, played.arrival).state
}

it('the same packets at the same times give the same answers and the same state', () => {
  fc.assert(
    fc.property(rulesets, histories, (draft, told) => {
      const first = play(firewallOf(draft), told)
      let state = firewallOf(draft)
      for (const played of first) {
        if (played.kind === 'arrival')
          expect(signature(step(state, played.arrival))).toBe(signature(played.outcome))
        state = again(state, played)
      }
      expect(dump(state)).toBe(dump(finalState(firewallOf(draft), first)))
    }),
    runs(40),
  )
})

it('what happens on a fork is not seen on the other branch, whichever goes on first', () => {
  fc.assert(
    fc.property(rulesets, histories, histories, fc.nat(20), (draft, told, other, at) => {
      const start = firewallOf(draft)
      const steps = play(start, told)
      const fork = steps.slice(0, at).reduce(again, start)
      const branch = (): string => dump(steps.slice(at).reduce(again, fork))
      const before = branch()
      const elsewhere = dump(finalState(fork, play(fork, other)))
      expect(branch()).toBe(before)
      expect(dump(finalState(fork, play(fork, other)))).toBe(elsewhere)
    }),
    runs(40),
  )
})

it('time only closes connections: it opens none and changes none but their timers', () => {
  fc.assert(
    fc.property(rulesets, histories, fc.nat(1_000_000), (draft, told, ms) => {
      const start = firewallOf(draft)
      const state = finalState(start, play(start, told))
      const before = untimed(state)
      expect(untimed(advance(state, ms)).filter(line => !before.includes(line))).toEqual([])
    }),
    runs(60),
  )
})

/** `conntrack -L` without the third column, the seconds left. */
function untimed(state: FirewallState): readonly string[] {
  return conntrackList(state).map(line => line.replace(/^(\S+\s+\d+) \d+ /, '$1 '))
}
