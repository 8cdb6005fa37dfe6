/** Field splitting (POSIX 2.6.5). */
export function splitFields(
  text: string,
  separators: string,
): { readonly parts: string[]; readonly isOpen: boolean; readonly isFirstApart: boolean } {
  const blanks = [...' \t\n'].filter(blank => separators.includes(blank)).join('')
  const isBlank = (char: string): boolean => blanks.includes(char)
  const parts: string[] = []
  let part = ''
  let isOpen = false
  let at = 0
  const skip = (): void => {
    while (at < text.length && isBlank(text[at]!)) at++
  }
  const isFirstApart = text !== '' && isBlank(text[0]!)
  skip()
  while (at < text.length) {
    const char = text[at]!
    if (!separators.includes(char)) {
      part += char
      isOpen = true
      at++
      continue
    }
    parts.push(part)
    part = ''
    isOpen = false
    skip()
    if (at < text.length && separators.includes(text[at]!) && isBlank(char)) at++
    else if (!isBlank(char)) at++
    skip()
  }
  if (isOpen) parts.push(part)
  return { parts, isOpen: isOpen || text === '', isFirstApart }
}
