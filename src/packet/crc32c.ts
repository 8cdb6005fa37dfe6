/** The reflected Castagnoli polynomial. */
const POLYNOMIAL = 0x82f63b78

const TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
  return crc
})

/**
 * CRC32c (RFC 3720 B.4) of [start, end), unsigned. Pass an earlier result as `crc` to go on where it ended.
 *
 * @example
 * crc32c(new TextEncoder().encode('123456789'), 0, 9) // 0xe3069283
 */
export function crc32c(bytes: Uint8Array, start: number, end: number, crc = 0): number {
  let state = ~crc
  for (let i = start; i < end; i++) state = (state >>> 8) ^ TABLE[(state ^ bytes[i]!) & 0xff]!
  return ~state >>> 0
}
