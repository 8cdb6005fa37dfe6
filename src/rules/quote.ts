/**
 * A word as `iptables-save` prints those that may hold anything (comments, log prefixes, patterns): quoted unless it is
 * made of letters, digits, `_` and `-` only (libxtables, `xtables_save_string`).
 */
export function quoteWord(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `"${text.replace(/["\\']/g, '\\$&')}"`
}
