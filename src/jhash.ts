const GOLDEN = 0xdeadbeef

/**
 * Bob Jenkins' lookup3 over 32-bit words, as the kernel's `jhash2` (include/linux/jhash.h) computes it.
 * @returns an unsigned 32-bit hash
 */
export function jhash2(words: readonly number[], initial: number): number {
  let length = words.length
  let a = (GOLDEN + (length << 2) + initial) | 0
  let b = a
  let c = a
  let at = 0
  while (length > 3) {
    a = (a + words[at]!) | 0
    b = (b + words[at + 1]!) | 0
    c = (c + words[at + 2]!) | 0
    a = ((a - c) ^ rotate(c, 4)) | 0
    c = (c + b) | 0
    b = ((b - a) ^ rotate(a, 6)) | 0
    a = (a + c) | 0
    c = ((c - b) ^ rotate(b, 8)) | 0
    b = (b + a) | 0
    a = ((a - c) ^ rotate(c, 16)) | 0
    c = (c + b) | 0
    b = ((b - a) ^ rotate(a, 19)) | 0
    a = (a + c) | 0
    c = ((c - b) ^ rotate(b, 4)) | 0
    b = (b + a) | 0
    length -= 3
    at += 3
  }
  if (length === 0) return c >>> 0
  if (length === 3) c = (c + words[at + 2]!) | 0
  if (length >= 2) b = (b + words[at + 1]!) | 0
  a = (a + words[at]!) | 0
  c = ((c ^ b) - rotate(b, 14)) | 0
  a = ((a ^ c) - rotate(c, 11)) | 0
  b = ((b ^ a) - rotate(a, 25)) | 0
  c = ((c ^ b) - rotate(b, 16)) | 0
  a = ((a ^ c) - rotate(c, 4)) | 0
  b = ((b ^ a) - rotate(a, 14)) | 0
  c = ((c ^ b) - rotate(b, 24)) | 0
  return c >>> 0
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

/** `reciprocal_scale`: a hash made a number below `range`, (hash × range) >> 32 of unsigned 32-bit numbers. */
export function scaleHash(hash: number, range: number): number {
  return Number((BigInt(hash >>> 0) * BigInt(range >>> 0)) >> 32n)
}

/** A 32-bit word in network order as a little-endian machine reads it; the kernel hashes addresses so. */
export function networkWord(value: number): number {
  return ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | ((value >>> 24) & 0xff)
}
