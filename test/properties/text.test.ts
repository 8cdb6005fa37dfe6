import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Prefix } from '../../src/address.ts'
import type { Ruleset } from '../../src/rules/model.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'
import { rulesetText } from '../../src/testing/ruleset-draft.ts'
import { rulesetDraft } from '../../src/testing/rulesets.ts'
import { GATEWAY, GATEWAY6 } from '../../src/testing/site.ts'
import { runs } from './support.ts'

const everything = (site: typeof GATEWAY) =>
  rulesetDraft(site, { tables: ['raw', 'mangle', 'nat', 'filter', 'security'], maxRules: 6 })
const texts = fc.oneof(
  everything(GATEWAY).map(draft => ({ family: 4 as const, text: rulesetText(draft) })),
  everything(GATEWAY6).map(draft => ({ family: 6 as const, text: rulesetText(draft) })),
)

function parse(text: string, family: 4 | 6): Ruleset {
  const { ruleset, diagnostics } = parseRules(text, { family })
  if (ruleset === undefined)
    throw new Error(`${diagnostics.map(({ message }) => message).join('\n')}\n${text}`)
  return ruleset
}

/** A ruleset without the lines of the text that it came from; `-s 0.0.0.0/0` and `--dport 0:65535` say nothing. */
function meaning(ruleset: Ruleset): unknown {
  const plain = (key: string, value: unknown): unknown =>
    key === 'line' || saysNothing(value) ? undefined : typeof value === 'bigint' ? `${value}n` : value
  return JSON.parse(JSON.stringify(ruleset, plain))
}

it('a ruleset that is printed and read again is the same ruleset', () => {
  fc.assert(
    fc.property(texts, ({ text, family }) => {
      const ruleset = parse(text, family)
      expect(meaning(parse(printRules(ruleset), family))).toEqual(meaning(ruleset))
    }),
    runs(50),
  )
})

function saysNothing(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('negated' in value)) return false
  if ('prefix' in value) return !value.negated && (value.prefix as Prefix).length === 0
  // iptables-save leaves the negated one out, too, though it is not the same
  return 'min' in value && 'max' in value && value.min === 0 && value.max === 0xffff
}

/** `iptables-save` prints the table first that was loaded last. */
function asLoaded(canonical: string): string {
  return canonical
    .split(/(?<=^COMMIT\n)/m)
    .reverse()
    .join('')
}

it('canonical text that is read and printed again is the same text', () => {
  fc.assert(
    fc.property(texts, ({ text, family }) => {
      const canonical = printRules(parse(text, family))
      expect(printRules(parse(asLoaded(canonical), family))).toBe(canonical)
    }),
    runs(50),
  )
})
