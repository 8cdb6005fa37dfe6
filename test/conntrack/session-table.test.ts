import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Address } from '../../src/address.ts'
import { Connection, DEFAULT_ZONE, Status, type Zone } from '../../src/conntrack/connection.ts'
import { SessionTable } from '../../src/conntrack/session-table.ts'
import { invertTuple, Tuple } from '../../src/conntrack/tuple.ts'

const SERVER = Address.parse('192.0.2.1')
const ZONES: readonly Zone[] = [
  DEFAULT_ZONE,
  { id: 1, original: true, reply: true },
  { id: 1, original: true, reply: false },
  { id: 1, original: false, reply: true },
]

function connection(port: number, zone: Zone = DEFAULT_ZONE): Connection {
  const tuple = new Tuple(Address.v4(0x0a000001 + (port & 3)), SERVER, 17, port & 7, port)
  const made = new Connection(tuple, invertTuple(tuple)!)
  made.zone = zone
  made.expiresAtMs = 1000 + port
  made.status = Status.CONFIRMED | Status.SRC_NAT_DONE
  return made
}

describe('SessionTable', () => {
  it('agrees with a list of connections in every version', () => {
    const change = fc.oneof(
      { weight: 3, arbitrary: fc.record({ insert: fc.nat(60), zone: fc.nat(3) }) },
      { weight: 2, arbitrary: fc.record({ remove: fc.nat(60) }) },
      { weight: 2, arbitrary: fc.record({ mark: fc.nat(60) }) },
      { weight: 1, arbitrary: fc.constant({ commit: true as const }) },
    )
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), changes => {
        const kept: [SessionTable, Map<string, number>][] = []
        const model = new Map<string, number>()
        let table = SessionTable.empty()
        let draft = table.begin({})
        const live = () => [...draft]
        for (const one of changes) {
          if ('insert' in one) {
            const made = connection(one.insert, ZONES[one.zone])
            if (draft.lookup(made.original, made.zone) >= 0 || draft.lookup(made.reply, made.zone) >= 0)
              continue
            draft.insert(made)
            model.set(key(made), 0)
          } else if ('remove' in one) {
            const victim = live()[one.remove]
            if (victim === undefined) continue
            model.delete(key(victim))
            draft.remove(victim)
          } else if ('mark' in one) {
            const chosen = live()[one.mark]
            if (chosen === undefined) continue
            draft.own(chosen).mark = one.mark
            model.set(key(chosen), one.mark)
          } else {
            table = draft.commit()
            kept.push([table, new Map(model)])
            draft = table.begin({})
          }
        }
        table = draft.commit()
        kept.push([table, model])
        for (const [version, expected] of kept) {
          expect(version.size).toBe(expected.size)
          expect(new Map([...version].map(one => [key(one), one.mark]))).toEqual(expected)
          for (const one of version) {
            expect(version.get(one.id)).toBe(one)
            expect(version.lookup(one.original, one.zone)).toBe(one.id << 1)
            expect(version.lookup(one.reply, one.zone)).toBe((one.id << 1) | 1)
          }
        }
      }),
    )
  })

  it('gives free ids to new connections', () => {
    const draft = SessionTable.empty().begin({})
    const made = [1, 2, 3].map(port => connection(port))
    for (const one of made) draft.insert(one)
    expect(made.map(({ id }) => id)).toEqual([0, 1, 2])
    draft.remove(made[1]!)
    draft.remove(made[0]!)
    const later = [4, 5, 6].map(port => connection(port))
    for (const one of later) draft.insert(one)
    expect(later.map(({ id }) => id)).toEqual([0, 1, 3])
  })

  it('finds connections by their source, the latest first', () => {
    const draft = SessionTable.empty().begin({})
    const made = [8, 16, 24, 32].map(port => connection(port))
    for (const one of made) draft.insert(one)
    const ports = () => [...draft.bySource(made[0]!.original.source, 0, 17, 0)].map(one => one.original.dport)
    expect(ports()).toEqual([32, 24, 16, 8])
    draft.remove(made[2]!)
    expect(ports()).toEqual([32, 16, 8])
    draft.remove(made[3]!)
    draft.remove(made[0]!)
    expect(ports()).toEqual([16])
    draft.remove(made[1]!)
    expect(ports()).toEqual([])
  })

  it('sweeps a few slots at a time', () => {
    const draft = SessionTable.empty().begin({})
    for (let port = 0; port < 10; port++) draft.insert(connection(port))
    expect(draft.sweep(1004, 2).map(one => one.original.dport)).toEqual([0, 1])
    expect(draft.sweep(1004, 20).map(one => one.original.dport)).toEqual([2, 3, 4])
    expect(draft.size).toBe(5)
  })

  it('a step that changed nothing returns the same table', () => {
    const table = SessionTable.empty()
    expect(table.begin({}).commit()).toBe(table)
  })
})

function key({ original, zone }: Connection): string {
  return `${original.source} ${original.dport} ${zone.id} ${zone.original} ${zone.reply}`
}
