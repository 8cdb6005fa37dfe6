/** Choices from fast-check's stream of numbers, for what is easier drawn than composed. */
export class Draw {
  /** @param {import('fast-check').Random} stream */
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
