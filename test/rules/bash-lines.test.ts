import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'

const text = readFileSync(new URL('bash-lines.txt', import.meta.url), 'utf8')

/** Each case: lines with `$ `, and below them what they are to say. */
const cases = text
  .split(/\n\n/)
  .slice(1)
  .filter(block => block.trim() !== '')
  .map(block => {
    const lines = block.replace(/\n$/, '').split('\n')
    const written = lines.filter(line => line.startsWith('$ ')).map(line => line.slice(2))
    return { script: written.join('\n'), said: lines.filter(line => !line.startsWith('$ ')) }
  })

/** The words that `w` was called with, line by line: each becomes the comment of a rule. */
function saidBy(script: string): string[] {
  const prelude = '#!/bin/bash\nw() { iptables -A INPUT -m comment --comment "=$*"; }\n'
  const { ruleset, diagnostics } = parseRules(prelude + script, { family: 4, format: 'script' })
  if (ruleset === undefined) return diagnostics.map(({ line, message }) => `${line}: ${message}`)
  const comments = printRules(ruleset).matchAll(/--comment (?:"((?:[^"\\]|\\.)*)"|(\S+))/g)
  return [...comments].map(([, quoted, plain]) => (plain ?? quoted!.replace(/\\(.)/g, '$1')).slice(1))
}

describe('bash, line by line', () => {
  it.each(cases)('$script', ({ script, said }) => {
    expect(saidBy(script)).toEqual(said)
  })
})
