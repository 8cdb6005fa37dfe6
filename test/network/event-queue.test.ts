import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addEvent, EventDraft, eventsOf, firstEvent, NetworkEvent } from '../../src/network/event-queue.ts'

const event = (atMs: number, sequence: number): NetworkEvent =>
  new NetworkEvent(atMs, sequence, 'process-timer', 0, '', undefined, 0, -1, 0, '')

/** What happens next adds events so many ms later, then so many are taken. */
const turns = fc.array(fc.record({ delays: fc.array(fc.nat(3), { maxLength: 4 }), takes: fc.nat(3) }))

it('events come by time, then in the order they were added, whether they wait in the line or in the heap', () => {
  fc.assert(
    fc.property(turns, script => {
      const draft = new EventDraft(undefined)
      let waiting: { atMs: number; sequence: number }[] = []
      let nowMs = 0
      let sequence = 1
      for (const { delays, takes } of script) {
        for (const delay of delays) {
          waiting.push({ atMs: nowMs + delay, sequence })
          draft.add(event(nowMs + delay, sequence++), nowMs)
        }
        waiting.sort((a, b) => a.atMs - b.atMs || a.sequence - b.sequence)
        for (const expected of waiting.slice(0, takes)) {
          expect(draft.takeFirst()).toMatchObject(expected)
          nowMs = expected.atMs
        }
        waiting = waiting.slice(takes)
        expect(draft.first?.sequence).toBe(waiting[0]?.sequence)
      }
      expect([...eventsOf(draft.commit())].map(each => each.sequence)).toEqual(
        waiting.map(each => each.sequence),
      )
    }),
  )
})

it('a draft leaves the queue that it began with as it was', () => {
  const queue = addEvent(addEvent(undefined, event(5, 1)), event(3, 2))
  const draft = new EventDraft(queue)
  draft.takeFirst()
  draft.add(event(4, 3), 3)
  expect([...eventsOf(queue)].map(each => each.sequence)).toEqual([2, 1])
  expect(firstEvent(draft.commit())?.sequence).toBe(3)
  expect(() => new EventDraft(undefined).takeFirst()).toThrow(RangeError)
})
