import { OptionError } from './extension.ts'

/** C's `strtod`, and what follows the number. */
const NUMBER = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(.*)$/is

/**
 * `1.5kbit`, `250ms`: a number with a unit (in any case), as an unsigned 32-bit number.
 *
 * @param units what a unit is worth; that of '' is the default
 */
export function parseScaled(text: string, units: ReadonlyMap<string, number>, what: string): number {
  const [, number, unit = ''] = NUMBER.exec(text) ?? []
  const scale = units.get(unit.toLowerCase())
  if (number === undefined || scale === undefined)
    throw new OptionError(`bad ${what} '${text}'`, {
      expected: `a number with ${[...units.keys()].filter(name => name !== '').join(', ')} behind it`,
    })
  return Number(BigInt.asUintN(32, BigInt(Math.trunc(Number(number) * scale))))
}
