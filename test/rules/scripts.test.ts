import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Address } from '../../src/address.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { printRules } from '../../src/rules/print.ts'

// `.v4` and `.v6` are what iptables-save and ip6tables-save printed once the real shell had run the script;
// `node scripts/measure-scripts.mjs test/rules/scripts` (root, Linux) runs them again
const folder = new URL('scripts/', import.meta.url)
const names = readdirSync(folder).filter(name => name.endsWith('.sh'))

function saved(name: string): string {
  try {
    return readFileSync(new URL(name, folder), 'utf8')
  } catch {
    return ''
  }
}

describe('firewall scripts leave what they leave in the real shell', () => {
  it.each(names.flatMap(name => [[name, 4] as const, [name, 6] as const]))('%s, IPv%i', (name, family) => {
    const { ruleset, partial } = parseRules(readFileSync(new URL(name, folder), 'utf8'), {
      family,
      format: 'script',
      hasSet: () => false,
      resolveHost: (host, wanted) =>
        host === 'localhost' ? [Address.parse(wanted === 4 ? '127.0.0.1' : '::1')] : [],
      // as if every other program printed nothing, and succeeded
      shell: {
        commandOutput: ([program, ...args]) => (program === 'cat' && args.length === 1 ? undefined : ''),
      },
    })
    expect(printRules(ruleset ?? partial!)).toBe(saved(name.replace('.sh', `.v${family}`)))
  })
})
