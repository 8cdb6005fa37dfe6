/**
 * Headers of SIP (RFC 3261, 7.3) as net/netfilter/nf_conntrack_sip.c finds them: at the beginning of a line, which CR,
 * LF or both end; their values may go on in lines that begin with a blank.
 */
import { startsWithIgnoringCase } from './payload.ts'
import {
  type AddressSpan,
  addressAt,
  digitsAt,
  type HostSpan,
  hostAt,
  isLetter,
  numberAt,
  type Span,
  type Text,
} from './sip-text.ts'

/** A header's names, and what stands before its address. */
export interface Header {
  readonly name: string
  readonly compact?: string
  readonly before?: string
}

export const CSEQ: Header = { name: 'CSeq' }
export const EXPIRES: Header = { name: 'Expires' }
export const CONTENT_LENGTH: Header = { name: 'Content-Length', compact: 'l' }
export const FROM: Header = { name: 'From', compact: 'f', before: 'sip:' }
export const TO: Header = { name: 'To', compact: 't', before: 'sip:' }
export const CONTACT: Header = { name: 'Contact', compact: 'm', before: 'sip:' }
export const VIA_UDP: Header = { name: 'Via', compact: 'v', before: 'UDP ' }
export const VIA_TCP: Header = { name: 'Via', compact: 'v', before: 'TCP ' }

const CR = 13
const LF = 10

/** Reads on from where the last address of a header stood, through comma-separated lists and further headers. */
export interface HeaderCursor {
  at: number
  inList: boolean
}

/** The digits that a header's value begins with. Only the first header of the name is looked at. */
export function headerDigits(text: Text, header: Header): Span | undefined {
  const value = headerValue(text, text.start, header)
  return value < 0 ? undefined : digitsAt(text, value)
}

/**
 * The first address in headers of a name that can be read: what does not begin with `sip:`, names of hosts and bad
 * ports are passed over (`ct_sip_walk_headers`).
 *
 * @param cursor where to read on; moved behind what is found
 */
export function headerHost(text: Text, header: Header, cursor?: HeaderCursor): HostSpan | undefined {
  let from = cursor?.at ?? text.start
  while (cursor?.inList === true) {
    const { found, behind } = nextInList(text, from, header)
    if (found !== undefined) {
      cursor.at = found.end
      return found
    }
    if (behind < 0) cursor.inList = false
    else from = behind
  }
  for (;;) {
    const value = headerValue(text, from, header)
    if (value < 0) return undefined
    const before = searchValue(text, value, text.end, header.before!)
    const found = before < 0 ? undefined : headerAddress(text, before, header)
    if (found !== undefined) {
      if (cursor !== undefined) {
        cursor.inList = true
        cursor.at = found.end
      }
      return found
    }
    from = value
  }
}

/** @returns `behind`: where to look for the next one when this one cannot be read; -1 at the end of the list */
function nextInList(text: Text, from: number, header: Header): { found?: HostSpan; behind: number } {
  const comma = searchValue(text, from, text.end, ',')
  const before = comma < 0 ? -1 : searchValue(text, comma, text.end, header.before!)
  if (before < 0) return { behind: -1 }
  const found = headerAddress(text, before, header)
  const behind = before + header.before!.length
  return found === undefined ? { behind } : { found, behind }
}

function headerAddress(text: Text, before: number, header: Header): HostSpan | undefined {
  const at = before + header.before!.length
  return header.before === 'sip:' ? hostOfUri(text, at) : hostAt(text, at)
}

/** The host of an URI behind `sip:`, without the user before an `@` on the same line. */
export function hostOfUri(text: Text, at: number): HostSpan | undefined {
  for (let i = at; i < text.end && !isLineEnd(text.bytes[i]); i++)
    if (text.bytes[i] === 0x40) return hostAt(text, i + 1)
  return hostAt(text, at)
}

/** The address of a parameter such as `maddr=`, in the value that goes on at an offset. */
export function addressParameter(
  text: Text,
  at: number,
  name: string,
  brackets: 'brackets' | 'perhaps',
): AddressSpan | undefined {
  const limit = endOfEntry(text, at)
  const found = searchValue(text, at, limit, name)
  return found < 0 ? undefined : addressAt(text, found + name.length, limit, brackets)
}

/** The number of a parameter such as `expires=`: undefined without the parameter, `value` undefined if it is no number. */
export function numberParameter(
  text: Text,
  at: number,
  name: string,
): { readonly span: Span; readonly value: number | undefined } | undefined {
  const limit = endOfEntry(text, at)
  const found = searchValue(text, at, limit, name)
  if (found < 0) return undefined
  const start = found + name.length
  const span = digitsAt(text, start, limit) ?? { start, end: start }
  return { span, value: numberAt(text, start, limit) }
}

/** What follows a parameter's name; undefined without it. */
export function parameterAt(text: Text, at: number, name: string): number | undefined {
  const found = searchValue(text, at, endOfEntry(text, at), name)
  return found < 0 ? undefined : found + name.length
}

function endOfEntry(text: Text, at: number): number {
  const comma = searchValue(text, at, text.end, ',')
  return comma < 0 ? text.end : comma
}

/**
 * Where the value of the next header of a name begins, at or behind an offset within a line; -1: there is none. A header
 * whose name only begins like that ends the search, too.
 */
function headerValue(text: Text, from: number, header: Header): number {
  const { bytes, end } = text
  for (let at = nextLine(text, from); at >= 0; at = nextLine(text, at + 1)) {
    if (isBlank(bytes[at])) continue
    const length = nameLength(text, at, header)
    if (length === 0) continue
    const colon = skipBlanks(text, at + length)
    if (colon < 0 || bytes[colon] !== 0x3a || colon + 1 >= end) return -1
    return skipBlanks(text, colon + 1)
  }
  return -1
}

function nameLength({ bytes, end }: Text, at: number, { name, compact }: Header): number {
  if (end - at >= name.length && startsWithIgnoringCase(bytes, at, name)) return name.length
  // a letter behind it would make it another name
  const isCompact =
    compact !== undefined &&
    end - at >= compact.length + 1 &&
    startsWithIgnoringCase(bytes, at, compact) &&
    !isLetter(bytes[at + compact.length])
  return isCompact ? compact.length : 0
}

/** The beginning of the line behind the next end of one; -1: there is no further line. */
export function nextLine({ bytes, end }: Text, from: number): number {
  let at = from
  while (at < end && !isLineEnd(bytes[at])) at++
  if (++at >= end) return -1
  if (bytes[at - 1] === CR && bytes[at] === LF && ++at >= end) return -1
  return at
}

/** Over blanks, and over one end of line with more blanks behind it; -1: nothing follows. */
function skipBlanks({ bytes, end }: Text, from: number): number {
  let at = from
  while (at < end && isBlank(bytes[at])) at++
  if (at < end && isLineEnd(bytes[at])) at = continuation(bytes, at, end)
  return at < end ? at : -1
}

/**
 * Where a text stands in the value of a header, and not at its very end; -1: nowhere. The first character of a line
 * that the value goes on in is passed over.
 */
function searchValue({ bytes }: Text, from: number, limit: number, wanted: string): number {
  const last = limit - wanted.length
  for (let at = from; at < last; at++) {
    if (isLineEnd(bytes[at])) {
      at = continuation(bytes, at, last)
      if (at < 0) return -1
    } else if (startsWithIgnoringCase(bytes, at, wanted)) return at
  }
  return -1
}

/** Behind an end of line and the blanks that make the next line a continuation; -1: it is none. */
function continuation(bytes: Uint8Array, lineEnd: number, limit: number): number {
  let at = lineEnd + 1
  if (at < limit && bytes[at - 1] === CR && bytes[at] === LF) at++
  if (at >= limit || !isBlank(bytes[at])) return -1
  while (at < limit && isBlank(bytes[at])) at++
  return at
}

export function isLineEnd(character: number | undefined): boolean {
  return character === CR || character === LF
}

function isBlank(character: number | undefined): boolean {
  return character === 0x20 || character === 0x09
}
