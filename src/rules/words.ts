/** One word of a command line, and where it began. */
export interface Word {
  readonly text: string
  /** from 1 */
  readonly line: number
  /** from 1 */
  readonly column: number
}

/**
 * Splits a line as iptables-restore does (`add_param_to_argv`): blanks separate; a double quote opens a quoted part and
 * its counterpart ends the *word*; a backslash counts only inside quotes; a quote that is never closed runs to the end
 * of the line, the newline included.
 */
export function restoreWords(text: string, line: number, firstColumn: number): Word[] {
  const words: Word[] = []
  let word = ''
  let start = -1
  let quoted = false
  const end = (): void => {
    words.push({ text: word, line, column: firstColumn + start })
    word = ''
    start = -1
  }
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (start < 0 && !isBlank(char)) start = at
    if (quoted) {
      if (char === '\\') word += text[++at] ?? ''
      else if (char !== '"') word += char
      else {
        quoted = false
        end()
      }
    } else if (char === '"') quoted = true
    else if (!isBlank(char)) word += char
    else if (word !== '') end()
    else start = -1
  }
  if (word !== '') end()
  return words
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\n'
}
