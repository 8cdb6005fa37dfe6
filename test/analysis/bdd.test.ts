import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bdd, EMPTY, FULL, type Node, TooManyNodes } from '../../src/analysis/bdd.ts'

/** A set over four variables as its 16 answers. */
function ofTable(bdd: Bdd, table: number): Node {
  let set: Node = EMPTY
  for (let vector = 0; vector < 16; vector++) {
    if (((table >> vector) & 1) === 0) continue
    let cube: Node = FULL
    for (let level = 3; level >= 0; level--)
      cube = bdd.and(bdd.literal(level, ((vector >> level) & 1) === 1), cube)
    set = bdd.or(set, cube)
  }
  return set
}

function toTable(bdd: Bdd, set: Node): number {
  let table = 0
  for (let vector = 0; vector < 16; vector++) {
    const bits = Uint8Array.from([0, 1, 2, 3], level => (vector >> level) & 1)
    if (bdd.contains(set, bits)) table |= 1 << vector
  }
  return table
}

const table = fc.integer({ min: 0, max: 0xffff })

describe('decision diagrams', () => {
  it('agree with truth tables, and equal sets are one node', () => {
    fc.assert(
      fc.property(table, table, (a, b) => {
        const bdd = new Bdd()
        const [x, y] = [ofTable(bdd, a), ofTable(bdd, b)]
        expect(toTable(bdd, bdd.and(x, y))).toBe(a & b)
        expect(toTable(bdd, bdd.or(x, y))).toBe(a | b)
        expect(toTable(bdd, bdd.xor(x, y))).toBe(a ^ b)
        expect(toTable(bdd, bdd.difference(x, y))).toBe(a & ~b)
        expect(bdd.and(x, y)).toBe(ofTable(bdd, a & b))
        expect(bdd.isSubset(x, y)).toBe((a & ~b) === 0)
      }),
    )
  })

  it('forget variables: what is left holds for some value of them', () => {
    fc.assert(
      fc.property(table, a => {
        const bdd = new Bdd()
        const forgotten = bdd.exists(ofTable(bdd, a), 1, 3)
        let expected = 0
        for (let vector = 0; vector < 16; vector++)
          for (const other of [0, 2, 4, 6])
            if (((a >> ((vector & 0b1001) | other)) & 1) === 1) expected |= 1 << vector
        expect(toTable(bdd, forgotten)).toBe(expected)
      }),
    )
  })

  it('pick a member of the set', () => {
    fc.assert(
      fc.property(
        table.filter(a => a !== 0),
        fc.infiniteStream(fc.constantFrom(0 as const, 1 as const)),
        (a, choices) => {
          const bdd = new Bdd()
          const set = ofTable(bdd, a)
          const bits = new Uint8Array(4)
          bdd.pick(set, bits, () => choices.next().value!)
          expect(bdd.contains(set, bits)).toBe(true)
        },
      ),
    )
  })

  it('give up beyond their limit', () => {
    const bdd = new Bdd(10)
    expect(() => {
      for (let level = 0; level < 20; level++) bdd.literal(level, true)
    }).toThrow(TooManyNodes)
  })
})
