import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventDraft, type EventQueue, eventsOf, NetworkEvent } from '../../src/network/event-queue.ts'

const event = (atMs: number, sequence: number): NetworkEvent =>
  new NetworkEvent(atMs, sequence, 'process-timer', 0, '', undefined, 0, -1, 0, '')

/** What happens next adds events so many ms later, then so many are taken; then the network may be looked at. */
const turns = fc.array(
  fc.record({
    delays: fc.array(fc.nat(3), { maxLength: 4 }),
    takes: fc.nat(3),
    commits: fc.boolean(),
  }),
)

const sequences = (queue: EventQueue): number[] => [...eventsOf(queue)].map(({ sequence }) => sequence)

it('events come by time, then in the order they were added; queues that others hold stay as they were', () => {
  fc.assert(
    fc.property(turns, script => {
      let draft = new EventDraft(undefined)
      let waiting: { atMs: number; sequence: number }[] = []
      const held: { queue: EventQueue; waiting: number[] }[] = []
      let nowMs = 0
      let sequence = 1
      for (const { delays, takes, commits } of script) {
        for (const delay of delays) {
          waiting.push({ atMs: nowMs + delay, sequence })
          draft.add(event(nowMs + delay, sequence++))
        }
        waiting.sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence)
        for (const expected of waiting.slice(0, takes)) {
          expect(draft.takeFirst()).toMatchObject(expected)
          nowMs = expected.atMs
        }
        waiting = waiting.slice(takes)
        expect(draft.first?.sequence).toBe(waiting[0]?.sequence)
        if (!commits) continue
        const queue = draft.commit()
        held.push({ queue, waiting: waiting.map(each => each.sequence) })
        draft = new EventDraft(queue)
      }
      for (const { queue, waiting: expected } of held) expect(sequences(queue)).toEqual(expected)
      expect(sequences(draft.commit())).toEqual(waiting.map(each => each.sequence))
    }),
  )
})

it('two networks that go on from one do not see what the other adds', () => {
  const before = new EventDraft(undefined)
  for (const [atMs, sequence] of [
    [5, 1],
    [3, 2],
    [3, 3],
  ] as const)
    before.add(event(atMs, sequence))
  const queue = before.commit()
  const [one, other] = [new EventDraft(queue), new EventDraft(queue)]
  expect(one.takeFirst().sequence).toBe(2)
  one.add(event(3, 4))
  other.add(event(4, 4))
  expect(sequences(one.commit())).toEqual([3, 4, 1])
  expect(sequences(other.commit())).toEqual([2, 3, 4, 1])
  expect(sequences(queue)).toEqual([2, 3, 1])
})

it('says so when nothing is going to happen', () => {
  expect(() => new EventDraft(undefined).takeFirst()).toThrow(RangeError)
})
