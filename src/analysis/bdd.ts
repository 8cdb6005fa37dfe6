/** A set in a {@link Bdd}: the number of its node. Equal sets have equal numbers. */
export type Node = number

export const EMPTY: Node = 0
export const FULL: Node = 1

/** Thrown when a diagram outgrows its limit: whoever asked gets "undecided" instead of an answer. */
export class TooManyNodes extends Error {
  constructor() {
    super('the decision diagram outgrew its limit')
    this.name = 'TooManyNodes'
  }
}

const AND = 0
const OR = 1
const DIFFERENCE = 2
const XOR = 3
type Operation = typeof AND | typeof OR | typeof DIFFERENCE | typeof XOR

/** Behind every variable, so that constants sort last. */
const LAST_LEVEL = 0x7fffffff
const CACHE_SIZE = 1 << 18

/**
 * Reduced ordered binary decision diagrams (Bryant 1986): sets of bit vectors, each set one number, with exact
 * operations. Hash-consed: a node is (level, low, high), made once, so equality of sets is equality of numbers.
 * Variables are levels from 0; what is tested first has the lowest.
 */
export class Bdd {
  private readonly limit: number
  private levels = new Int32Array(1 << 14)
  private lows = new Int32Array(1 << 14)
  private highs = new Int32Array(1 << 14)
  /** Open addressing; 0 is free (no constant is ever looked up). */
  private unique = new Int32Array(1 << 15)
  private readonly cacheA = new Int32Array(CACHE_SIZE).fill(-1)
  private readonly cacheB = new Int32Array(CACHE_SIZE)
  private readonly cacheResult = new Int32Array(CACHE_SIZE)
  size = 2

  /** @param limit the most nodes it may have before {@link TooManyNodes} is thrown */
  constructor(limit = 8_000_000) {
    this.limit = limit
    this.levels[EMPTY] = this.levels[FULL] = LAST_LEVEL
  }

  level(node: Node): number {
    return this.levels[node]!
  }

  /** Where the variable is 0. */
  low(node: Node): Node {
    return this.lows[node]!
  }

  /** Where the variable is 1. */
  high(node: Node): Node {
    return this.highs[node]!
  }

  /** The set that is `low` where the variable is 0 and `high` where it is 1; both must lie below it. */
  make(level: number, low: Node, high: Node): Node {
    if (low === high) return low
    const mask = this.unique.length - 1
    let at = hash(level, low, high) & mask
    for (let found = this.unique[at]!; found !== 0; found = this.unique[at]!) {
      if (this.lows[found] === low && this.highs[found] === high && this.levels[found] === level) return found
      at = (at + 1) & mask
    }
    if (this.size >= this.limit) throw new TooManyNodes()
    if (this.size === this.levels.length) this.grow()
    const node = this.size++
    this.levels[node] = level
    this.lows[node] = low
    this.highs[node] = high
    this.unique[at] = node
    if (this.size * 2 > this.unique.length) this.rehash()
    return node
  }

  /** The vectors with this bit. */
  literal(level: number, bit: boolean): Node {
    return bit ? this.make(level, EMPTY, FULL) : this.make(level, FULL, EMPTY)
  }

  and(a: Node, b: Node): Node {
    return this.apply(AND, a, b)
  }

  or(a: Node, b: Node): Node {
    return this.apply(OR, a, b)
  }

  /** a without b. */
  difference(a: Node, b: Node): Node {
    return this.apply(DIFFERENCE, a, b)
  }

  xor(a: Node, b: Node): Node {
    return this.apply(XOR, a, b)
  }

  not(a: Node): Node {
    return this.apply(DIFFERENCE, FULL, a)
  }

  isSubset(a: Node, b: Node): boolean {
    return this.apply(DIFFERENCE, a, b) === EMPTY
  }

  /** The set with the variables of levels `from` to `to` (exclusive) forgotten: what is in it for some value of them. */
  exists(node: Node, from: number, to: number): Node {
    const memo = new Map<Node, Node>()
    const visit = (at: Node): Node => {
      const level = this.levels[at]!
      if (level >= to) return at
      const known = memo.get(at)
      if (known !== undefined) return known
      const low = visit(this.lows[at]!)
      const high = visit(this.highs[at]!)
      const result = level >= from ? this.or(low, high) : this.make(level, low, high)
      memo.set(at, result)
      return result
    }
    return visit(node)
  }

  /** Is the vector (one byte a bit, by level) in the set? Levels beyond its end count as 0. */
  contains(node: Node, bits: Uint8Array): boolean {
    let at = node
    while (at > FULL) at = bits[this.levels[at]!] === 1 ? this.highs[at]! : this.lows[at]!
    return at === FULL
  }

  /** Fills `bits` with a vector of a set that is not empty: `choose` says which way where both are open. */
  pick(node: Node, bits: Uint8Array, choose: (level: number) => 0 | 1): void {
    let at = node
    for (let level = 0; level < bits.length; level++) {
      if (this.levels[at] !== level) {
        bits[level] = choose(level)
        continue
      }
      const low = this.lows[at]!
      const bit = low === EMPTY ? 1 : this.highs[at] === EMPTY ? 0 : choose(level)
      bits[level] = bit
      at = bit === 1 ? this.highs[at]! : low
    }
  }

  private apply(operation: Operation, a: Node, b: Node): Node {
    switch (operation) {
      case AND:
        if (a === EMPTY || b === EMPTY) return EMPTY
        if (a === FULL || a === b) return b
        if (b === FULL) return a
        break
      case OR:
        if (a === FULL || b === FULL) return FULL
        if (a === EMPTY || a === b) return b
        if (b === EMPTY) return a
        break
      case DIFFERENCE:
        if (a === EMPTY || b === FULL || a === b) return EMPTY
        if (b === EMPTY) return a
        break
      case XOR:
        if (a === b) return EMPTY
        if (a === EMPTY) return b
        if (b === EMPTY) return a
        break
      default:
        operation satisfies never
    }
    const key = b * 4 + operation
    const slot = hash(a, b, operation) & (CACHE_SIZE - 1)
    if (this.cacheA[slot] === a && this.cacheB[slot] === key) return this.cacheResult[slot]!
    const levelA = this.levels[a]!
    const levelB = this.levels[b]!
    const level = Math.min(levelA, levelB)
    const low = this.apply(
      operation,
      levelA === level ? this.lows[a]! : a,
      levelB === level ? this.lows[b]! : b,
    )
    const high = this.apply(
      operation,
      levelA === level ? this.highs[a]! : a,
      levelB === level ? this.highs[b]! : b,
    )
    const result = this.make(level, low, high)
    this.cacheA[slot] = a
    this.cacheB[slot] = key
    this.cacheResult[slot] = result
    return result
  }

  private grow(): void {
    const bigger = (array: Int32Array) => {
      const copy = new Int32Array(array.length * 2)
      copy.set(array)
      return copy
    }
    this.levels = bigger(this.levels)
    this.lows = bigger(this.lows)
    this.highs = bigger(this.highs)
  }

  private rehash(): void {
    this.unique = new Int32Array(this.unique.length * 2)
    const mask = this.unique.length - 1
    for (let node = 2; node < this.size; node++) {
      let at = hash(this.levels[node]!, this.lows[node]!, this.highs[node]!) & mask
      while (this.unique[at] !== 0) at = (at + 1) & mask
      this.unique[at] = node
    }
  }
}

function hash(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return h ^ (h >>> 13)
}
