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
    /\\(?:0([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([ntrabfv\\]))/g,
    (_, octal, hex, letter) =>
      letter === undefined ? signOf(octal ?? hex, hex === undefined ? 8 : 16) : ESCAPES[letter]!,
  )
}

function signOf(digits: string, base: number): string {
  return String.fromCharCode(Number.parseInt(digits, base) & 255)
}

/** `printf`: the format is used again as long as there are arguments. */
export function formatted(format: string, args: readonly string[]): string {
  const takes = [...format.matchAll(CONVERSION)].some(({ groups }) => groups!.letter !== '%')
  // in a format, octal numbers need no zero
  const withZero = format.replace(/(?<!\\)((?:\\\\)*)\\(?=[1-7][0-7]{0,2})/g, '$1\\0')
  let at = 0
  let text = ''
  do {
    text += escapesOf(withZero).replace(CONVERSION, (...found) => {
      const { flags, width, precision, letter } = found.at(-1) as Conversion
      if (letter === '%') return '%'
      const shown = converted(args[at++] ?? '', letter, precision)
      if (flags.includes('-')) return shown.padEnd(Number(width))
      const isPadded = flags.includes('0') && !'sbc'.includes(letter)
      return isPadded ? withZeros(shown, Number(width)) : shown.padStart(Number(width))
    })
  } while (takes && at < args.length)
  return text
}

const CONVERSION = /%(?<flags>[-0]*)(?<width>\d{0,3})(?:\.(?<precision>\d{1,3}))?(?<letter>[sdibuxXoc%])/g

interface Conversion {
  readonly flags: string
  readonly width: string
  readonly precision?: string
  readonly letter: string
}

function converted(value: string, letter: string, precision: string | undefined): string {
  if (letter === 's') return precision === undefined ? value : value.slice(0, Number(precision))
  if (letter === 'b') return escapesOf(value)
  if (letter === 'c') return value.slice(0, 1)
  const number = numberOf(value)
  const base = { x: 16, X: 16, o: 8 }[letter] ?? 10
  const digits = withZeros(number.toString(base), Number(precision ?? 0))
  return letter === 'X' ? digits.toUpperCase() : digits
}

/** `0x1f`, `017`, `'a` (the sign's number); what is no number is 0. */
function numberOf(text: string): number {
  if (/^['"]./.test(text)) return text.charCodeAt(1)
  const [, sign, prefix, digits] = /^\s*([-+]?)(0[xX]?)?([0-9a-fA-F]*)$/.exec(text) ?? []
  const base = prefix === undefined ? 10 : prefix.length > 1 ? 16 : 8
  const number = Number.parseInt(digits || '0', base)
  return sign === '-' ? -number : number || 0
}

function withZeros(text: string, width: number): string {
  return text.startsWith('-') ? `-${text.slice(1).padStart(width - 1, '0')}` : text.padStart(width, '0')
}
