import fc from 'fast-check'

/**
 * Values of another arbitrary, shrunk by a function of one's own instead of the way they were made. So values that were
 * made otherwise (examples, values of a witness) shrink too.
 *
 * @param simpler the values one step simpler, the boldest first; following any of them must end
 */
export function shrunkBy<T>(source: fc.Arbitrary<T>, simpler: (value: T) => Iterable<T>): fc.Arbitrary<T> {
  return new ShrunkBy(source, simpler)
}

class ShrunkBy<T> extends fc.Arbitrary<T> {
  private readonly source: fc.Arbitrary<T>
  private readonly simpler: (value: T) => Iterable<T>

  constructor(source: fc.Arbitrary<T>, simpler: (value: T) => Iterable<T>) {
    super()
    this.source = source
    this.simpler = simpler
  }

  override generate(random: fc.Random, bias: number | undefined): fc.Value<T> {
    return new fc.Value(this.source.generate(random, bias).value, undefined)
  }

  override canShrinkWithoutContext(value: unknown): value is T {
    return value !== undefined
  }

  override shrink(value: T): fc.Stream<fc.Value<T>> {
    return fc.stream(wrapped(this.simpler(value)))
  }
}

function* wrapped<T>(values: Iterable<T>): IterableIterator<fc.Value<T>> {
  for (const value of values) yield new fc.Value(value, undefined)
}
