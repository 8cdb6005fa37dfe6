import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** How libiptc names an error (`iptc_strerror`). */
export const SAID = {
  exists: 'Chain already exists.',
  taken: 'File exists.',
  missing: 'No chain/target/match by that name.',
  rule: 'Bad rule (does a matching rule exist in that chain?).',
  policy: 'Bad built-in chain name.',
  linked: 'Too many links.',
  notEmpty: 'Directory not empty.',
  builtIn: "Invalid argument. Run `dmesg' for more information.",
}

const INDEX = { insert: 'insertion', replace: 'replacement', delete: 'deletion', zero: 'counter' }

/** A command that the kernel, or libiptc, refuses. @param said what iptables says of it */
export function refused(message: string, word: Word, said?: string, expected?: string): RuleError {
  return new RuleError(message, word, {
    code: 'kernel',
    said,
    expected,
    hint: said && `iptables says: ${said}`,
  })
}

/** @throws RuleError for a rule number that is behind the last */
export function checkIndex(number: number, last: number, action: keyof typeof INDEX, chain: Word): void {
  if (number > last)
    throw refused(
      `cannot ${action} rule ${number}: chain '${chain.text}' ends before`,
      chain,
      `Index of ${INDEX[action]} too big.`,
      `at most ${last}`,
    )
}
