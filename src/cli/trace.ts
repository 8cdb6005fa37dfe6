import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Family } from '../address.ts'
import { DiagnosticError } from '../diagnostic.ts'
import { advance, createFirewall, step } from '../firewall.ts'
import { outcomeJson } from '../format/outcome-json.ts'
import { traceLines } from '../format/trace-lines.ts'
import { formatTrace } from '../format/trace-text.ts'
import { conntrackList, iptablesSave, natTableText } from '../listings.ts'
import type { Outcome } from '../outcome.ts'
import { type PacketScript, parsePacketScript } from '../packet-script.ts'
import type { FirewallState } from '../state.ts'
import { terminalStyle } from './terminal.ts'

interface TraceOptions {
  readonly interface: readonly string[]
  readonly route: readonly string[]
  readonly sysctl: readonly string[]
  readonly family: Family
  readonly conntrack: 'on' | 'auto'
  readonly format: 'wide' | 'narrow' | 'json' | 'kernel' | 'log'
  readonly tables: boolean
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** `netfilter-sim trace RULES PACKETS`: the main job. */
export function traceCommand(): Command {
  return new Command('trace')
    .description('run packets through a ruleset and say what becomes of each, and why')
    .argument('<rules>', 'iptables-save text or a script of iptables commands; - is standard input')
    .argument('<packets>', 'a packet script: lines like "lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S"')
    .option('-i, --interface <name=addresses>', 'a device, e.g. lan0=10.6.0.1/16,fd00::1/64', collect, [])
    .option(
      '-r, --route <route>',
      'as ip route takes it, e.g. "default via 203.0.113.254 dev wan0"',
      collect,
      [],
    )
    .option('--sysctl <name=value>', 'e.g. net.netfilter.nf_conntrack_tcp_loose=0', collect, [])
    .addOption(
      new Option('-f, --family <family>', 'whose rules: iptables (4) or ip6tables (6)')
        .choices(['4', '6'])
        .argParser(value => Number(value))
        .default(4),
    )
    .addOption(new Option('--conntrack <mode>', 'tracking').choices(['on', 'auto']).default('on'))
    .addOption(
      new Option('--format <format>', 'kernel prints TRACE: lines, log prints what LOG wrote')
        .choices(['wide', 'narrow', 'json', 'kernel', 'log'])
        .default('wide'),
    )
    .option('--no-tables', 'leave out the connections, the NAT table and the counters at the end')
    .action((rulesFile: string, packetsFile: string, options: TraceOptions) => {
      trace(rulesFile, packetsFile, options)
    })
}

function trace(rulesFile: string, packetsFile: string, options: TraceOptions): void {
  const script = parsePacketScript(read(packetsFile), packetsFile)
  if (script.diagnostics.length > 0) throw new DiagnosticError(script.diagnostics)
  let state = makeFirewall(read(rulesFile), rulesFile, script, options)
  const json: unknown[] = []
  for (const line of script.steps) {
    if (line.kind === 'wait') {
      state = advance(state, line.ms)
      if (options.format !== 'json') console.log(`--- ${line.ms / 1000} s later`)
      continue
    }
    const outcome = step(state, line.arrival)
    state = outcome.state
    if (options.format === 'json') json.push(outcomeJson(outcome))
    else console.log(`${outcomeText(outcome, options.format)}\n`)
  }
  if (options.format === 'json') console.log(JSON.stringify(json, undefined, 2))
  else if (options.tables) console.log(tablesText(state, options.family))
}

function makeFirewall(
  rules: string,
  file: string,
  script: PacketScript,
  options: TraceOptions,
): FirewallState {
  const interfaces: Record<string, readonly string[]> = { ...script.interfaces }
  for (const text of options.interface) {
    const [name = '', addresses = ''] = text.split('=')
    interfaces[name] = addresses.split(',').filter(address => address !== '')
  }
  const sysctls: Record<string, number> = { ...script.sysctls }
  for (const text of options.sysctl) {
    const [name = '', value = ''] = text.split('=')
    sysctls[name] = Number(value)
  }
  return createFirewall({
    interfaces,
    routes: [...script.routes, ...options.route],
    rules: options.family === 4 ? { ipv4: rules } : { ipv6: rules },
    rulesFile: file,
    conntrack: options.conntrack,
    sysctls,
  })
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
  const { strong } = terminalStyle()
  return parts.map(([title, text]) => `${strong(title!)}\n${text}`).join('\n\n')
}

function read(file: string): string {
  return readFileSync(file === '-' ? 0 : file, 'utf8')
}
