import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { policyToRules, stateless } from '../policy/index.ts'

interface PolicyCommandOptions {
  readonly family: Family
  readonly zone: Readonly<Record<string, readonly string[]>>
  readonly host: boolean
  readonly stateless: boolean
}

/** `netfilter-sim policy FILE`: the rules that policy lines stand for. */
export function policyCommand(): Command {
  return new Command('policy')
    .description('compile policy lines (ALLOW src=… dst=… port=… proto=…) to iptables rules and print them')
    .argument('<file>', 'policy lines; - is standard input')
    .addOption(
      new Option('-f, --family <family>', 'iptables (4) or ip6tables (6)')
        .choices(['4', '6'])
        .argParser(value => Number(value))
        .default(4),
    )
    .option('--zone <name=devices>', 'a zone that lines may name, e.g. inside=lan0,lan1', collectZone, {})
    .option('--host', 'for a host that protects itself (INPUT, OUTPUT) instead of FORWARD', false)
    .option('--stateless', 'without connection tracking', false)
    .action((file: string, options: PolicyCommandOptions) => {
      const text = readFileSync(file === '-' ? 0 : file, 'utf8')
      const { rules, ruleset, diagnostics } = policyToRules(text, {
        file,
        family: options.family,
        zones: options.zone,
        ...(options.host && { chains: ['INPUT', 'OUTPUT'] }),
      })
      if (ruleset === undefined) throw new DiagnosticError(diagnostics)
      if (!options.stateless) process.stdout.write(rules)
      else {
        const without = stateless(ruleset)
        for (const note of without.notes) process.stdout.write(`# ${note}\n`)
        process.stdout.write(without.rules)
      }
    })
}

function collectZone(text: string, before: PolicyCommandOptions['zone']): PolicyCommandOptions['zone'] {
  const [name = '', devices = ''] = text.split('=')
  return { ...before, [name]: devices.split(',').filter(device => device !== '') }
}
