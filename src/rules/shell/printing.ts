const ESCAPES: { readonly [letter: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
}

/** Backslashes as `echo` and `printf %b` read them; `\c` ends the text. */
export function escapesOf(text: string): string {
  const end = text.search(/(?<!\\)(?:\\\\)*\\c/)
  return (end < 0 ? text : text.slice(0, end)).replace(
    /\\(?:0([0-7]{1,3})|([ntrabfv\\]))/g,
    (_, octal, letter) =>
      octal === undefined ? ESCAPES[letter]! : String.fromCharCode(Number.parseInt(octal, 8) & 255),
  )
}

/** `printf`: the format is used again as long as there are arguments. */
export function formatted(format: string, args: readonly string[]): string {
  const conversion = /%(-?\d{0,3})([sdibux%])/g
  const takes = [...format.matchAll(conversion)].some(([, , letter]) => letter !== '%')
  let at = 0
  let text = ''
  do {
    text += escapesOf(format).replace(conversion, (_, width: string, letter: string) => {
      if (letter === '%') return '%'
      const value = args[at++] ?? ''
      const shown = letter === 's' ? value : letter === 'b' ? escapesOf(value) : String(Number(value) || 0)
      return width.startsWith('-') ? shown.padEnd(Number(width.slice(1))) : shown.padStart(Number(width))
    })
  } while (takes && at < args.length)
  return text
}
