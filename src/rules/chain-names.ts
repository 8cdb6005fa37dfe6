import type { Family } from '../address.ts'
import { byteLength } from './interfaces.ts'
import { isKnownTarget } from './registry.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** `XT_EXTENSION_MAXNAMELEN`: 29 bytes with the terminating zero. */
const MAX_NAME_LENGTH = 28

const VERDICT_NAMES = ['ACCEPT', 'DROP', 'RETURN', 'QUEUE'] as const
export type VerdictName = (typeof VERDICT_NAMES)[number]

export function verdictOf(name: string): VerdictName | undefined {
  return VERDICT_NAMES.find(verdict => verdict === name)
}

/** @throws RuleError */
export function checkNameLength(chain: Word): void {
  if (byteLength(chain.text) > MAX_NAME_LENGTH)
    throw new RuleError(`name '${chain.text}' is too long`, chain, {
      expected: `at most ${MAX_NAME_LENGTH} characters`,
    })
}

/** The argument of `-j` and `-g` (`parse_target`). @throws RuleError */
export function checkTargetName(word: Word): Word {
  if (word.text === '') throw new RuleError('an empty target name', word)
  checkNameLength(word)
  if (/\s/.test(word.text)) throw new RuleError(`invalid target name '${word.text}'`, word)
  return word
}

/** The argument of `-N` and the old name of `-E` (`parse_chain`). @throws RuleError */
export function checkChainName(word: Word, family: Family): void {
  checkNameLength(word)
  if (/^[-!]/.test(word.text)) throw new RuleError(`a chain's name cannot begin with ${word.text[0]}`, word)
  if (verdictOf(word.text) !== undefined || isKnownTarget(word.text, family))
    throw new RuleError(`a chain cannot be named like the target ${word.text}`, word)
  if (/\s/.test(word.text)) throw new RuleError(`invalid chain name '${word.text}'`, word)
}
