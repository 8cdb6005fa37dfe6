/** What the option codecs of many matches share: libxtables' value types (xtoptions.c), and how they print. */

import { type Address, type Family, maskLength, maskOf } from '../../address.ts'
import { protocolNumber } from '../../packet/protocols.ts'
import type { Skb } from '../../packet/skb.ts'
import { parseNumericHost } from '../addresses.ts'
import { OptionError, type ParseContext } from '../extension.ts'
import { parseNumber, scanNumber } from '../numbers.ts'
import { parsePort } from '../ports.ts'

/** From `min` to `max`, both included. Some options accept them reversed: then nothing lies inside. */
export interface Range {
  readonly min: number
  readonly max: number
}

export interface NegatableRange extends Range {
  readonly negated: boolean
}

/** A number with `!`. */
export interface NegatableNumber {
  readonly value: number
  readonly negated: boolean
}

export const UINT32_MAX = 0xffff_ffff

/**
 * Where a match finds the transport header (`xt_action_param.thoff`). For a later fragment of IPv6 `ip6_packet_match`
 * leaves that at 0: who does not look out for fragments reads the IPv6 header instead.
 */
export function headerOffset({ family, fragmentOffset, transportOffset }: Skb): number {
  return family === 6 && fragmentOffset !== 0 ? 0 : transportOffset
}

export function not(negated: boolean | undefined): string {
  return negated === true ? '! ' : ''
}

/** The parts that are there, with blanks between. */
export function words(...parts: readonly (string | false | undefined)[]): string {
  return parts.filter(part => part !== undefined && part !== false && part !== '').join(' ')
}

/** `XTTYPE_UINT*`: a whole number in decimal, hexadecimal or octal. */
export function requireNumber(text: string, min: number, max: number): number {
  const value = parseNumber(text, min, max)
  if (value === undefined)
    throw new OptionError(`bad value '${text}'`, { expected: `a number from ${min} to ${max}` })
  return value
}

/** `XTTYPE_UINT*RC`: `5`, `5:9`, `:9`, `5:`; reversed bounds are taken as they are. */
export function parseRange(text: string, maximum: number): Range {
  const parts = text.split(':')
  if (parts.length > 2) throw new OptionError(`too many components in '${text}'`, { expected: 'a range a:b' })
  const [first = '', last] = parts
  const min = first === '' ? 0 : requireNumber(first, 0, maximum)
  if (last === undefined) return { min, max: min }
  return { min, max: last === '' ? maximum : requireNumber(last, 0, maximum) }
}

export function rangeText({ min, max }: Range): string {
  return min === max ? `${min}` : `${min}:${max}`
}

/** `XTTYPE_PORTRC`: like {@link parseRange}, with service names. */
export function parseNamedPortRange(text: string): Range {
  const colon = text.indexOf(':')
  if (colon < 0) {
    const port = parsePort(text)
    return { min: port, max: port }
  }
  const first = text.slice(0, colon)
  const last = text.slice(colon + 1)
  return { min: first === '' ? 0 : parsePort(first), max: last === '' ? 65535 : parsePort(last) }
}

/** A 32-bit value under a mask, both signed as the kernel's words are held. The value is not masked beforehand. */
export interface Masked {
  readonly value: number
  readonly mask: number
}

/** `XTTYPE_MARKMASK32`: `1`, `0x10/0xf0`. */
export function parseMasked(text: string): Masked {
  const first = scanNumber(text)
  if (first === undefined || first.value > UINT32_MAX) throw badMark(text)
  if (first.rest === '') return { value: Number(first.value) | 0, mask: -1 }
  const mask = first.rest.startsWith('/') ? parseNumber(first.rest.slice(1), 0, UINT32_MAX) : undefined
  if (mask === undefined) throw badMark(text)
  return { value: Number(first.value) | 0, mask: mask | 0 }
}

function badMark(text: string): OptionError {
  return new OptionError(`bad value '${text}'`, { expected: 'value or value/mask, 32 bits each' })
}

export function maskedText({ value, mask }: Masked): string {
  return mask === -1 ? hex(value) : `${hex(value)}/${hex(mask)}`
}

/** `0x1f`, of the value as unsigned 32 bits, padded to `digits`. */
export function hex(value: number, digits = 1): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`
}

/** `XTTYPE_HOST`: an address of the rule's family, or a name to resolve. */
export function parseHost(text: string, context: ParseContext): Address {
  const address = tryHost(text, context.family) ?? context.resolveHost(text)[0]
  if (address === undefined || address.family !== context.family)
    throw new OptionError(`bad address '${text}'`, { expected: `an IPv${context.family} address` })
  return address
}

/** An address as `getaddrinfo` reads numeric hosts. */
function tryHost(text: string, family: Family): Address | undefined {
  return parseNumericHost(text, family)
}

/** `XTTYPE_PLEN`: a prefix length, or a mask; a mask that is not contiguous counts as the whole address. */
export function parsePrefixLength(text: string, family: Family): number {
  const full = family === 4 ? 32 : 128
  const length = parseNumber(text, 0, full)
  if (length !== undefined) return length
  const mask = tryHost(text, family)
  if (mask === undefined)
    throw new OptionError(`bad mask '${text}'`, { expected: `a prefix length up to ${full} or a mask` })
  return maskLength(mask) ?? full
}

/** An address as written, with its mask: unlike a `Prefix`, the host bits are kept for printing. */
export interface HostMask {
  readonly address: Address
  readonly length: number
}

/** `XTTYPE_HOSTMASK` */
export function parseHostMask(text: string, context: ParseContext): HostMask {
  const slash = text.indexOf('/')
  if (slash < 0) return { address: parseHost(text, context), length: context.family === 4 ? 32 : 128 }
  const address = parseHost(text.slice(0, slash), context)
  return { address, length: parsePrefixLength(text.slice(slash + 1), context.family) }
}

export function hostMaskText({ address, length }: HostMask): string {
  return length === (address.family === 4 ? 32 : 128) ? `${address}` : `${address}/${length}`
}

/** Does an address agree with a host/mask where the mask is set? */
export function hostMatcher({ address, length }: HostMask): (seen: Address) => boolean {
  const mask = maskOf(address.family, length)
  const { w0, w1, w2, w3 } = address
  const { w0: m0, w1: m1, w2: m2, w3: m3 } = mask
  if (address.family === 4) return seen => ((seen.w0 ^ w0) & m0) === 0
  return seen =>
    (((seen.w0 ^ w0) & m0) | ((seen.w1 ^ w1) & m1) | ((seen.w2 ^ w2) & m2) | ((seen.w3 ^ w3) & m3)) === 0
}

/** `XTTYPE_PROTOCOL` */
export function parseProtocol(text: string): number {
  const number = parseNumber(text, 0, 255) ?? protocolNumber(text.toLowerCase()) ?? protocolNumber(text)
  if (number !== undefined) return number
  if (text === 'all') return 0
  throw new OptionError(`unknown protocol '${text}'`, { expected: 'a protocol name or number' })
}

const encoder = new TextEncoder()

/** How many bytes a text takes, as C sees it. */
export function byteLength(text: string): number {
  return encoder.encode(text).length
}

/** What C's fixed-size buffers keep of a text. */
export function truncateBytes(text: string, bytes: number): string {
  const encoded = encoder.encode(text)
  return encoded.length <= bytes ? text : new TextDecoder().decode(encoded.subarray(0, bytes))
}
