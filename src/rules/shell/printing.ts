const ESCAPES: { readonly [letter: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
  '\\': '\\',
}

/** Backslashes as `echo` and `printf %b` read them; `\c` ends the text. @param isQuote bash's `$'…'`: `\u0042` and `\101` too */
export function escapesOf(text: string, isQuote = false): string {
  const end = text.search(/(?<!\\)(?:\\\\)*\\c/)
  const pattern = isQuote
    ? /\\(?:([0-7]{1,3})|x([\da-fA-F]{1,2})|u([\da-fA-F]{1,4})|([ntrabfve\\]))/g
    : /\\(?:0([0-7]{1,3})|x([\da-fA-F]{1,2})|(?!)(.)|([ntrabfv\\]))/g
  return (end < 0 ? text : text.slice(0, end)).replace(pattern, (_, octal, byte, unicode, letter) => {
    if (letter !== undefined) return ESCAPES[letter]!
    const code = octal === undefined ? Number.parseInt(byte ?? unicode, 16) : Number.parseInt(octal, 8) & 255
    return String.fromCharCode(code)
  })
}

const CONVERSION = /%([-+ 0#]*)(\d{0,3}|\*)(?:\.(\d{0,3}|\*))?([sdiuxXocbq%])/g

/**
 * `printf`: the format is used again as long as there are arguments.
 *
 * @returns undefined for a conversion that is not supported
 */
export function formatted(format: string, args: readonly string[]): string | undefined {
  if (/%/.test(format.replace(CONVERSION, ''))) return undefined
  const takes = [...format.matchAll(CONVERSION)].some(([, , , , letter]) => letter !== '%')
  let at = 0
  let text = ''
  do {
    text += escapesOf(
      format.replace(/\\([0-7]{1,3})/g, (_, octal: string) => `\\0${octal.replace(/^0/, '')}`),
    ).replace(
      CONVERSION,
      (_, flags: string, width: string, precision: string | undefined, letter: string) => {
        if (letter === '%') return '%'
        const next = (): string => args[at++] ?? ''
        const wide = Number(width === '*' ? next() : width)
        const exact = precision === undefined ? undefined : Number(precision === '*' ? next() : precision)
        return padded(
          converted(letter, next(), exact, flags),
          flags + (wide < 0 ? '-' : ''),
          Math.abs(wide),
          letter,
        )
      },
    )
  } while (takes && at < args.length)
  return text
}

function converted(letter: string, value: string, precision: number | undefined, flags: string): string {
  if ('sbc'.includes(letter)) {
    const text = letter === 'b' ? escapesOf(value) : value
    return text.slice(0, letter === 'c' ? 1 : precision)
  }
  if (letter === 'q') return quoted(value)
  const number = Number.parseInt(/^['"]/.test(value) ? String(value.charCodeAt(1)) : decimal(value), 10) || 0
  const base = letter === 'o' ? 8 : letter.toLowerCase() === 'x' ? 16 : 10
  const digits = Math.abs(number)
    .toString(base)
    .padStart(precision ?? 0, '0')
  const sign = number < 0 ? '-' : flags.includes('+') ? '+' : ''
  return sign + (letter === 'X' ? digits.toUpperCase() : digits)
}

/** C's way to write numbers: `0x1f`, `017`. */
function decimal(value: string): string {
  const text = value.trim()
  if (/^-?0x[\da-f]+$/i.test(text)) return String(Number.parseInt(text, 16))
  return /^-?0[0-7]+$/.test(text) ? String(Number.parseInt(text, 8)) : text
}

function padded(text: string, flags: string, width: number, letter: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0') || 'sbcq'.includes(letter)) return text.padStart(width)
  const [sign] = /^[-+]?/.exec(text)!
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}

/** bash: as it could be typed again. */
function quoted(text: string): string {
  return text === '' ? "''" : text.replace(/[^\w@%+=:,./-]/g, '\\$&')
}
