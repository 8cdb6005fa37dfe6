import { EMPTY, FULL, type Node } from './bdd.ts'
import type { PacketSpace } from './space.ts'

/**
 * A quick test that two sets are disjoint: the bits that all vectors of a set share, as alternating words of mask and
 * value. Most pairs of rules differ in such a bit, so that their diagrams need not be looked at.
 */
export class HullMaker {
  private readonly space: PacketSpace
  private readonly words: number
  private readonly memo = new Map<Node, Int32Array>()

  constructor(space: PacketSpace) {
    this.space = space
    this.words = Math.ceil(space.fieldBits / 32)
  }

  of(set: Node): Int32Array {
    const hull = new Int32Array(this.words * 2)
    const { bdd } = this.space
    let node = set
    while (node !== EMPTY && node !== FULL && bdd.level(node) < this.space.fieldBits) {
      const low = bdd.low(node)
      const high = bdd.high(node)
      if (low !== EMPTY && high !== EMPTY) {
        merge(hull, this.ofBranch(node, low, high))
        return hull
      }
      const level = bdd.level(node)
      const bit = 1 << (level & 31)
      const at = (level >> 5) * 2
      hull[at]! |= bit
      if (low === EMPTY) hull[at + 1]! |= bit
      node = low === EMPTY ? high : low
    }
    return hull
  }

  private ofBranch(node: Node, low: Node, high: Node): Int32Array {
    let known = this.memo.get(node)
    if (known === undefined) {
      known = common(this.of(low), this.of(high))
      this.memo.set(node, known)
    }
    return known
  }
}

export function overlaps(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i += 2) if (((a[i + 1]! ^ b[i + 1]!) & a[i]! & b[i]!) !== 0) return false
  return true
}

function merge(into: Int32Array, other: Int32Array): void {
  for (let i = 0; i < into.length; i++) into[i]! |= other[i]!
}

function common(a: Int32Array, b: Int32Array): Int32Array {
  const result = new Int32Array(a.length)
  for (let i = 0; i < a.length; i += 2) {
    const mask = a[i]! & b[i]! & ~(a[i + 1]! ^ b[i + 1]!)
    result[i] = mask
    result[i + 1] = a[i + 1]! & mask
  }
  return result
}
