/** The first `limit` bytes of a text in UTF-8, as `strncpy` into a kernel structure cuts it; never half a character. */
export function cutBytes(text: string, limit: number): string {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= limit) return text
  let end = limit
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return new TextDecoder().decode(bytes.subarray(0, end))
}
