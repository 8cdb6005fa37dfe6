import { Command, InvalidArgumentError, Option } from 'commander'
import { outcomeJson } from '../format/outcome-json.ts'
import { packetsOf } from '../scenario/entries.ts'
import { explainPacket } from '../scenario/report/explain.ts'
import { addJsonOption } from './options.ts'
import { runScenarioFile } from './scenario-file.ts'
import { terminalStyle } from './terminal.ts'

interface ExplainOptions {
  readonly packet: number
  readonly format: 'wide' | 'narrow' | 'json'
}

/** `netfilter-sim explain FILE --packet N`: the full trace of one packet. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('everything about one packet of a scenario: each rule asked, at each device, and why')
    .argument('<file>', 'a scenario file (YAML)')
    .requiredOption('-p, --packet <number>', 'as the report counts them', parseNumber)
    .addOption(
      new Option('--format <format>', 'narrow leaves out rules that did not match')
        .choices(['wide', 'narrow', 'json'])
        .default('wide'),
    )
    .action((file: string, { packet, format }: ExplainOptions) => {
      const run = runScenarioFile(file)
      if (format !== 'json')
        console.log(explainPacket(run, packet, { style: terminalStyle(), width: format }))
      else {
        const view = packetsOf(run).find(({ number }) => number === packet)
        if (view === undefined) throw new RangeError(`no packet ${packet}`)
        const hops = view.hops.map(({ node, hop }) => ({ node, ...outcomeJson(hop.outcome) }))
        console.log(JSON.stringify(hops, undefined, 2))
      }
    })
    .addHelpText('after', '\nExample:\n  netfilter-sim explain story.yaml --packet 7 --format narrow')
  return addJsonOption(command)
}

function parseNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a packet number from 1 on')
  return Number(text)
}
