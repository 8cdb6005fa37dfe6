import { Command, Option } from 'commander'
import type { Family } from '../address.ts'
import { formatRegion } from '../analysis/regions.ts'
import { type ServiceCell, serviceMatrix } from '../analysis/service-matrix.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { parseRules } from '../rules/parse.ts'
import { readInput } from './input.ts'
import { addIpsetOption, type IpsetOptions, knownSets } from './ipset-option.ts'
import { addFamilyOptions, addJsonOption } from './options.ts'
import { terminalStyle } from './terminal.ts'

interface ServicesOptions extends IpsetOptions {
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
    .addOption(new Option('--format <format>').choices(['text', 'json']).default('text'))
    .action((file: string, options: ServicesOptions) => {
      services(file, options)
    })
    .addHelpText('after', '\nExample:\n  netfilter-sim services rules.v4')
  return addJsonOption(addIpsetOption(addFamilyOptions(command)))
}

function services(file: string, options: ServicesOptions): void {
  const { family, format } = options
  const { ruleset, diagnostics } = parseRules(readInput(file), {
    family,
    file,
    ...knownSets(options, family),
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
  const { strong, dim } = terminalStyle()
  for (const { from, to, open, depends, more } of cells) {
    console.log(strong(`${from} → ${to}`))
    if (open.length + depends.length === 0) console.log(dim('  nothing'))
    for (const region of open) console.log(`  ${wordsOf(region)}`)
    for (const region of depends) console.log(`  perhaps ${wordsOf(region)}`)
    if (more) console.log('  and more')
  }
  for (const text of undecided) console.log(`undecided: ${text}`)
}

/** Without what all of them say: the devices, and that the packets are NEW. */
function wordsOf({ fields, conditions }: ServiceCell['open'][number]): string {
  const { in: _, out: __, state: ___, direction: ____, kind: _____, ...own } = fields
  return formatRegion({ fields: own, conditions })
}
