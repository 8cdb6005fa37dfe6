import { Command, Option } from 'commander'
import type { Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { policyToRules, stateless } from '../policy/index.ts'
import { readInput } from './input.ts'
import { addFamilyOptions, assignment, listOf } from './options.ts'

interface PolicyCommandOptions {
  readonly family: Family
  readonly zone: Readonly<Record<string, readonly string[]>>
  readonly host?: boolean
  readonly stateless?: boolean
  readonly json?: boolean
}

/** `netfilter-sim policy FILE`: the rules that policy lines stand for. */
export function policyCommand(): Command {
  const command = new Command('policy')
    .description('compile policy lines (ALLOW src=… dst=… port=… proto=…) to iptables rules and print them')
    .argument('<file>', 'policy lines; - is standard input')
    .addOption(
      new Option('--zone <name=devices>', 'a zone that lines may name, e.g. inside=lan0,lan1')
        .argParser(collectZone)
        .default({}, 'none'),
    )
    .option('--host', 'for a host that protects itself (INPUT, OUTPUT) instead of FORWARD')
    .option('--stateless', 'without connection tracking')
    .option('--json', 'as JSON: { rules, notes }')
    .action((file: string, options: PolicyCommandOptions) => {
      const text = readInput(file)
      const { rules, ruleset, diagnostics } = policyToRules(text, {
        file,
        family: options.family,
        zones: options.zone,
        ...(options.host === true && { chains: ['INPUT', 'OUTPUT'] }),
      })
      if (ruleset === undefined) throw new DiagnosticError(diagnostics)
      const answer = options.stateless ? stateless(ruleset) : { rules, notes: [] }
      if (options.json)
        console.log(JSON.stringify({ rules: answer.rules, notes: answer.notes }, undefined, 2))
      else {
        for (const note of answer.notes) process.stdout.write(`# ${note}\n`)
        process.stdout.write(answer.rules)
      }
    })
    .addHelpText(
      'after',
      `
Examples:
  netfilter-sim policy policy.txt --zone inside=lan0,lan1 --zone outside=wan0
  netfilter-sim policy policy.txt --host --stateless
  echo 'ALLOW proto=tcp port=443' | netfilter-sim policy - --json`,
    )
  return addFamilyOptions(command)
}

function collectZone(text: string, before: PolicyCommandOptions['zone']): PolicyCommandOptions['zone'] {
  const [name, devices] = assignment(text, 'a zone and its devices, e.g. inside=lan0,lan1')
  return { ...before, [name]: listOf(devices) }
}
