/** Choices from fast-check's stream of numbers, for what is easier drawn than composed. */
export class Draw {
  /** @param {{ nextInt(min: number, max: number): number }} stream */
  constructor(stream) {
    this.stream = stream
  }

  /** From 0 to below. */
  below(bound) {
    return this.stream.nextInt(0, bound - 1)
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  /** True once in so many times. */
  once(inSoMany) {
    return this.below(inSoMany) === 0
  }

  /** One of `[weight, value]`. */
  weighed(list) {
    let at = this.below(list.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, value] of list) {
      if (at < weight) return value
      at -= weight
    }
    throw new RangeError('no weights')
  }
}

/** The same numbers from the same start (xorshift32). */
export function numbersFrom(start) {
  let state = (start * 2654435761 + 1) >>> 0 || 1
  return {
    nextInt(min, max) {
      state ^= state << 13
      state ^= state >>> 17
      state = (state ^ (state << 5)) >>> 0
      return min + (state % (max - min + 1))
    },
  }
}
