import { writeFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Family } from '../address.ts'
import { formatRestoreText } from '../rules/format-text.ts'
import { kindOfText } from '../rules/kind-of-text.ts'
import { type ListOptions, listCommands, listRules } from '../rules/list.ts'
import { type Ruleset, TABLES, type TableName } from '../rules/model.ts'
import type { ParseOptions } from '../rules/parse.ts'
import { printRules } from '../rules/print.ts'
import { refuseStdinTwice } from './input.ts'
import { addKnownOptions, type KnownOptions, knownTo } from './known-options.ts'
import { addFamilyOptions } from './options.ts'
import { type RulesReport, reportLines, reportRules } from './rules-report.ts'

interface CommonOptions extends KnownOptions {
  readonly family: Family
  readonly json?: boolean
  readonly counters?: boolean
  readonly run?: true | readonly string[]
}

interface PrintOptions extends CommonOptions {
  readonly as: 'save' | 'commands' | 'list'
  readonly table: TableName
}

interface ListCommandOptions extends CommonOptions, Pick<ListOptions, 'numeric' | 'verbose' | 'exact'> {
  readonly table: TableName
  readonly chain?: string
  readonly lineNumbers?: boolean
  readonly plain?: boolean
  readonly commands?: boolean
}

/** `netfilter-sim rules check|print|list|fmt FILE…`: reads rulesets, refuses what iptables refuses, prints them as the tools do. */
export function rulesCommand(): Command {
  return new Command('rules')
    .description('read rulesets: refuse what iptables refuses, print them as the tools do')
    .addCommand(checkCommand())
    .addCommand(printCommand(), { isDefault: true })
    .addCommand(listCommand())
    .addCommand(formatCommand())
    .addHelpText(
      'after',
      `
Files are iptables-save text, shell scripts that call iptables, or bare commands
as iptables -S prints them; which, is told by the first line that says
something. Of a script every iptables command is read, in the order of its
lines, whichever branch it stands in; what only running it could tell
($(ip addr …)) is left out with a warning. --run carries it out as sh would,
with nothing but its iptables commands having an effect: trace, check and diff
do the same.

Exit code: 0 all is well, 1 a ruleset has errors, 2 wrong use, or a file that
cannot be read.

Examples:
  netfilter-sim rules check /etc/iptables/rules.v4 firewall.sh
  netfilter-sim rules print --ipv6 firewall.sh > rules.v6
  netfilter-sim rules print --json *.v4 | jq -r 'select(.ok | not) | .file'
  netfilter-sim rules list -t nat -n rules.v4
  netfilter-sim rules check --hosts /etc/hosts --ipset sets.txt firewall.sh
  netfilter-sim rules fmt --write rules.v4
  iptables-save | netfilter-sim rules check -`,
    )
}

function checkCommand(): Command {
  return subcommand('check', 'say everything that iptables or the kernel would refuse', [
    'rules.v4 firewall.sh',
    '--json *.v4',
  ]).action((files: string[], options: CommonOptions) => runRules(files, options, () => ''))
}

function printCommand(): Command {
  return subcommand('print', 'print the rules as iptables-save would, once they are loaded', [
    'firewall.sh > rules.v4',
    '--as commands -t nat rules.v4',
  ])
    .addOption(
      new Option('--as <form>', 'as iptables-save, iptables -S, or iptables -L -n -v --line-numbers')
        .choices(['save', 'commands', 'list'])
        .default('save'),
    )
    .addOption(tableOption())
    .action((files: string[], options: PrintOptions) => {
      runRules(files, options, ruleset => {
        const { as, table, counters } = options
        if (as === 'commands') return listCommands(ruleset, { table })
        if (as === 'list') return listRules(ruleset, { table, ...USUAL_SWITCHES })
        return printRules(ruleset, { withCounters: counters === true })
      })
    })
}

const USUAL_SWITCHES = { numeric: true, verbose: true, lineNumbers: true } as const

function listCommand(): Command {
  return subcommand(
    'list',
    'print a table as iptables -L would; without switches with -n -v --line-numbers',
    ['rules.v4', '-t nat -n rules.v4', '--chain FORWARD rules.v4'],
  )
    .addOption(tableOption())
    .option('--chain <chain>', 'only this chain, as iptables -L CHAIN')
    .option('-n, --numeric', 'addresses and ports as numbers')
    .option('-v, --verbose', 'counters and devices too')
    .option('-x, --exact', 'counters in full')
    .option('--line-numbers', 'number the rules')
    .option('-L, --plain', 'with none of these: iptables -L alone')
    .option('-S, --commands', 'as iptables -S prints them')
    .action((files: string[], options: ListCommandOptions) => {
      const { table, chain, numeric, verbose, exact, lineNumbers, plain } = options
      const shown = { table, ...(chain !== undefined && { chain }) }
      const given = { numeric, verbose, exact, lineNumbers, plain }
      const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value === true))
      const switches = Object.keys(chosen).length > 0 ? chosen : USUAL_SWITCHES
      runRules(files, options, ruleset =>
        options.commands === true
          ? listCommands(ruleset, shown)
          : listRules(ruleset, { ...shown, ...switches }),
      )
    })
}

function formatCommand(): Command {
  return subcommand('fmt', 'put the rules of save text into their canonical form, and keep its comments', [
    'rules.v4',
    '--write rules.v4 rules.v6',
    '--check *.v4',
  ])
    .option('-w, --write', 'write the result back into the files')
    .option('--check', 'write nothing: exit 1 and name the files that are not in this form')
    .action((files: string[], options: CommonOptions & { write?: boolean; check?: boolean }) => {
      const { write = false, check = false, ...common } = options
      const others: string[] = []
      runRules(files, { ...common, isQuiet: write || check }, (ruleset, text, file) => {
        const isSaveText = kindOfText(text) === 'restore'
        if (write && !isSaveText)
          throw new RangeError('a script cannot be formatted: `rules print` makes save text of it')
        const formatted = isSaveText ? formatRestoreText(text, ruleset) : printRules(ruleset)
        if (formatted !== text) others.push(file)
        if (write && formatted !== text) writeFileSync(file, formatted)
        return formatted
      })
      if (!check || others.length === 0) return
      for (const file of others)
        console.error(`${file}: not in canonical form: rules fmt --write makes it so`)
      process.exitCode = Math.max(1, Number(process.exitCode))
    })
}

function subcommand(name: string, description: string, examples: readonly string[]): Command {
  const command = new Command(name)
    .description(description)
    .argument('<files...>', 'iptables-save text or scripts of iptables commands; - is standard input')
  return addKnownOptions(addFamilyOptions(command))
    .option(
      '--run [args...]',
      'carry a script out as sh would, with these arguments (default: start), instead of reading all its commands',
    )
    .option('--json', 'a line of JSON for each file: { file, ok, text, errors, warnings }')
    .option('-c, --counters', 'let the counters in the text count, and print them')
    .addHelpText(
      'after',
      ['\nExamples:', ...examples.map(each => `  netfilter-sim rules ${name} ${each}`)].join('\n'),
    )
}

function tableOption(): Option {
  return new Option('-t, --table <table>', 'which table commands and list show')
    .choices(TABLES)
    .default('filter')
}

type Render = (ruleset: Ruleset, text: string, file: string) => string

/** One file after the other: what is wrong with one keeps none from its turn. */
function runRules(
  files: readonly string[],
  options: CommonOptions & { readonly isQuiet?: boolean },
  render: Render,
): void {
  refuseStdinTwice([...files, options.ipset, options.hosts])
  let worst = 0
  for (const file of files) {
    const report = reportRules(file, parseOptions(options), render)
    worst = Math.max(worst, exitCodeOf(report))
    if (options.json === true) console.log(JSON.stringify(report.json))
    else {
      for (const line of reportLines(report)) console.error(line)
      if (files.length > 1 && report.json.text !== '' && options.isQuiet !== true)
        process.stdout.write(`# ${file}\n`)
      if (options.isQuiet !== true) process.stdout.write(report.json.text)
    }
  }
  process.exitCode = worst
}

function parseOptions(options: CommonOptions): Omit<ParseOptions, 'file'> {
  const { family, counters, run } = options
  const args = typeof run === 'object' ? run : ['start']
  return {
    family,
    readCounters: counters === true,
    shell: run === undefined ? { branches: 'all' } : { args },
    ...knownTo(options, family),
  }
}

function exitCodeOf({ json, isUnreadable }: RulesReport): 0 | 1 | 2 {
  if (isUnreadable) return 2
  return json.ok ? 0 : 1
}
