/** How many bytes and packets a second pass `-j RATEEST`, averaged: net/core/gen_estimator.c. */

export interface EstimatorSettings {
  /** How often the rate is measured: 250 << n ms, n from 0 to 5. */
  readonly intervalLog: number
  /** Each measurement weighs 2⁻ⁿ in the average, n from 1 to 30. */
  readonly ewmaLog: number
}

/** The running averages, in 1/256 a second, and what was counted up to the last measurement and since. Immutable. */
export interface Estimator extends EstimatorSettings {
  readonly bytes: number
  readonly packets: number
  readonly measuredBytes: number
  readonly measuredPackets: number
  readonly averageBytes: number
  readonly averagePackets: number
  /** How many measurements there were. */
  readonly ticks: number
}

/** The key of an estimator in the memory of matches. */
export function estimatorKey(name: string): string {
  return `rateest/${name}`
}

/** One more packet. `before` is undefined for the first one. */
export function countPacket(
  before: Estimator | undefined,
  settings: EstimatorSettings,
  bytes: number,
  nowMs: number,
): Estimator {
  const now = measured(before ?? { ...settings, ...NOTHING }, nowMs)
  return { ...now, bytes: now.bytes + bytes, packets: now.packets + 1 }
}

/** Bytes and packets a second (`gen_estimator_read`). */
export function ratesAt(
  estimator: Estimator | undefined,
  nowMs: number,
): { readonly bps: number; readonly pps: number } {
  if (estimator === undefined) return { bps: 0, pps: 0 }
  const { averageBytes, averagePackets } = measured(estimator, nowMs)
  return { bps: Math.floor(averageBytes / 256), pps: Math.floor(averagePackets / 256) }
}

const NOTHING = {
  bytes: 0,
  packets: 0,
  measuredBytes: 0,
  measuredPackets: 0,
  averageBytes: 0,
  averagePackets: 0,
  ticks: 0,
}

/** With every measurement that was due by then (`est_timer`): the first sees what was counted, later ones nothing. */
function measured(estimator: Estimator, nowMs: number): Estimator {
  const { intervalLog, ewmaLog, bytes, packets } = estimator
  const ticks = Math.floor(nowMs / (250 << intervalLog))
  let missing = ticks - estimator.ticks
  if (missing <= 0) return estimator
  const scale = 2 ** (10 - intervalLog)
  let averageBytes = average(estimator.averageBytes, (bytes - estimator.measuredBytes) * scale, ewmaLog)
  let averagePackets = average(
    estimator.averagePackets,
    (packets - estimator.measuredPackets) * scale,
    ewmaLog,
  )
  // what is below one unit of weight does not decay any more
  const floor = 2 ** ewmaLog
  while (--missing > 0 && (averageBytes >= floor || averagePackets >= floor)) {
    averageBytes = average(averageBytes, 0, ewmaLog)
    averagePackets = average(averagePackets, 0, ewmaLog)
  }
  return {
    intervalLog,
    ewmaLog,
    bytes,
    packets,
    measuredBytes: bytes,
    measuredPackets: packets,
    averageBytes,
    averagePackets,
    ticks,
  }
}

function average(before: number, rate: number, ewmaLog: number): number {
  const weight = 2 ** ewmaLog
  return before + Math.floor(rate / weight) - Math.floor(before / weight)
}
