import { Command } from 'commander'
import type { Family } from '../address.ts'
import { formatRegion } from '../analysis/regions.ts'
import { type ServiceCell, serviceMatrix } from '../analysis/service-matrix.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { parseRules } from '../rules/parse.ts'
import { readText } from './file-kind.ts'
import { addKnownOptions, type KnownOptions, knownTo } from './known-options.ts'
import { addFamilyOptions, addTextOrJsonOptions } from './options.ts'
import { terminalStyle } from './terminal.ts'

interface ServicesOptions extends KnownOptions {
  readonly family: Family
  readonly format: 'text' | 'json'
}

/** `netfilter-sim services FILE`: which connections may be opened, from each device to each other and to the box. */
export function servicesCommand(): Command {
  const command = new Command('services')
    .description(
      'which new connections the filter table lets through, from each device to each other and to the box',
    )
    .argument('<file>', 'iptables-save text or a script of iptables commands; - is standard input')
    .action((file: string, options: ServicesOptions) => {
      services(file, options)
    })
    .addHelpText(
      'after',
      `
other0 is every device that no rule names. Destinations are those behind DNAT.
"perhaps" is what also hangs on a match that is no header field: limit, recent,
an ipset.

Examples:
  netfilter-sim services rules.v4
  netfilter-sim services rules.v4 --json | jq '.cells[] | select(.to == "box")'`,
    )
  return addTextOrJsonOptions(addKnownOptions(addFamilyOptions(command)))
}

function services(file: string, options: ServicesOptions): void {
  const { family, format } = options
  const { ruleset, diagnostics } = parseRules(readText(file, 'ruleset'), {
    family,
    file,
    ...knownTo(options, family),
  })
  if (ruleset === undefined) throw new DiagnosticError(diagnostics)
  const { cells, undecided } = serviceMatrix(ruleset)
  if (format === 'json') {
    const regions = (list: ServiceCell['open']) =>
      list.map(({ fields, conditions }) => ({ fields, conditions }))
    const plain = cells.map(({ open, depends, ...rest }) => {
      return { ...rest, open: regions(open), depends: regions(depends) }
    })
    console.log(JSON.stringify({ cells: plain, undecided }, undefined, 2))
    return
  }
  if (cells.length + undecided.length === 0)
    console.log('everything: the filter table does not tell devices apart, or is not there')
  const { strong, dim } = terminalStyle()
  for (const { from, to, lines } of groupsOf(cells)) {
    console.log(strong(`${from.join(', ')} → ${to.join(', ')}`))
    for (const line of lines.length === 0 ? [dim('nothing')] : lines) console.log(`  ${line}`)
  }
  for (const text of undecided) console.log(`undecided: ${text}`)
}

interface Group {
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly lines: readonly string[]
}

/** Devices that may open the same to the same ones are named together. */
function groupsOf(cells: readonly ServiceCell[]): readonly Group[] {
  const single = cells.map(cell => ({ from: [cell.from], to: [cell.to], lines: linesOf(cell) }))
  const bySource = merged(single, ({ to, lines }) => JSON.stringify([to, lines]), 'from')
  return merged(bySource, ({ from, lines }) => JSON.stringify([from, lines]), 'to')
}

function merged(groups: readonly Group[], keyOf: (group: Group) => string, end: 'from' | 'to'): Group[] {
  const found = new Map<string, Group>()
  for (const group of groups) {
    const key = keyOf(group)
    const same = found.get(key)
    found.set(key, same === undefined ? group : { ...same, [end]: [...same[end], ...group[end]] })
  }
  return [...found.values()]
}

function linesOf({ open, depends, more }: ServiceCell): readonly string[] {
  return [
    ...open.map(wordsOf),
    ...depends.map(region => `perhaps ${wordsOf(region)}`),
    ...(more ? ['and more'] : []),
  ]
}

/** Without what all of them say: the devices, and that the packets are NEW. */
function wordsOf({ fields, conditions }: ServiceCell['open'][number]): string {
  const { in: _, out: __, state: ___, direction: ____, kind: _____, ...own } = fields
  return formatRegion({ fields: own, conditions })
}
