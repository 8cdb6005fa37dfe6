import type { MatchExtension, TargetExtension } from '../../src/rules/extension.ts'
import { KNOWN_MATCHES, KNOWN_TARGETS } from '../../src/rules/known-extensions.ts'
import { MATCHES } from '../../src/rules/matches/index.ts'
import { TARGETS } from '../../src/rules/targets/index.ts'

/** docs/extensions.md, made from the registry: what is modelled with all its options, and what is refused by name. */
export function extensionsDocument(): string {
  return [
    '# Matches and targets',
    '',
    'Made from the registry by the tests (`npx vitest run test/docs -u` writes it again). Whatever iptables 1.8.9 knows',
    'and this page does not list as modelled is refused by name when a ruleset is loaded.',
    '',
    '## Matches',
    '',
    ...tables(MATCHES, '-m'),
    refused('Refused matches', [...KNOWN_MATCHES[4], ...KNOWN_MATCHES[6]], MATCHES),
    '## Targets',
    '',
    '`ACCEPT`, `DROP`, `RETURN`, `QUEUE`, and jumps and gotos to user chains are part of the rule language itself.',
    '',
    ...tables(TARGETS, '-j'),
    refused('Refused targets', [...KNOWN_TARGETS[4], ...KNOWN_TARGETS[6]], TARGETS),
  ].join('\n')
}

type Extension = MatchExtension | TargetExtension

function tables(extensions: readonly Extension[], flag: string): string[] {
  return extensions.flatMap(extension => [
    `### \`${flag} ${extension.name}\`${restrictions(extension)}`,
    '',
    `${extension.summary}. **${extension.status ?? 'modelled'}**`,
    '',
    ...optionRows(extension),
  ])
}

function restrictions({ families, tables, hooks }: Extension): string {
  const parts = [
    families?.length === 1 ? (families[0] === 4 ? 'IPv4 only' : 'IPv6 only') : undefined,
    tables === undefined ? undefined : `table ${tables.join(', ')}`,
    hooks === undefined ? undefined : hooks.join(', '),
  ].filter(part => part !== undefined)
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`
}

function optionRows({ options }: Extension): string[] {
  if (options.length === 0) return []
  const rows = options.map(({ name, aliases = [], placeholder, negatable, help, arguments: count }) => {
    const value = count === 0 ? '' : ` ${placeholder ?? 'value'}`
    const names = [name, ...aliases].map(word => `--${word}`).join(', ')
    return `| \`${negatable ? '[!] ' : ''}${names}${value}\` | ${help} |`.replaceAll('||', '\\|\\|')
  })
  return ['| option | meaning |', '|---|---|', ...rows.map(escapePipes), '']
}

/** A pipe within a cell would end it. */
function escapePipes(row: string): string {
  const cells = row.slice(2, -2).split(' | ')
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function refused(title: string, known: readonly string[], modelled: readonly Extension[]): string {
  const names = new Set(modelled.map(({ name }) => name))
  const missing = [...new Set(known)].filter(name => !names.has(name) && name !== 'standard').sort()
  return `## ${title}\n\n${missing.map(name => `\`${name}\``).join(', ') || 'none'}\n`
}
