import { protocolName, protocolNumber } from '../packet/protocols.ts'
import { OptionError } from './extension.ts'
import { parseNumber } from './numbers.ts'

/** Names that libxtables knows besides /etc/protocols (`xtables_chain_protos`). */
const MORE_PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['icmpv6', 58],
  ['ipv6-mh', 135],
  ['mh', 135],
  ['all', 0],
])

/**
 * The argument of `-p`, already in lower case, as a number; 0 is "all" (libxtables, `xtables_parse_protocol`).
 *
 * @throws OptionError
 */
export function parseProtocol(text: string): number {
  if (text === 'all') return 0
  const number = parseNumber(text, 0, 255) ?? protocolNumber(text) ?? MORE_PROTOCOLS.get(text)
  if (number === undefined)
    throw new OptionError(`unknown protocol '${text}'`, {
      expected: 'a name like tcp, or a number up to 255',
    })
  return number
}

/** The name that iptables prints for a number: /etc/protocols first, then its own names. */
export function protocolText(number: number): string {
  return protocolName(number) ?? `${number}`
}
