/** Lines of session descriptions (SDP, RFC 8866) as net/netfilter/nf_conntrack_sip.c reads them in messages of SIP. */
import { startsWith, startsWithIgnoringCase } from './payload.ts'
import { isLineEnd, nextLine } from './sip-headers.ts'
import { type AddressSpan, addressAt, digitsAt, isLetter, type Span, type Text } from './sip-text.ts'

/** The description's beginning: behind its `v=`, where digits must follow. */
export function sdpStart(text: Text): number | undefined {
  const value = sdpLine(text, text.start, 'v=')
  return value < 0 ? undefined : digitsAt(text, value)?.start
}

/**
 * The address of the next `o=` or `c=` line, before the next media.
 *
 * @param from at or behind it the search for the end of a line begins
 */
export function sdpAddress(text: Text, from: number, line: 'o=' | 'c='): AddressSpan | undefined {
  const value = sdpLine(text, from, line, 'm=')
  if (value < 0) return undefined
  const before = `IN IP${text.family} `
  // the search in a line is an exact one, and finds nothing at the very end
  for (let at = value; at < text.end - before.length && !isLineEnd(text.bytes[at]); at++)
    if (startsWith(text.bytes, at, before)) return addressAt(text, at + before.length, text.end, 'bare')
  return undefined
}

/** `audio 5004` of the next `m=` line: letters, a blank and perhaps digits. */
export function sdpMedia(text: Text, from: number): Span | undefined {
  const value = sdpLine(text, from, 'm=')
  if (value < 0) return undefined
  let at = value
  while (at < text.end && isLetter(text.bytes[at])) at++
  if (at >= text.end || text.bytes[at] !== 0x20) return undefined
  return { start: value, end: digitsAt(text, at + 1)?.end ?? at + 1 }
}

/** Where the value of the next line of a kind begins; -1: there is none, or one of the other kind comes before. */
function sdpLine(text: Text, from: number, name: string, before?: string): number {
  for (let at = nextLine(text, from); at >= 0; at = nextLine(text, at + 1)) {
    if (before !== undefined && begins(text, at, before)) return -1
    if (begins(text, at, name)) return at + name.length
  }
  return -1
}

function begins({ bytes, end }: Text, at: number, name: string): boolean {
  return end - at >= name.length && startsWithIgnoringCase(bytes, at, name)
}
