/** Quoted text in a pattern stands for itself. */
export function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&')
}

/** Does all of the text match the pattern (`*`, `?`, `[…]`; POSIX 2.13.1)? Takes at most length × length steps. */
export function matchesPattern(text: string, pattern: string): boolean {
  const atoms = atomsOf(pattern)
  let at = 0
  let atom = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    const wanted = atoms[atom]
    if (wanted === '*') {
      star = atom++
      resume = at
    } else if (wanted?.(text[at]!)) {
      atom++
      at++
    } else if (star >= 0) {
      atom = star + 1
      at = ++resume
    } else return false
  }
  while (atoms[atom] === '*') atom++
  return atom === atoms.length
}

/** `${name#pattern}` and its kin: what is left when the shortest or longest match is taken off. */
export function trimmed(text: string, operator: string, pattern: string): string {
  const isPrefix = operator.startsWith('#')
  const isLongest = operator.length === 2
  for (let step = 0; step <= text.length; step++) {
    const length = isLongest ? text.length - step : step
    const part = isPrefix ? text.slice(0, length) : text.slice(text.length - length)
    if (matchesPattern(part, pattern))
      return isPrefix ? text.slice(length) : text.slice(0, text.length - length)
  }
  return text
}

/** bash: `${name/pattern/word}` once, `//` everywhere, `/#` at the beginning, `/%` at the end; the longest match counts. */
export function replaced(text: string, operator: string, pattern: string, by: string): string {
  if (pattern === '') return text
  let result = ''
  for (let at = 0; at < text.length; at++) {
    const end = matchEnd(text, at, pattern, operator === '/%')
    if (end > at) {
      if (operator !== '//') return result + by + text.slice(end)
      result += by
      at = end - 1
    } else if (operator === '/#') return text
    else result += text[at]
  }
  return result
}

/** Where the longest match ends that begins here; -1 if there is none. @param isWhole it must reach to the end */
function matchEnd(text: string, start: number, pattern: string, isWhole: boolean): number {
  // without a star, no match is longer than its pattern
  const reach = isWhole || pattern.includes('*') ? text.length : Math.min(text.length, start + pattern.length)
  for (let end = reach; end > start; end--) {
    if (matchesPattern(text.slice(start, end), pattern)) return end
    if (isWhole) break
  }
  return -1
}

/** bash: `${name^}`, `${name,,}`: capital and small letters, where the pattern matches. */
export function withCase(text: string, operator: string, pattern: string): string {
  const chars = [...text].map((char, index) => {
    if ((operator.length === 1 && index > 0) || (pattern !== '' && !matchesPattern(char, pattern)))
      return char
    return operator.startsWith('^') ? char.toUpperCase() : char.toLowerCase()
  })
  return chars.join('')
}

type Atom = '*' | ((char: string) => boolean)

function atomsOf(pattern: string): Atom[] {
  const atoms: Atom[] = []
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!
    const end = char === '[' ? setEnd(pattern, at) : -1
    if (char === '*') {
      if (atoms.at(-1) !== '*') atoms.push('*')
    } else if (char === '?') atoms.push(() => true)
    else if (end > 0) {
      atoms.push(setOf(pattern.slice(at + 1, end)))
      at = end
    } else {
      const literal = char === '\\' ? (pattern[++at] ?? '\\') : char
      atoms.push(other => other === literal)
    }
  }
  return atoms
}

/** A bracket right behind the opening one belongs to the set. */
function setEnd(pattern: string, start: number): number {
  const first = /[!^]/.test(pattern[start + 1] ?? '') ? start + 2 : start + 1
  return pattern.indexOf(']', first + 1)
}

function setOf(text: string): (char: string) => boolean {
  const negated = /^[!^]/.test(text)
  const chars = negated ? text.slice(1) : text
  const ranges: [string, string][] = []
  for (let at = 0; at < chars.length; at++) {
    const isRange = chars[at + 1] === '-' && at + 2 < chars.length
    ranges.push([chars[at]!, chars[isRange ? at + 2 : at]!])
    if (isRange) at += 2
  }
  return char => ranges.some(([low, high]) => char >= low && char <= high) !== negated
}
