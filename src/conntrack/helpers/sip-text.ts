/**
 * Numbers, addresses and ports in the text of SIP, as net/netfilter/nf_conntrack_sip.c and the kernel's `in4_pton` and
 * `in6_pton` (net/core/utils.c) read them: by offset, never beyond the end of the message.
 */
import { Address, type Family } from '../../address.ts'
import { isDigit } from './payload.ts'

/** A message, or what else is read, within some bytes. */
export interface Text {
  readonly family: Family
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** Where something stands. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface AddressSpan extends Span {
  readonly address: Address
}

/** Also the port, which is 5060 where none is written. */
export interface HostSpan extends AddressSpan {
  readonly port: number
}

const SIP_PORT = 5060
const LOWEST_PORT = 1024
const MOST_DIGITS = 11
const HIGHEST = 0xffffffff

/** The digits from an offset on; undefined where there is none. */
export function digitsAt({ bytes, end }: Text, at: number, limit = end): Span | undefined {
  let stop = at
  while (stop < limit && isDigit(bytes[stop])) stop++
  return stop === at ? undefined : { start: at, end: stop }
}

/** A number below 2³² of at most 11 digits (`sip_strtouint`); undefined for anything else. */
export function numberAt(text: Text, at: number, limit = text.end): number | undefined {
  const digits = digitsAt(text, at, limit)
  if (digits === undefined || digits.end - digits.start > MOST_DIGITS) return undefined
  let value = 0
  for (let i = digits.start; i < digits.end; i++) value = value * 10 + text.bytes[i]! - 0x30
  return value > HIGHEST ? undefined : value
}

/**
 * An address with its port (`sip_parse_addr`, `sip_parse_port`): IPv6 stands in brackets, a port has at most five
 * digits and is none of the first 1,024, and something must follow.
 */
export function hostAt(text: Text, at: number): HostSpan | undefined {
  const found = addressAt(text, at, text.end, 'brackets')
  if (found === undefined || found.end >= text.end) return undefined
  const { start, end, address } = found
  if (text.bytes[end] !== 0x3a) return { start, end, address, port: SIP_PORT }
  const digits = digitsAt(text, end + 1)
  if (digits === undefined || digits.end - digits.start > 5 || digits.end >= text.end) return undefined
  const port = numberAt(text, digits.start)!
  return port < LOWEST_PORT || port > 0xffff ? undefined : { start, end: digits.end, address, port }
}

/**
 * An address of the text's family.
 *
 * @param brackets around IPv6: must be there, may be there, or are no part of it
 */
export function addressAt(
  text: Text,
  at: number,
  limit: number,
  brackets: 'brackets' | 'perhaps' | 'bare',
): AddressSpan | undefined {
  const { bytes, family } = text
  if (family === 4) return ipv4At(bytes, at, limit)
  if (brackets === 'bare') return ipv6At(bytes, at, limit)
  const opened = at < limit && bytes[at] === 0x5b
  if (!opened && brackets === 'brackets') return undefined
  const found = ipv6At(bytes, opened ? at + 1 : at, limit)
  if (found === undefined) return undefined
  const closed = found.end < limit && bytes[found.end] === 0x5d
  if (!closed && brackets === 'brackets') return undefined
  return { start: at, end: closed ? found.end + 1 : found.end, address: found.address }
}

/** Four decimal numbers, with any number of leading zeros; what follows is no digit of 16 and no dot. */
function ipv4At(bytes: Uint8Array, start: number, limit: number): AddressSpan | undefined {
  let at = start
  let word = 0
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at >= limit || bytes[at++] !== 0x2e)) return undefined
    const first = at
    let value = 0
    for (; at < limit && isDigit(bytes[at]); at++) {
      value = value * 10 + bytes[at]! - 0x30
      if (value > 255) return undefined
    }
    if (at === first) return undefined
    word = (word << 8) | value
  }
  if (at < limit && (bytes[at] === 0x2e || hexDigit(bytes[at]!) >= 0)) return undefined
  return { start, end: at, address: Address.v4(word) }
}

/** RFC 4291, 2.2, with dotted tails; `::` stands for one group at least. What follows is no digit and no colon. */
function ipv6At(bytes: Uint8Array, start: number, limit: number): AddressSpan | undefined {
  const groups: number[] = []
  let gap = -1
  let at = start
  const isColon = (offset: number): boolean => offset < limit && bytes[offset] === 0x3a
  if (isColon(at)) {
    if (!isColon(at + 1)) return undefined
    gap = 0
    at += 2
  }
  for (;;) {
    const group = groupAt(bytes, at, limit)
    if (group === undefined) return undefined
    if (group.end === at) {
      // only a gap may be last
      if (gap !== groups.length || isColon(at) || (at < limit && bytes[at] === 0x2e)) return undefined
      break
    }
    if (group.end < limit && bytes[group.end] === 0x2e) {
      if (gap < 0 ? groups.length !== 6 : groups.length > 5) return undefined
      const tail = ipv4At(bytes, at, limit)
      if (tail === undefined) return undefined
      groups.push(tail.address.w0 >>> 16, tail.address.w0 & 0xffff)
      at = tail.end
      break
    }
    if (groups.length === 8) return undefined
    groups.push(group.value)
    at = group.end
    if (!isColon(at)) break
    if (groups.length === 8) return undefined
    at++
    if (!isColon(at)) continue
    if (gap >= 0) return undefined
    gap = groups.length
    at++
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined
  if (gap >= 0) groups.splice(gap, 0, ...new Array<number>(8 - groups.length).fill(0))
  const word = (index: number): number => (groups[index]! << 16) | groups[index + 1]!
  return { start, end: at, address: new Address(6, word(0), word(2), word(4), word(6)) }
}

/** Digits of 16, with any number of leading zeros; undefined beyond 16 bits. */
function groupAt(
  bytes: Uint8Array,
  start: number,
  limit: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  let at = start
  for (; at < limit; at++) {
    const digit = hexDigit(bytes[at]!)
    if (digit < 0) break
    value = (value << 4) | digit
    if (value > 0xffff) return undefined
  }
  return { value, end: at }
}

function hexDigit(character: number): number {
  if (isDigit(character)) return character - 0x30
  const letter = character | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1
}

/** A letter of ASCII or Latin-1: the kernel's `isalpha`. */
export function isLetter(character: number | undefined): boolean {
  if (character === undefined) return false
  const ascii = character & 0xdf
  if (character < 0x80) return ascii >= 0x41 && ascii <= 0x5a
  return character >= 0xc0 && character !== 0xd7 && character !== 0xf7
}

/** As the kernel writes an address with a port: `10.6.0.1:5060`, `[2001:db8::1]:5060`. */
export function hostText(address: Address, port: number): string {
  return address.family === 4 ? `${address}:${port}` : `[${addressText(address)}]:${port}`
}

/** The kernel's `%pI4` and `%pI6c`: dotted at the end of ISATAP's addresses (RFC 5214), but not of `::1.2.3.4`. */
export function addressText(address: Address): string {
  const { family, w0, w1, w2, w3 } = address
  if (family === 4) return address.toString()
  if ((w0 | w1 | w2) === 0 && w3 >>> 16 !== 0)
    return `::${(w3 >>> 16).toString(16)}:${(w3 & 0xffff).toString(16)}`
  if ((w2 | 0x02000000) !== 0x02005efe) return address.toString()
  const dotted = new Address(4, w3, 0, 0, 0)
  return new Address(6, w0, w1, w2, 0x00010001).toString().replace(/1:1$/, dotted.toString())
}
