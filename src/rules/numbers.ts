/** Numbers as iptables reads them: C's `strtoul(…, 0)`, so `0x1f` and `017` count too. */

/** The number at the beginning of a text and what follows it; undefined where no number begins (or a minus does). */
export function scanNumber(text: string): { readonly value: bigint; readonly rest: string } | undefined {
  const found = /^[ \t\n\v\f\r]*\+?(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))/.exec(text)
  if (found === null) return undefined
  const [whole, hexadecimal, octal, decimal] = found
  const digits = hexadecimal !== undefined ? `0x${hexadecimal}` : octal ? `0o${octal}` : (decimal ?? '0')
  return { value: BigInt(digits), rest: text.slice(whole.length) }
}

/**
 * The whole text as a number between `minimum` and `maximum`; undefined for anything else. The counterpart of
 * iptables' `xtables_strtoui(text, NULL, …)`.
 */
export function parseNumber(text: string, minimum: number, maximum: number): number | undefined {
  const scanned = scanNumber(text)
  if (scanned === undefined || scanned.rest !== '') return undefined
  const value = Number(scanned.value)
  return value >= minimum && value <= maximum ? value : undefined
}

/** As {@link parseNumber}, for the 64-bit options (`--quota`, `--connbytes`). */
export function parseBigNumber(text: string, maximum = 0xffff_ffff_ffff_ffffn): bigint | undefined {
  const scanned = scanNumber(text)
  return scanned?.rest === '' && scanned.value <= maximum ? scanned.value : undefined
}
