import { OptionError } from '../extension.ts'

/** `a|0d 0a|b`: text with hexadecimal bytes between bars; `\|` is a bar (libxt_string.c, `parse_hex_string`). */
export function hexPattern(text: string): Uint8Array {
  const source = String.fromCharCode(...new TextEncoder().encode(text))
  if (source === '') throw new OptionError('the pattern is empty', { expected: 'at least one character' })
  const pattern: number[] = []
  let inHex = false
  let i = 0
  while (i < source.length) {
    if (source[i] === '\\') {
      if (inHex) throw new OptionError('no literals between the bars')
      if (i + 1 >= source.length) throw new OptionError('a backslash at the end of the pattern')
      pattern.push(source.charCodeAt(i + 1))
      i += 2
      continue
    }
    if (source[i] === '|') {
      inHex = !inHex
      if (inHex) while (source[i + 1] === ' ') i++
      i++
      if (i >= source.length) break
    }
    // the character behind a bar is taken as it is, even another bar
    if (!inHex) {
      pattern.push(source.charCodeAt(i))
      i++
      continue
    }
    const digits = source.slice(i, i + 2)
    if (i + 2 >= source.length || !/^[0-9a-fA-F]{2}$/.test(digits))
      throw new OptionError(`bad hexadecimal '${digits}'`, { expected: 'pairs of digits, closed by a bar' })
    pattern.push(Number.parseInt(digits, 16))
    i += source[i + 2] === ' ' ? 3 : 2
  }
  return Uint8Array.from(pattern)
}
