/**
 * Nanoseconds per operation: the median of `samples` batches, after a warm-up that lets V8 settle. What a batch needs
 * is made by `prepare`, outside of the clock. Only ratios of figures from one run mean anything.
 *
 * @param {object} bench
 * @param {(batch: number) => void} [bench.prepare] called before each batch, not timed
 * @param {(index: number) => unknown} bench.run one operation; `index` counts within the batch
 */
export function measure(bench) {
  return measureBeside([bench])[0]
}

/** The same for several, batch by batch in turn, so that whatever else the machine does hits all of them. */
export function measureBeside(benches) {
  const times = benches.map(() => [])
  const rounds = Math.max(...benches.map(({ samples = 60, warmUp = 40 }) => samples + warmUp))
  for (let round = 0; round < rounds; round++) {
    benches.forEach(({ prepare, run, size = 1024, warmUp = 40 }, which) => {
      prepare?.(round)
      const start = process.hrtime.bigint()
      for (let index = 0; index < size; index++) run(index)
      const end = process.hrtime.bigint()
      if (round >= warmUp) times[which].push(Number(end - start) / size)
    })
  }
  return times.map(median)
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

/** Bytes of heap that stay alive; needs `node --expose-gc`. */
export function heapBytes() {
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
