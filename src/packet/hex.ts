/**
 * The bytes of a text of hex digits; blanks, colons and a leading `0x` are allowed.
 *
 * @throws RangeError when there is anything else, or half a byte
 */
export function hexToBytes(text: string): Uint8Array {
  const digits = text.replace(/^\s*0x/i, '').replace(/[\s:]/g, '')
  if (!/^[0-9a-f]*$/i.test(digits)) throw new RangeError(`not hexadecimal: ${JSON.stringify(text)}`)
  if (digits.length % 2 !== 0) throw new RangeError(`an odd number of hex digits: ${JSON.stringify(text)}`)
  const bytes = new Uint8Array(digits.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** Lower-case hex digits, two a byte. */
export function bytesToHex(bytes: Uint8Array): string {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex
}
