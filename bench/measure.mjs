/**
 * Nanoseconds per operation: the median of `samples` batches, after a warm-up that lets V8 settle. What a batch needs
 * is made by `prepare`, outside of the clock. Only ratios of figures from one run mean anything.
 *
 * @param {object} bench
 * @param {(batch: number) => void} [bench.prepare] called before each batch, not timed
 * @param {(index: number) => unknown} bench.run one operation; `index` counts within the batch
 */
export function measure({ prepare, run, size = 1024, samples = 60, warmUp = 40 }) {
  const times = []
  for (let batch = 0; batch < warmUp + samples; batch++) {
    prepare?.(batch)
    const start = process.hrtime.bigint()
    for (let index = 0; index < size; index++) run(index)
    const end = process.hrtime.bigint()
    if (batch >= warmUp) times.push(Number(end - start) / size)
  }
  times.sort((a, b) => a - b)
  return times[times.length >> 1]
}

/** Bytes of heap that stay alive; needs `node --expose-gc`. */
export function heapBytes() {
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
