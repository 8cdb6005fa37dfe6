import { formatDiagnostic } from '../../src/diagnostic.ts'
import type { Ruleset } from '../../src/rules/model.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'

/** The ruleset of a text that must load. */
export function load(text: string, family: 4 | 6 = 4): Ruleset {
  const { ruleset, diagnostics } = parseRules(text, { family })
  if (ruleset === undefined) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  return ruleset
}

/** `-A …` lines of the print of a filter table with these lines in it. */
export function printed(lines: string, family: 4 | 6 = 4): string[] {
  const text = printRules(load(`*filter\n${lines}\nCOMMIT\n`, family))
  return text.split('\n').filter(line => line.startsWith('-A'))
}

/** `line:column message` of everything wrong with a text. */
export function complaints(text: string, family: 4 | 6 = 4): string[] {
  const { diagnostics } = parseRules(text, { family })
  return diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`)
}
