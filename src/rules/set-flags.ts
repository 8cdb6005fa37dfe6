import { MAX_NAME_LENGTH } from '../sets/limits.ts'
import type { Directions } from '../sets/packet-key.ts'
import { OptionError, type ParseContext } from './extension.ts'

/** A set named in a rule, with its `src,dst` words. What `-m set` and `-j SET` share (extensions/libxt_set.h). */
export interface SetReference extends Directions {
  readonly setName: string
}

/** `IPSET_DIM_MAX` */
const MAX_DIRECTIONS = 6

/** @throws OptionError for a set that does not exist, and for words that are no directions */
export function readSetReference(
  [setName = '', directions = '']: readonly string[],
  context: ParseContext,
): SetReference {
  if (setName.length > MAX_NAME_LENGTH)
    throw new OptionError(`setname '${setName}' too long, max ${MAX_NAME_LENGTH} characters`)
  if (context.hasSet?.(setName) === false)
    throw new OptionError(`Set ${setName} doesn't exist.`, {
      hint: 'create it, of this family, before the rules are loaded',
    })
  const words = directions.split(',')
  // only the first three characters count
  if (words.slice(0, MAX_DIRECTIONS).some(word => !/^(src|dst)/.test(word)))
    throw new OptionError(`'${directions}' are no directions`, {
      expected: "a comma separated list of 'src' and 'dst'",
    })
  if (words.length > MAX_DIRECTIONS)
    throw new OptionError(`there can be no more than ${MAX_DIRECTIONS} src/dst words`)
  const sources = words.reduce((bits, word, at) => (word.startsWith('src') ? bits | (1 << at) : bits), 0)
  return { setName, count: words.length, sources }
}

/** `blocked src,dst` */
export function setReferenceText({ setName, count, sources }: SetReference): string {
  const words = Array.from({ length: count }, (_, at) => ((sources & (1 << at)) === 0 ? 'dst' : 'src'))
  return `${setName} ${words.join(',')}`
}
