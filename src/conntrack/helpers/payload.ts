/** Bytes of a payload as helpers read them: ASCII, by offset, never beyond the end. */

/** Where a segment's data begins; -1 when the header is cut off or there is no data. */
export function tcpPayload(bytes: Uint8Array, transportOffset: number): number {
  if (bytes.length < transportOffset + 20) return -1
  const at = transportOffset + (bytes[transportOffset + 12]! >> 4) * 4
  return at < bytes.length ? at : -1
}

/** Does the text stand at the offset? The case of letters counts. */
export function startsWith(data: Uint8Array, offset: number, text: string): boolean {
  if (offset + text.length > data.length) return false
  for (let i = 0; i < text.length; i++) if (data[offset + i] !== text.charCodeAt(i)) return false
  return true
}

/** `strncasecmp(…) == 0` over the first `length` characters of `text`. */
export function startsWithIgnoringCase(
  data: Uint8Array,
  offset: number,
  text: string,
  length: number = text.length,
): boolean {
  for (let i = 0; i < length; i++)
    if (lower(data[offset + i] ?? -1) !== lower(text.charCodeAt(i))) return false
  return true
}

function lower(character: number): number {
  return character >= 0x41 && character <= 0x5a ? character + 32 : character
}

/** Is the byte an ASCII digit? */
export function isDigit(character: number | undefined): boolean {
  return character !== undefined && character >= 0x30 && character <= 0x39
}

/** Bytes as a string of the same length. */
export function latin1(data: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...data.subarray(start, end))
}

/** Where a text first stands, wholly within [start, end); -1 if nowhere. */
export function indexOfText(data: Uint8Array, text: string, start: number, end: number): number {
  for (let i = start; i + text.length <= end; i++) if (startsWith(data, i, text)) return i
  return -1
}
