import type { InterfaceMatch, Rule, Ruleset } from '../rules/model.ts'
import type { Vocabulary } from './fields.ts'

/** No device at all: `out` in INPUT, `in` in OUTPUT. */
export const NO_DEVICE = ''

const MAX_NAME_LENGTH = 15

/**
 * The device and MAC names that rulesets tell apart. A device that is not named behaves as the longest `name+` that
 * fits it says, so one stand-in for each wildcard and one for all the rest is enough to be exact.
 *
 * @param devices that are to have their own names besides
 * @throws TypeError for what is no ruleset
 */
export function vocabularyOf(rulesets: readonly Ruleset[], devices: readonly string[] = []): Vocabulary {
  if (!rulesets.every(isRuleset))
    throw new TypeError(
      'a Ruleset is wanted: parseRules(text, { family }).ruleset, which a text with errors has none',
    )
  const exact = new Set<string>(devices)
  const wildcards = new Set<string>()
  const macs = new Set<string>()
  const note = (match: InterfaceMatch | undefined): void => {
    if (match === undefined) return
    if (match.wildcard) wildcards.add(match.name)
    else if (match.name !== '') exact.add(match.name)
  }
  for (const rule of rulesets.flatMap(allRules)) {
    note(rule.inInterface)
    note(rule.outInterface)
    for (const { name, options } of rule.matches) {
      const mac = name === 'mac' ? (options as { address?: unknown }).address : undefined
      if (typeof mac === 'string') macs.add(mac)
    }
  }
  const prefixes = [...wildcards]
  const longest = (name: string): string | undefined =>
    prefixes.filter(prefix => name.startsWith(prefix)).sort((a, b) => b.length - a.length)[0]
  const standIn = (prefix: string, wanted: string | undefined): string | undefined =>
    SUFFIXES.map(suffix => prefix + suffix).find(
      name => name.length <= MAX_NAME_LENGTH && !exact.has(name) && longest(name) === wanted,
    )
  const others = [
    standIn('other', longest('')),
    ...prefixes.filter(prefix => prefix !== '').map(prefix => standIn(prefix, prefix)),
  ]
  const names = new Set([...exact, ...others.filter(name => name !== undefined), NO_DEVICE])
  return { devices: [...names], macs: [...macs, OTHER_MAC, NO_MAC] }
}

/** For JavaScript: analysis asks all its rulesets for their devices first, and a text has no tables. */
function isRuleset(given: unknown): boolean {
  return typeof given === 'object' && given !== null && 'tables' in given
}

/** A MAC address that no rule names (a documentation address, RFC 7042). */
const OTHER_MAC = '00:00:5e:00:53:99'
export const NO_MAC = ''

const SUFFIXES = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', 'x0', 'y0', 'z', 'q7']

/** Every rule of a ruleset, in the order of tables and chains. */
export function allRules(ruleset: Ruleset): Rule[] {
  return Object.values(ruleset.tables).flatMap(table =>
    table === undefined ? [] : Object.values(table.chains).flatMap(chain => chain.rules),
  )
}
