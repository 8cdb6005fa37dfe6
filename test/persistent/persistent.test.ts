import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NUMBER_KEYS, PersistentMap } from '../../src/persistent/map.ts'
import { PersistentVector } from '../../src/persistent/vector.ts'

/** Few different hashes: collisions at every level, also in all 32 bits. */
const CLUMSY_KEYS = {
  hash: (key: number) => (key & 3) * 0x21000001,
  equals: (a: number, b: number) => a === b,
}

type MapChange = { set: number; value: number } | { delete: number } | { fork: true } | { commit: true }
const mapChanges = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ set: fc.nat(200), value: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ delete: fc.nat(200) }) },
    { weight: 1, arbitrary: fc.constant({ fork: true as const }) },
    { weight: 1, arbitrary: fc.constant({ commit: true as const }) },
  ),
  { maxLength: 300 },
)

/** Applies changes, keeps every committed version, and compares all of them with plain Maps at the end. */
function checkMap(changes: readonly MapChange[], empty: PersistentMap<number, number>): void {
  const kept: [PersistentMap<number, number>, Map<number, number>][] = []
  let map = empty
  let model = new Map<number, number>()
  let owner = {}
  for (const change of changes) {
    if ('set' in change) {
      map = map.set(change.set, change.value, owner)
      model.set(change.set, change.value)
    } else if ('delete' in change) {
      map = map.delete(change.delete, owner)
      model.delete(change.delete)
    } else {
      kept.push([map, new Map(model)])
      owner = {}
      const earlier = 'fork' in change ? kept[Math.floor(kept.length / 2)] : undefined
      if (earlier !== undefined) {
        map = earlier[0]
        model = new Map(earlier[1])
      }
    }
  }
  kept.push([map, model])
  for (const [version, expected] of kept) {
    expect(version.size).toBe(expected.size)
    expect(new Map(version)).toEqual(expected)
    for (const [key, value] of expected) expect(version.get(key)).toBe(value)
    expect(version.get(201)).toBeUndefined()
  }
}

describe('PersistentMap', () => {
  it('agrees with Map in every version, forks included', () => {
    fc.assert(fc.property(mapChanges, changes => checkMap(changes, PersistentMap.empty(NUMBER_KEYS))))
  })

  it('agrees with Map when hashes collide', () => {
    fc.assert(fc.property(mapChanges, changes => checkMap(changes, PersistentMap.empty(CLUMSY_KEYS))))
  })

  it('returns itself when nothing changes', () => {
    const map = PersistentMap.strings<number>().set('a', 1, {})
    expect(map.set('a', 1, {})).toBe(map)
    expect(map.delete('b', {})).toBe(map)
  })
})

describe('PersistentVector', () => {
  const changes = fc.array(
    fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 80 }) }),
      fc.record({ set: fc.nat(2000), value: fc.nat() }),
      fc.record({ commit: fc.boolean() }),
    ),
    { maxLength: 60 },
  )

  it('agrees with arrays in every version, forks included', () => {
    fc.assert(
      fc.property(changes, list => {
        const kept: [PersistentVector<number>, number[]][] = []
        let vector = PersistentVector.empty<number>()
        let model: number[] = []
        let owner = {}
        for (const change of list) {
          if ('push' in change) {
            for (let i = 0; i < change.push; i++) {
              vector = vector.push(i, owner)
              model.push(i)
            }
          } else if ('set' in change) {
            if (model.length === 0) continue
            vector = vector.set(change.set % model.length, change.value, owner)
            model[change.set % model.length] = change.value
          } else {
            kept.push([vector, model.slice()])
            owner = {}
            const earlier = change.commit ? undefined : kept[Math.floor(kept.length / 2)]
            if (earlier !== undefined) {
              vector = earlier[0]
              model = earlier[1].slice()
            }
          }
        }
        kept.push([vector, model])
        for (const [version, expected] of kept) {
          expect([...version]).toEqual(expected)
          for (let i = 0; i < expected.length; i += 7) expect(version.get(i)).toBe(expected[i])
          expect(version.get(expected.length)).toBeUndefined()
          expect(version.get(-1)).toBeUndefined()
        }
      }),
    )
  })

  it('refuses to set outside', () => {
    expect(() => PersistentVector.empty<number>().set(0, 1, {})).toThrow(RangeError)
  })
})
