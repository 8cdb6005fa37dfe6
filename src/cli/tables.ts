import { Command, Option } from 'commander'
import {
  type DumpedConnection,
  type DumpedExpectation,
  dumpConnection,
  dumpExpectation,
} from '../conntrack/dump.ts'
import { conntrackList, expectationList, natTable, natTableText } from '../listings.ts'
import { formatEndpoint, type NatRow } from '../nat/table.ts'
import type { FirewallState } from '../state.ts'
import { addTextOrJsonOptions } from './options.ts'
import { addPlayOptions, type PlayOptions, play } from './play.ts'

interface NatOptions extends PlayOptions {
  readonly format: 'text' | 'json'
}

interface ConntrackOptions extends NatOptions {
  readonly output?: 'extended'
  readonly expect?: boolean
}

/** `netfilter-sim conntrack RULES PACKETS`: the connections after the packets, as `conntrack -L` prints them. */
export function conntrackCommand(): Command {
  const command = new Command('conntrack')
    .description('run packets through a ruleset and print the connections as conntrack -L would')
    .addOption(new Option('-o, --output <form>', 'begin with the network protocol').choices(['extended']))
    .option('--expect', 'print the announced connections instead, as conntrack -L expect would')
    .action((rulesFile: string, packetsFile: string, options: ConntrackOptions) => {
      const { output, format, expect = false } = options
      const state = play(rulesFile, packetsFile, options)
      if (format === 'json')
        console.log(JSON.stringify(expect ? expectationsJson(state) : connectionsJson(state), undefined, 2))
      else if (expect) for (const line of expectationList(state)) console.log(line)
      else for (const line of conntrackList(state, { extended: output === 'extended' })) console.log(line)
    })
    .addHelpText(
      'after',
      '\n--json has the fields of recorded cases: proto, orig, reply, state, timeout,\nstatus, counters …; docs/kernel-cases.md says what each is.',
    )
    .addHelpText('after', examples('conntrack', ['--json', '-o extended', '--expect']))
  return addTextOrJsonOptions(addPlayOptions(command))
}

/** `netfilter-sim nat RULES PACKETS`: the translations after the packets, as a textbook draws them. */
export function natCommand(): Command {
  const command = new Command('nat')
    .description('run packets through a ruleset and print the NAT table: inside, outside, remote')
    .action((rulesFile: string, packetsFile: string, options: NatOptions) => {
      const state = play(rulesFile, packetsFile, options)
      if (options.format === 'json')
        console.log(JSON.stringify(natTable(state).map(natRowJson), undefined, 2))
      else {
        const text = natTableText(state)
        if (text !== '') console.log(text.trimEnd())
      }
    })
    .addHelpText('after', examples('nat', ['--json']))
  return addTextOrJsonOptions(addPlayOptions(command))
}

function examples(command: string, switches: readonly string[]): string {
  const lines = ['', ...switches].map(more =>
    `  netfilter-sim ${command} rules.v4 packets.txt ${more}`.trimEnd(),
  )
  return ['\nExamples:', ...lines].join('\n')
}

/** In the form of the recorded kernel cases. */
function connectionsJson({ sessions, nowMs }: FirewallState): readonly DumpedConnection[] {
  return [...sessions]
    .filter(({ expiresAtMs }) => expiresAtMs > nowMs)
    .map(connection => dumpConnection(connection, nowMs))
}

/** In the form of the recorded kernel cases. */
function expectationsJson({ expectations, nowMs }: FirewallState): readonly DumpedExpectation[] {
  return expectations.list(nowMs).map(expectation => dumpExpectation(expectation, nowMs))
}

function natRowJson({ protocol, kind, inside, outside, remote, state, timeoutSeconds }: NatRow): object {
  return {
    protocol,
    kind,
    inside: formatEndpoint(inside),
    outside: formatEndpoint(outside),
    remote: formatEndpoint(remote),
    state: state ?? null,
    timeoutSeconds,
  }
}
