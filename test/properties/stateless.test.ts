import fc from 'fast-check'
import { expect, it } from 'vitest'
import { signature } from '../../src/analysis/diff.ts'
import { step } from '../../src/firewall.ts'
import { arrivalsOf, drafts, firewallOf, histories, runs, STATELESS } from './support.ts'

it('a ruleset without states ignores history: a packet fares as if it were the first one', () => {
  fc.assert(
    fc.property(drafts(['mangle', 'filter'], STATELESS), histories, (draft, told) => {
      // nothing in it needs connection tracking, so there is none
      const firewall = firewallOf(draft, { conntrack: 'auto' })
      let { nextPacketId } = firewall
      for (const { arrival, outcome } of arrivalsOf(firewall, told)) {
        // but for the ids of packets that the box makes itself
        const alone = step(firewall.with({ nextPacketId }), arrival)
        nextPacketId = outcome.state.nextPacketId
        expect(signature(alone)).toBe(signature(outcome))
      }
    }),
    runs(60),
  )
})
