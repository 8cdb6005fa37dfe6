import { Command } from 'commander'
import type { Family } from '../address.ts'
import { type Difference, equivalentRulesets } from '../analysis/diff.ts'
import { formatRegion } from '../analysis/regions.ts'
import { DiagnosticError } from '../diagnostic.ts'
import type { Arrival } from '../outcome.ts'
import { Packet } from '../packet/packet.ts'
import type { Ruleset } from '../rules/model.ts'
import { parseRules } from '../rules/parse.ts'
import { readText } from './file-kind.ts'
import { refuseStdinTwice } from './input.ts'
import { addKnownOptions, type KnownOptions, knownTo } from './known-options.ts'
import { addFamilyOptions, addTextOrJsonOptions } from './options.ts'
import { terminalStyle } from './terminal.ts'

interface DiffOptions extends KnownOptions {
  readonly family: Family
  readonly format: 'text' | 'json'
}

/** `netfilter-sim diff A B`: exit code 0 if they are proven to do the same, 1 if not. */
export function diffCommand(): Command {
  const command = new Command('diff')
    .description('the packets that two rulesets treat differently, or the proof that there are none')
    .argument('<first>', 'iptables-save text or a script of iptables commands; - is standard input')
    .argument('<second>', 'the same')
    .action((first: string, second: string, options: DiffOptions) => {
      process.exitCode = diff(first, second, options)
    })
    .addHelpText(
      'after',
      `
For each region of packets: what the first ruleset does with it (-), the second
(+), and a packet on which both were tried. "packet whole" is one whose ports
can be read: no later fragment. other0 is every device that no rule names.

Exit code: 0 proven to do the same, 1 different or undecided, 2 a ruleset that
cannot be read.

Examples:
  netfilter-sim diff rules.v4 rules.new
  iptables-save | netfilter-sim diff - rules.new --json`,
    )
  return addTextOrJsonOptions(addKnownOptions(addFamilyOptions(command)))
}

function diff(first: string, second: string, options: DiffOptions): 0 | 1 {
  const { family, format } = options
  refuseStdinTwice([first, second, options.ipset, options.hosts])
  const known = knownTo(options, family)
  const read = (file: string): Ruleset => {
    const { ruleset, diagnostics } = parseRules(readText(file, 'ruleset'), { family, file, ...known })
    if (ruleset === undefined) throw new DiagnosticError(diagnostics)
    return ruleset
  }
  const { verdict, diff } = equivalentRulesets(read(first), read(second))
  const { differences, more, undecided } = diff
  if (format === 'json') {
    const plain = differences.map(({ region: { fields, conditions }, witness, ...rest }) => ({
      ...rest,
      region: { fields, conditions },
      ...(witness !== undefined && { witness: { ...witness, packet: packetText(witness.arrival) } }),
    }))
    console.log(JSON.stringify({ verdict, differences: plain, more, undecided }, undefined, 2))
    return verdict === 'equivalent' ? 0 : 1
  }
  const style = terminalStyle()
  for (const difference of differences) for (const line of lines(difference)) console.log(line)
  for (const text of undecided) console.log(`undecided: ${text}`)
  if (more) console.log('there are more differences')
  console.log(style.strong(verdict))
  return verdict === 'equivalent' ? 0 : 1
}

function lines({ table, hook, first, second, region, witness }: Difference): string[] {
  const text = [`${table}/${hook}: ${formatRegion(region)}`, `    - ${first}`, `    + ${second}`]
  if (witness !== undefined) {
    const before =
      witness.history.length === 0 ? '' : ` (after ${witness.history.map(packetText).join('; ')})`
    text.push(`    e.g. ${packetText(witness.arrival)}${before}`)
  }
  return text
}

/** A line of a packet script. */
function packetText(arrival: Arrival): string {
  const { packet } = arrival
  const text = packet instanceof Packet ? packet : new Packet(packet)
  return 'local' in arrival ? `local: ${text}` : `${arrival.device}: ${text}`
}
