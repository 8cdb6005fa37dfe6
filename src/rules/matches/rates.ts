/** Rates as `--limit` and `--hashlimit` write them: `5/sec`, kept as the time between two packets. */
import { OptionError } from '../extension.ts'

const UNITS = [
  ['day', 86400],
  ['hour', 3600],
  ['min', 60],
  ['sec', 1],
] as const

const UNIT_NAMES = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86400],
] as const

/**
 * @param scale parts of a second
 * @returns the time between two packets in those parts; 0n when it is too short
 */
export function parseRate(text: string, scale: number): bigint {
  return (BigInt(scale) * BigInt(rateUnitSeconds(text))) / rateNumber(text)
}

/** The seconds of the unit of a rate; without one: 1. */
export function rateUnitSeconds(text: string): number {
  const slash = text.indexOf('/')
  if (slash < 0) return 1
  const unit = text.slice(slash + 1).toLowerCase()
  const found = unit === '' ? undefined : UNIT_NAMES.find(([name]) => name.startsWith(unit))
  if (found === undefined) throw badRate(text)
  return found[1]
}

/** C's `atoi`: the digits at the beginning, 32 bits. */
function rateNumber(text: string): bigint {
  const digits = /^\s*[+-]?\d+/.exec(text)
  const number = digits === null ? 0n : BigInt.asIntN(32, BigInt(digits[0].trim()))
  if (number <= 0n) throw badRate(text)
  return number
}

function badRate(text: string): OptionError {
  return new OptionError(`bad rate '${text}'`, { expected: 'number[/second|/minute|/hour|/day]' })
}

/** The unit that prints a period with the least loss: an index into the units, from days down. */
function bestUnit(period: number, scale: number): readonly [string, number] {
  let i = 1
  for (; i < UNITS.length; i++) {
    const multiple = UNITS[i]![1] * scale
    if (period > multiple || Math.floor(multiple / period) < multiple % period) break
  }
  return UNITS[i - 1]!
}

/** `5/sec` from a period. */
export function rateText(period: number, scale: number): string {
  const [name, seconds] = bestUnit(period, scale)
  return `${Math.floor((seconds * scale) / period)}/${name}`
}

/** The seconds of the unit that {@link rateText} prints with. */
export function printedUnitSeconds(period: number, scale: number): number {
  return bestUnit(period, scale)[1]
}
