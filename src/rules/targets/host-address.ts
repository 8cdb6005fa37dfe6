import type { Address } from '../../address.ts'
import { parseNumericHost } from '../addresses.ts'
import { OptionError, type ParseContext } from '../extension.ts'

/** One address of the rule's family, or a name that has one. */
export function parseHostAddress(text: string, context: ParseContext): Address {
  const literal = parseNumericHost(text, context.family)
  const addresses = literal === undefined ? context.resolveHost(text) : [literal]
  const address = addresses.find(({ family }) => family === context.family)
  if (address === undefined)
    throw new OptionError(`host '${text}' not found`, { expected: `an IPv${context.family} address` })
  return address
}
