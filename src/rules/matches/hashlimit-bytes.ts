/** Byte rates of `-m hashlimit` (`512kb/s`): kept as the cost of 16 bytes, so that they print as what is left of them. */
import { OptionError } from '../extension.ts'
import { scanNumber } from '../numbers.ts'

/** How long a byte-limited group is remembered: without and with a burst. */
export const BYTE_EXPIRE_S = 15
export const BYTE_EXPIRE_BURST_S = 60

const UINT32_MAX = 0xffff_ffffn
const CHUNK_SHIFT = 4n

const FACTORS: Readonly<Record<string, bigint>> = { m: 1024n * 1024n, k: 1024n }
const UNITS = [
  ['m', 1024n * 1024n],
  ['k', 1024n],
] as const

/** The cost, or undefined when the text is no byte rate. */
export function parseByteRate(text: string): bigint | undefined {
  const end = text.indexOf('b/s')
  const digits = /^\s*\d+/.exec(text)
  if (end <= 0 || digits === null) return undefined
  const number = BigInt(digits[0].trim())
  if (number === 0n) return undefined
  return bytesToCost(number * (FACTORS[text[end - 1]!] ?? 1n))
}

/** `20`, `400kb` */
export function parseBurst(text: string): bigint {
  const scanned = scanNumber(text)
  if (scanned === undefined || scanned.value < 1n)
    throw new OptionError(`bad burst '${text}'`, { expected: 'a number, or number[k|m]b' })
  return scanned.value * (FACTORS[scanned.rest[0] ?? ''] ?? 1n)
}

function bytesToCost(bytes: bigint): bigint {
  return UINT32_MAX / ((bytes >> CHUNK_SHIFT) + 1n)
}

export function costToBytes(cost: bigint): bigint {
  return ((cost === 0n ? UINT32_MAX : UINT32_MAX / cost) - 1n) << CHUNK_SHIFT
}

export function byteRateText(cost: bigint): string {
  const bytes = costToBytes(cost)
  const unit = UNITS.find(([, size]) => bytes >= size && bytesToCost(bytes & ~(size - 1n)) === cost)
  return unit === undefined ? `${bytes}b/s` : `${bytes / unit[1]}${unit[0]}b/s`
}

export function burstBytesText(cost: bigint, burst: bigint): string {
  const bytes = costToBytes(cost) * burst
  const unit = UNITS.find(([, size]) => bytes >= size)
  return unit === undefined ? `${bytes}b` : `${bytes / unit[1]}${unit[0]}b`
}
