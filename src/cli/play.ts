import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Family } from '../address.ts'
import { type Diagnostic, DiagnosticError } from '../diagnostic.ts'
import { advance, createFirewall, step } from '../firewall.ts'
import type { Outcome } from '../outcome.ts'
import { type PacketScript, parsePacketScript, type ScriptStep } from '../packet-script.ts'
import type { FirewallState } from '../state.ts'
import { readText } from './file-kind.ts'
import { readInput, refuseStdinTwice } from './input.ts'
import { addHostsOption, type HostsOptions, knownHosts } from './known-options.ts'
import { addFamilyOptions, assignment, listOf } from './options.ts'

/** What the commands that run a packet script through a ruleset have in common. */
export interface PlayOptions extends HostsOptions {
  readonly interface: Readonly<Record<string, readonly string[]>>
  readonly route: readonly string[]
  readonly sysctl: Readonly<Record<string, number>>
  readonly ipset?: string
  readonly family: Family
  readonly conntrack: 'on' | 'auto'
}

/** The arguments `<rules> <packets>` and the options of {@link PlayOptions}. */
export function addPlayOptions(command: Command): Command {
  command
    .argument('<rules>', 'iptables-save text or a script of iptables commands; - is standard input')
    .argument('<packets>', 'a packet script: lines like "lan0: tcp 10.6.0.2:40000 > 198.51.100.7:80 S"')
    .addOption(
      new Option('-i, --interface <name=addresses>', 'a device, e.g. lan0=10.6.0.1/16,fd00::1/64')
        .argParser(collectInterface)
        .default({}, 'those of the packet script'),
    )
    .addOption(
      new Option('-r, --route <route>', 'as ip route takes it, e.g. "default via 203.0.113.254 dev wan0"')
        .argParser(collect)
        .default([], 'those of the packet script'),
    )
    .addOption(
      new Option('--sysctl <name=value>', 'e.g. net.netfilter.nf_conntrack_tcp_loose=0')
        .argParser(collectSysctl)
        .default({}, "the kernel's defaults"),
    )
    .option('--ipset <file>', 'the ipsets that the rules name, as ipset save prints them')
    .addOption(
      new Option('--conntrack <mode>', 'auto: connections are tracked only if a rule needs it')
        .choices(['on', 'auto'])
        .default('on'),
    )
  return addFamilyOptions(addHostsOption(command))
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

function collectInterface(text: string, before: PlayOptions['interface']): PlayOptions['interface'] {
  const [name, addresses] = assignment(text, 'a device and its addresses, e.g. lan0=10.6.0.1/16')
  return { ...before, [name]: listOf(addresses) }
}

function collectSysctl(text: string, before: PlayOptions['sysctl']): PlayOptions['sysctl'] {
  const form = 'a name and a whole number, e.g. net.ipv4.ip_forward=1'
  const [name, value] = assignment(text, form)
  if (!/^-?\d+$/.test(value)) throw new InvalidArgumentError(`Expected ${form}.`)
  return { ...before, [name]: Number(value) }
}

/** A line of a packet script with a packet. */
export type ArrivalLine = Extract<ScriptStep, { kind: 'arrival' }>

/** What happens on the way, for whoever prints it. */
export interface PlayListener {
  /** @param atMs by the firewall's clock */
  outcome?(outcome: Outcome, line: ArrivalLine, atMs: number): void
  wait?(ms: number): void
}

/** Runs a packet script through a ruleset. @throws DiagnosticError for what is wrong in either */
export function play(
  rulesFile: string,
  packetsFile: string,
  options: PlayOptions,
  listener: PlayListener = {},
): FirewallState {
  refuseStdinTwice([rulesFile, packetsFile, options.ipset, options.hosts])
  const script = parsePacketScript(readText(packetsFile, 'packet script'), packetsFile)
  const devices = ['lo', ...Object.keys({ ...script.interfaces, ...options.interface })]
  const problems = [...script.diagnostics, ...unknownDevices(script, devices, packetsFile)]
  if (problems.length > 0) throw new DiagnosticError(problems)
  let state = makeFirewall(readText(rulesFile, 'ruleset'), rulesFile, script, options)
  for (const line of script.steps) {
    if (line.kind === 'wait') {
      state = advance(state, line.ms)
      listener.wait?.(line.ms)
    } else {
      const outcome = step(state, line.arrival)
      state = outcome.state
      listener.outcome?.(outcome, line, state.nowMs)
    }
  }
  return state
}

/** Most who come with a dump of rules meet this first. */
function unknownDevices({ steps }: PacketScript, known: readonly string[], file: string): Diagnostic[] {
  return steps.flatMap(({ line, ...step }) => {
    if (step.kind === 'wait' || 'local' in step.arrival || known.includes(step.arrival.device)) return []
    const { device } = step.arrival
    const message = `no device '${device}'; there are ${known.join(', ')}`
    const hint = `a line "interface ${device} ADDRESS/LENGTH" makes it, or -i ${device}=ADDRESS/LENGTH`
    return [{ severity: 'error', file, line, column: 1, message, hint }]
  })
}

function makeFirewall(
  rules: string,
  file: string,
  script: PacketScript,
  options: PlayOptions,
): FirewallState {
  return createFirewall({
    interfaces: { ...script.interfaces, ...options.interface },
    routes: [...script.routes, ...options.route],
    rules: options.family === 4 ? { ipv4: rules } : { ipv6: rules },
    rulesFile: file,
    ...knownHosts(options),
    ...(options.ipset !== undefined && { sets: readInput(options.ipset), setsFile: options.ipset }),
    conntrack: options.conntrack,
    sysctls: { ...script.sysctls, ...options.sysctl },
  })
}
