import { verdictOf } from './chain-names.ts'
import type { CommandContext } from './command.ts'
import type { Target } from './model.ts'
import { isKnownTarget, LACKING, notModelled } from './registry.ts'
import { RuleError } from './rule-error.ts'
import type { Word } from './words.ts'

/** The argument of `-j` or `-g`. */
export interface Jump {
  readonly word: Word
  readonly isGoto: boolean
}

/**
 * What a rule's `-j` or `-g` means: a chain of the table comes first, then the extension, then the verdicts.
 *
 * @throws RuleError where the name is that of nothing that could be jumped to
 */
export function resolveTarget(
  jump: Jump | undefined,
  extension: { readonly name: string; readonly options: object } | undefined,
  table: string,
  context: CommandContext,
): Target {
  if (jump === undefined) return { kind: 'none' }
  const { word, isGoto } = jump
  if (!context.hasChain(table, word.text)) {
    if (extension !== undefined) return { kind: 'extension', ...extension }
    const verdict = isGoto ? undefined : verdictOf(word.text)
    if (verdict !== undefined) return { kind: 'verdict', verdict }
  }
  checkJump(jump, table, context)
  return { kind: isGoto ? 'goto' : 'jump', chain: word.text }
}

/** @throws RuleError where there is neither a chain nor a target of that name */
export function checkJump({ word, isGoto }: Jump, table: string, context: CommandContext): void {
  const name = word.text
  if (context.hasChain(table, name) || (!isGoto && verdictOf(name) !== undefined)) return
  if (isGoto) throw new RuleError(`goto '${name}' is not a chain`, word, { code: 'kernel', exitCode: 2 })
  if (isKnownTarget(name, context.family))
    throw new RuleError(notModelled('target', name), word, { code: 'not-modelled', hint: LACKING })
  throw new RuleError(`there is no chain and no target named '${name}'`, word, {
    code: 'kernel',
    exitCode: 2,
    hint: `a chain must be created before it is jumped to: -N ${name}, or :${name} - [0:0]`,
  })
}
