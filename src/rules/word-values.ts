import type { Family } from '../address.ts'
import { protocolNumber } from '../packet/protocols.ts'
import type { GivenOptions } from './given-options.ts'
import { MATCHES } from './matches/index.ts'
import { parseNumber } from './numbers.ts'
import { RuleError } from './rule-error.ts'
import { TARGETS } from './targets/index.ts'
import type { Word } from './words.ts'

/** `-D chain 3`, `-I chain 3`. @throws RuleError */
export function ruleNumber(word: Word): number {
  const number = parseNumber(word.text, 1, 0x7fff_ffff)
  if (number === undefined)
    throw new RuleError(`invalid rule number '${word.text}'`, word, { expected: 'a number from 1' })
  return number
}

/** One of the two numbers of `-c`. As in iptables (`sscanf`), what follows the digits does not matter. @throws RuleError */
export function coreCounter(text: string, word: Word, what: 'packet' | 'byte'): number {
  const digits = /^\s*\+?(\d+)/.exec(text)?.[1]
  if (digits === undefined) throw new RuleError(`-c: the ${what} counter is not a number`, word)
  return Number(digits)
}

/** iptables reads the argument of `-p` and `-j` as the whole word: `-ptcp` and `--jump=LOG` do not work. */
export function wholeWord(option: Word, argument: Word): Word {
  const isAttached =
    argument.line === option.line && argument.column > option.column && isInside(option, argument)
  return isAttached ? option : argument
}

function isInside(option: Word, argument: Word): boolean {
  return argument.column - option.column < option.text.length
}

/** `-s ! 1.2.3.4` was the way to write it once. */
export function bangHint(given: GivenOptions): { readonly expected: string; readonly hint?: string } {
  const last = [...given.entries()].at(-1)?.[1]
  return last === undefined
    ? { expected: 'an option: it begins with a dash' }
    : {
        expected: 'an option',
        hint: `options begin with a dash; to invert one, write ! before it: ! ${last.text} …`,
      }
}

/** Which extension would have understood the option. */
export function optionHint(
  text: string,
  family: Family,
): { readonly expected?: string; readonly hint?: string } {
  const name = text.replace(/^--?/, '').replace(/=.*/s, '')
  const matches = MATCHES.filter(match => knows(match, name, family)).map(loaderOf)
  const targets = TARGETS.filter(target => knows(target, name, family)).map(target => `-j ${target.name}`)
  const loaders = [...matches, ...targets]
  return loaders.length === 0
    ? { expected: 'an option of iptables, or of a match or target that stands before it' }
    : { hint: `--${name} needs ${loaders.join(' or ')} before it` }
}

/** A protocol's match comes with `-p`; `-m` alone would not do without it. */
function loaderOf({ name }: (typeof MATCHES)[number]): string {
  return protocolNumber(name) === undefined ? `-m ${name}` : `-p ${name}`
}

function knows(
  extension: (typeof MATCHES)[number] | (typeof TARGETS)[number],
  name: string,
  family: Family,
): boolean {
  return (
    (extension.families?.includes(family) ?? true) &&
    extension.options.some(option => option.name === name || option.aliases?.includes(name))
  )
}
