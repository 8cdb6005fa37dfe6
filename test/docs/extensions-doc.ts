import type { MatchExtension, TargetExtension } from '../../src/rules/extension.ts'
import { KNOWN_MATCHES, KNOWN_TARGETS, NOT_MODELLED } from '../../src/rules/known-extensions.ts'
import { MATCHES } from '../../src/rules/matches/index.ts'
import { TARGETS } from '../../src/rules/targets/index.ts'

/** docs/extensions.md, made from the registry: what is modelled with all its options, and what is refused by name. */
export function extensionsDocument(): string {
  return [
    '# Matches and targets',
    '',
    'Made from the registry by the tests (`npx vitest run test/docs -u` writes it again). What stands here as *modelled*',
    'does what it does in the reference kernel; *parsed only* is read, printed and traced, and changes no packet; *refused*',
    'is an error that names it when rules are read.',
    '',
    ...summary('Match', '-m', MATCHES, KNOWN_MATCHES),
    ...summary('Target', '-j', TARGETS, KNOWN_TARGETS),
    '## Matches',
    '',
    ...tables(MATCHES, '-m'),
    '## Targets',
    '',
    '`ACCEPT`, `DROP`, `RETURN`, `QUEUE`, and jumps and gotos to user chains are part of the rule language itself.',
    '',
    ...tables(TARGETS, '-j'),
  ].join('\n')
}

type Extension = MatchExtension | TargetExtension

function tables(extensions: readonly Extension[], flag: string): string[] {
  return extensions.flatMap(extension => [
    `### \`${flag} ${extension.name}\`${restrictions(extension)}`,
    '',
    `${extension.summary}. **${stateOf(extension.name, extension)}**`,
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

type Known = Readonly<Record<4 | 6, readonly string[]>>

/** One row for everything that iptables 1.8.9 knows. */
function summary(title: string, flag: string, extensions: readonly Extension[], known: Known): string[] {
  const names = new Set([...known[4], ...known[6], ...extensions.map(({ name }) => name)])
  names.delete('standard') // the verdicts and jumps: no extension that a rule could name
  return [
    `| ${title} | family | state | options |`,
    '|---|---|---|---|',
    ...[...names].sort().map(name => summaryRow(name, flag, extensions, known)),
    '',
  ]
}

function summaryRow(name: string, flag: string, extensions: readonly Extension[], known: Known): string {
  const found = extensions.filter(extension => extension.name === name)
  const inFamily = (family: 4 | 6): boolean =>
    known[family].includes(name) || found.some(({ families }) => families?.includes(family) ?? true)
  const families = ([4, 6] as const).filter(inFamily).join(', ')
  const options = new Set(found.flatMap(extension => extension.options.map(option => `\`--${option.name}\``)))
  return `| \`${flag} ${name}\` | ${families} | ${stateOf(name, found[0])} | ${[...options].join(' ')} |`
}

function stateOf(name: string, extension: Extension | undefined): string {
  if (extension === undefined) return `refused${name in NOT_MODELLED ? `: ${NOT_MODELLED[name]}` : ''}`
  return extension.status ?? 'modelled'
}
