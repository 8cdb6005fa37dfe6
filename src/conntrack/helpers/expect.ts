import { Address, type Family, maskOf } from '../../address.ts'
import type { ExpectationMask } from '../expectations.ts'

/** The first packet must come from exactly this address, from any port. */
export function exactSource(family: Family): ExpectationMask {
  return { source: maskOf(family, family === 4 ? 32 : 128), sport: 0 }
}

/** Anybody may open the connection. */
export function anySource(family: Family): ExpectationMask {
  return { source: unspecified(family), sport: 0 }
}

/** The all-zero address, which stands for "any" where a mask leaves it out. */
export function unspecified(family: Family): Address {
  return new Address(family, 0, 0, 0, 0)
}
