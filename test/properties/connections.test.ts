import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Tuple } from '../../src/conntrack/tuple.ts'
import type { FirewallState } from '../../src/state.ts'
import { manners } from '../../src/testing/manners.ts'
import { play } from '../../src/testing/play.ts'
import { natInverts } from '../../src/testing/properties/replies.ts'
import { tryOut } from '../../src/testing/properties/try-out.ts'
import { drafts, firewallOf, histories, NAT, runs, STATEFUL } from './support.ts'

const translating = drafts(['mangle', 'nat', 'filter'], NAT)

it('replies invert translation: the answer to a translated packet has the ends of that packet as it was sent', () => {
  let translated = 0
  fc.assert(
    fc.property(translating, histories, (draft, told) => {
      const firewall = firewallOf(draft)
      const { violation, final } = tryOut(firewall, natInverts(), told, manners(true))
      expect(violation?.why).toBeUndefined()
      if ([...final.sessions].some(({ original, reply }) => !original.source.equals(reply.destination)))
        translated++
    }),
    runs(60),
  )
  expect(translated).toBeGreaterThan(0)
})

it('no two live connections share a tuple', () => {
  fc.assert(
    fc.property(translating, histories, (draft, told) => {
      for (const step of play(firewallOf(draft), told)) {
        const state = step.kind === 'wait' ? step.state : step.outcome.state
        // A socket that talks to itself has the same tuple in both directions: that is one, not two.
        const tuples = live(state).flatMap(({ original, reply }) => [
          ...new Set([textOf(original), textOf(reply)]),
        ])
        expect(new Set(tuples).size).toBe(tuples.length)
      }
    }),
    runs(60),
  )
})

it('a NEW packet that is dropped before it has gone anywhere leaves no connection behind', () => {
  let dropped = 0
  fc.assert(
    fc.property(drafts(['filter'], STATEFUL), histories, (draft, told) => {
      const start = firewallOf(draft)
      let before = start
      for (const step of play(start, told)) {
        if (step.kind === 'arrival') {
          const { outcome, arrival } = step
          const known = new Set(live(before).map(({ original }) => textOf(original)))
          // what the box sends to itself has left once before it arrives
          const isFirst = !('local' in arrival) || outcome.trace.length === 1
          if (isFirst && (outcome.fate.kind === 'dropped' || outcome.fate.kind === 'rejected')) {
            dropped++
            const now = live(outcome.state).map(({ original }) => textOf(original))
            expect(now.filter(tuple => !known.has(tuple))).toEqual([])
          }
        }
        before = step.kind === 'wait' ? step.state : step.outcome.state
      }
    }),
    runs(60),
  )
  expect(dropped).toBeGreaterThan(0)
})

function live(state: FirewallState) {
  return [...state.sessions].filter(({ expiresAtMs }) => expiresAtMs > state.nowMs)
}

function textOf({ protocol, source, sport, destination, dport }: Tuple): string {
  return `${protocol} ${source}:${sport} > ${destination}:${dport}`
}
