import { Address, type Family, maskOf, Prefix } from '../address.ts'
import { OptionError } from './extension.ts'
import { parseNumber } from './numbers.ts'

/** Names to addresses: what the system's resolver would answer. An empty list: no such name. */
export type HostResolver = (name: string, family: Family) => readonly Address[]

/**
 * The argument of `-s` and `-d`: a list of hosts and networks with masks, each of which makes a rule of its own
 * (libxtables, `xtables_ipparse_multiple`).
 *
 * @throws OptionError
 */
export function parseHosts(text: string, family: Family, resolve: HostResolver): readonly Prefix[] {
  return text.split(',').flatMap(part => parseHost(part.trimStart(), family, resolve))
}

function parseHost(text: string, family: Family, resolve: HostResolver): readonly Prefix[] {
  const slash = text.lastIndexOf('/')
  const mask = slash < 0 ? maskOf(family, family === 4 ? 32 : 128) : parseMask(text.slice(slash + 1), family)
  // with an empty mask the address does not matter, nor whether it is one ("any/0")
  if (mask.isZero()) return [new Prefix(zero(family), mask)]
  const name = slash < 0 ? text : text.slice(0, slash)
  const numeric = parseHostAddress(name, family)
  const addresses = numeric === undefined ? resolve(name, family) : [numeric]
  if (addresses.length === 0) throw hostNotFound(name, family)
  return addresses.map(address => new Prefix(address, mask))
}

/** An address as libxtables reads it: IPv4 bytes may be octal or hexadecimal, and the last ones missing (`10.6` is 10.6.0.0). */
export function parseAddress(text: string, family: Family): Address | undefined {
  if (family === 6) return text.includes(':') ? Address.tryParse(text) : undefined
  const bytes = parseBytes(text)
  if (bytes === undefined) return undefined
  return Address.v4(bytes.reduce((word, byte, i) => word | (byte << (24 - 8 * i)), 0))
}

/**
 * An address as C's `getaddrinfo` reads one without asking anybody: `10.6` is 10.0.0.6, which it is not for `-s`.
 */
export function parseNumericHost(text: string, family: Family): Address | undefined {
  return family === 4 ? inetAton(text) : parseAddress(text, 6)
}

/**
 * As {@link parseAddress}; what that does not take for an address the resolver may, without asking anybody: C's
 * `inet_aton`, for which the last number fills all bytes that are left (`8080` is 0.0.31.144).
 */
export function parseHostAddress(text: string, family: Family): Address | undefined {
  return parseAddress(text, family) ?? (family === 4 ? inetAton(text) : undefined)
}

function inetAton(text: string): Address | undefined {
  if (!/^[\da-fA-FxX.]+$/.test(text)) return undefined
  const parts = text.split('.')
  const last = parseNumber(parts.pop() ?? '', 0, 256 ** (4 - parts.length) - 1)
  if (parts.length > 3 || last === undefined) return undefined
  const bytes = parts.map(part => parseNumber(part, 0, 255))
  if (bytes.includes(undefined)) return undefined
  return Address.v4(bytes.reduce<number>((word, byte, i) => word | ((byte ?? 0) << (24 - 8 * i)), last | 0))
}

function parseMask(text: string, family: Family): Address {
  const length = parseNumber(text, 0, family === 4 ? 32 : 128)
  const dotted =
    family === 6 || (parseBytes(text)?.length ?? 0) === 4 ? parseAddress(text, family) : undefined
  const mask = dotted ?? (length === undefined ? undefined : maskOf(family, length))
  if (mask !== undefined) return mask
  throw new OptionError(`invalid mask '${text}'`, {
    expected:
      family === 4
        ? 'a prefix length from 0 to 32 or a mask like 255.255.0.0'
        : 'a prefix length from 0 to 128 or a mask like ffff::',
  })
}

/** The one to four bytes of a dotted text. */
function parseBytes(text: string): readonly number[] | undefined {
  const bytes: number[] = []
  for (const part of text.split('.')) {
    const byte = parseNumber(part, 0, 255)
    if (byte === undefined || bytes.length === 4) return undefined
    bytes.push(byte)
  }
  return bytes
}

function zero(family: Family): Address {
  return maskOf(family, 0)
}

function hostNotFound(name: string, family: Family): OptionError {
  const otherFamily = parseAddress(name, family === 4 ? 6 : 4) !== undefined
  return new OptionError(`host/network '${name}' not found`, {
    expected: `an IPv${family} address, a network like ${family === 4 ? '10.6.0.0/16' : '2001:db8::/32'}, or a name that can be resolved`,
    ...(otherFamily
      ? { hint: `this is an IPv${family === 4 ? 6 : 4} address in rules for IPv${family}` }
      : {}),
  })
}
