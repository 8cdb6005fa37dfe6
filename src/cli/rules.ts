import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { listCommands, listRules } from '../rules/list.ts'
import { parseRules } from '../rules/parse.ts'
import { printRules } from '../rules/print.ts'

interface RulesOptions {
  readonly family: Family
  readonly as: 'save' | 'commands' | 'list'
  readonly table: 'raw' | 'mangle' | 'nat' | 'filter' | 'security'
  readonly counters: boolean
}

/** `netfilter-sim rules FILE`: reads a ruleset, refuses what iptables refuses, prints it as the tools do. */
export function rulesCommand(): Command {
  return new Command('rules')
    .description('read a ruleset and print it as iptables-save, iptables -S or iptables -L would')
    .argument('<file>', 'iptables-save text or a script of iptables commands; - is standard input')
    .addOption(
      new Option('-f, --family <family>', 'iptables (4) or ip6tables (6)')
        .choices(['4', '6'])
        .argParser(value => Number(value))
        .default(4),
    )
    .addOption(new Option('--as <form>').choices(['save', 'commands', 'list']).default('save'))
    .option('-t, --table <table>', 'for commands and list', 'filter')
    .option('-c, --counters', 'let the counters in the text count, and print them', false)
    .action((file: string, options: RulesOptions) => {
      const { family, table, counters } = options
      const text = readFileSync(file === '-' ? 0 : file, 'utf8')
      const { ruleset, diagnostics } = parseRules(text, { family, file, readCounters: counters })
      if (ruleset === undefined) throw new DiagnosticError(diagnostics)
      if (options.as === 'commands') process.stdout.write(listCommands(ruleset, { table }))
      else if (options.as === 'list')
        process.stdout.write(listRules(ruleset, { table, numeric: true, verbose: true, lineNumbers: true }))
      else process.stdout.write(printRules(ruleset, { withCounters: counters }))
    })
}
