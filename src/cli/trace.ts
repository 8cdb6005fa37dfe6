import { Command, Option } from 'commander'
import type { Family } from '../address.ts'
import { outcomeJson } from '../format/outcome-json.ts'
import { traceLines } from '../format/trace-lines.ts'
import { formatTrace } from '../format/trace-text.ts'
import { conntrackList, ipsetSave, iptablesSave, natTableText } from '../listings.ts'
import type { Outcome } from '../outcome.ts'
import type { FirewallState } from '../state.ts'
import { addJsonOption } from './options.ts'
import { type ArrivalLine, addPlayOptions, type PlayOptions, play } from './play.ts'
import { terminalStyle } from './terminal.ts'

interface TraceOptions extends PlayOptions {
  readonly format: 'wide' | 'narrow' | 'json' | 'kernel' | 'log'
  readonly tables: boolean
}

/** `netfilter-sim trace RULES PACKETS`: the main job. */
export function traceCommand(): Command {
  const command = new Command('trace')
    .description('run packets through a ruleset and say what becomes of each, and why')
    .addOption(
      new Option('--format <format>', 'kernel prints TRACE: lines, log prints what LOG wrote')
        .choices(['wide', 'narrow', 'json', 'kernel', 'log'])
        .default('wide'),
    )
    .option('--no-tables', 'leave out the connections, the NAT table and the counters at the end')
    .action((rulesFile: string, packetsFile: string, options: TraceOptions) => {
      trace(rulesFile, packetsFile, options)
    })
    .addHelpText(
      'after',
      `
Examples:
  netfilter-sim trace rules.v4 packets.txt
  netfilter-sim trace rules.v6 packets.txt --ipv6 --format narrow
  netfilter-sim trace firewall.sh packets.txt --hosts /etc/hosts
  netfilter-sim trace rules.v4 packets.txt --json | jq '.[].fate'
  echo 'lan0: icmp 10.6.0.2 > 8.8.8.8 echo-request id=1 seq=1' |
    netfilter-sim trace rules.v4 - -i lan0=10.6.0.1/16 -i wan0=203.0.113.1/24 \\
      -r 'default dev wan0'`,
    )
  return addJsonOption(addPlayOptions(command))
}

function trace(rulesFile: string, packetsFile: string, options: TraceOptions): void {
  const { format } = options
  const isJson = format === 'json'
  const json: unknown[] = []
  const state = play(rulesFile, packetsFile, options, {
    outcome: (outcome, line, atMs) => {
      if (isJson) json.push({ arrival: arrivalJson(line, atMs), ...outcomeJson(outcome) })
      else console.log(`${outcomeText(outcome, format)}\n`)
    },
    wait: ms => {
      if (!isJson) console.log(`--- ${ms / 1000} s later`)
    },
  })
  if (isJson) console.log(JSON.stringify(json, undefined, 2))
  else if (options.tables) console.log(tablesText(state, options.family))
}

/** Which packet it was: its line in the script, when it came, and on which device ('' for the box's own). */
function arrivalJson({ line, arrival }: ArrivalLine, atMs: number): object {
  const { packet } = arrival
  return {
    line,
    atMs,
    device: 'device' in arrival ? arrival.device : '',
    packet: packet.toString(),
    hex: packet.toHex(),
  }
}

function outcomeText(outcome: Outcome, format: TraceOptions['format']): string {
  switch (format) {
    case 'kernel':
      return traceLines(outcome).join('\n')
    case 'log':
      return outcome.log.map(({ level, text }) => `<${level}>${text}`).join('\n')
    default:
      return formatTrace(outcome, { width: format === 'narrow' ? 'narrow' : 'wide', style: terminalStyle() })
  }
}

function tablesText(state: FirewallState, family: Family): string {
  const parts = [['conntrack -L', conntrackList(state).join('\n')]]
  const nat = natTableText(state)
  if (nat !== '') parts.push(['NAT table', nat])
  parts.push([
    `${family === 4 ? 'iptables' : 'ip6tables'}-save -c`,
    iptablesSave(state, { family }).trimEnd(),
  ])
  const sets = ipsetSave(state)
  if (sets !== '') parts.push(['ipset save -sorted', sets.trimEnd()])
  const { strong } = terminalStyle()
  return parts.map(([title, text]) => `${strong(title!)}\n${text}`).join('\n\n')
}
